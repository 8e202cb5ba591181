"""Who may change which model is wanted, and what is kept of it."""

from collections.abc import Iterator

import pytest
import redis
from pydantic import SecretStr

from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.settings import Settings
from stream_detector.errors import SettingsError
from stream_detector.pipeline.model_choice import decode_choice
from stream_detector.sandbox.embedded_redis import EmbeddedRedis

OLD, NEW, NEWER = "0" * 16, "1" * 16, "2" * 16


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture
def store(server: EmbeddedRedis, request: pytest.FixtureRequest) -> ModelChoiceStore:
    settings = Settings(
        broker="kafka:9092", redis_url=SecretStr(server.url), group=request.node.name
    )
    return ModelChoiceStore(settings)


def test_the_promotion_rule_activates_the_candidate_and_says_why(store: ModelChoiceStore) -> None:
    store.activate("pm3", OLD, set_by="anna")
    judged = store.shadow("pm3", NEW, set_by="anna")

    promoted = store.promote("pm3", judged, why="it lost nothing")

    assert (promoted.active, promoted.previous, promoted.candidate) == (NEW, OLD, None)
    assert (promoted.set_by, promoted.why) == ("promotion rule", "it lost nothing")
    assert promoted.activated_at == promoted.set_at
    assert decode_choice(store.read()["pm3"]) == promoted


def test_what_the_rule_takes_back_is_remembered_through_later_changes(
    store: ModelChoiceStore,
) -> None:
    judged = store.activate("*", NEW, set_by="anna")

    back = store.take_back("*", judged, why="it raises too much")
    later = store.shadow("*", OLD, set_by="anna")

    assert (back.active, back.previous, back.activated_at) == (None, NEW, None)
    assert (later.taken_back, later.why, later.set_by) == ((NEW,), None, "anna")


def test_the_rule_changes_nothing_that_somebody_changed_while_it_judged(
    store: ModelChoiceStore,
) -> None:
    judged = store.shadow("pm3", NEW, set_by="anna")
    store.shadow("pm3", None, set_by="bert")

    with pytest.raises(SettingsError, match="somebody else chose a model for pm3 meanwhile"):
        store.promote("pm3", judged, why="it lost nothing")
    with pytest.raises(SettingsError, match="somebody else"):
        store.take_back("pm3", judged, why="it raises too much")


def test_a_model_that_came_back_by_hand_is_not_one_that_was_activated(
    store: ModelChoiceStore,
) -> None:
    store.activate("pm3", NEW, set_by="anna")

    assert store.roll_back("pm3", set_by="anna").activated_at is None


def test_a_choice_of_its_own_counts_for_a_machine_though_it_names_no_active_model(
    store: ModelChoiceStore,
) -> None:
    store.shadow("pm3", NEW, set_by="anna")
    store.activate("*", NEW, set_by="anna")

    table = store.table(OLD)

    assert (table.of("pm3"), table.of("pm4")) == (OLD, NEW)


def test_a_model_on_trial_on_one_machine_leaves_the_one_that_judges_all(
    store: ModelChoiceStore,
) -> None:
    store.activate("*", OLD, set_by="anna")
    store.shadow("*", NEWER, set_by="anna")

    tried = store.shadow("pm3", NEW, set_by="anna")

    assert (tried.active, tried.candidate, tried.version) == (OLD, NEW, 1)
    assert store.table("f" * 16).of("pm3") == OLD


def test_a_machine_goes_back_from_its_first_model_of_its_own_to_that_of_all(
    store: ModelChoiceStore,
) -> None:
    store.activate("*", OLD, set_by="anna")
    judged = store.activate("pm3", NEW, set_by="anna")
    store.activate("pm4", NEW, set_by="anna")

    assert store.take_back("pm3", judged, why="it raises too much").active == OLD
    assert store.roll_back("pm4", set_by="anna").active == OLD


def test_a_machine_whose_choice_is_cleared_follows_that_of_all(store: ModelChoiceStore) -> None:
    own = store.activate("pm3", OLD, set_by="anna")
    known = store.read()
    store.activate("*", NEW, set_by="anna")

    assert store.clear("pm3")
    assert not store.clear("pm3")

    assert store.table("f" * 16).of("pm3") == NEW
    assert store.put_back(known) == {}
    again = store.activate("pm3", NEWER, set_by="anna")
    assert (again.previous, again.version) == (NEW, own.version + 1)


def test_without_a_choice_for_all_the_workers_own_model_judges(store: ModelChoiceStore) -> None:
    store.activate("*", NEW, set_by="anna")

    assert store.clear("*")

    assert store.table(OLD).of("pm3") == OLD


def test_what_was_chosen_after_it_was_cleared_is_put_back(
    store: ModelChoiceStore, server: EmbeddedRedis, request: pytest.FixtureRequest
) -> None:
    store.activate("pm3", OLD, set_by="anna")
    store.clear("pm3")
    store.activate("pm3", NEW, set_by="anna")
    known = store.read()
    with redis.Redis.from_url(server.url) as client:
        client.hdel(f"detector:bundle:{request.node.name}", "pm3")

    assert store.put_back(known) == known == store.read()


@pytest.mark.parametrize("machine", ["pm3", "*"])
def test_what_nobody_can_read_is_written_anew_by_activating_alone(
    store: ModelChoiceStore, machine: str
) -> None:
    store.put_back({machine: b"{]"})

    said = "write it anew with `stream-detector model activate`"
    with pytest.raises(SettingsError, match=said):
        store.shadow(machine, NEW, set_by="anna")
    with pytest.raises(SettingsError, match=said):
        store.roll_back(machine, set_by="anna")
    store.activate(machine, NEW, set_by="anna")

    choice = decode_choice(store.read()[machine])
    assert (choice.active, choice.previous, choice.version) == (NEW, None, 1)


def test_one_machine_begins_with_nothing_that_cannot_be_read_of_all(
    store: ModelChoiceStore,
) -> None:
    store.put_back({"*": b"{]"})

    with pytest.raises(SettingsError, match=r"what is wanted of \* is not a choice of models"):
        store.activate("pm3", NEW, set_by="anna")


def test_what_judges_already_is_not_tried_beside_itself(store: ModelChoiceStore) -> None:
    with pytest.raises(SettingsError, match=f"{OLD} judges \\* already"):
        store.shadow("*", OLD, set_by="anna", default=OLD)
    store.activate("*", NEW, set_by="anna")

    with pytest.raises(SettingsError, match=f"{NEW} judges pm3 already"):
        store.shadow("pm3", NEW, set_by="anna", default=OLD)
    # The workers' own is a model like others where another one judges.
    assert store.shadow("pm3", OLD, set_by="anna", default=OLD).candidate == OLD


def test_a_model_that_comes_back_while_it_is_on_trial_is_on_trial_no_longer(
    store: ModelChoiceStore,
) -> None:
    store.activate("*", OLD, set_by="anna")
    store.activate("*", NEW, set_by="anna")
    store.shadow("*", OLD, set_by="anna")

    back = store.roll_back("*", set_by="anna")

    assert (back.active, back.candidate) == (OLD, None)
