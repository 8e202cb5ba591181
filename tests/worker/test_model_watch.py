"""The worker's copy of what models people want: what it has ready, and what it refuses."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from stream_detector.bundle.directory import Bundle
from stream_detector.connections.bundle_store import BundleStore
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.settings import Settings
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from tests.small_models import fit_small_bundle, normal_recording
from tests.worker.model_site import Site

NOT_THERE = "0123456789abcdef"


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bundle]:
    folder = tmp_path_factory.mktemp("models") / "second"
    return folder, fit_small_bundle(folder, normal_recording(seed=8))


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture
def site(
    server: EmbeddedRedis, small_bundle: Bundle, second: tuple[Path, Bundle], tmp_path: Path
) -> Iterator[Site]:
    folder, bundle = second
    shutil.copytree(folder, tmp_path / "second")
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(server.url), bundles=str(tmp_path))
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield Site(settings, client, small_bundle, bundle)


def test_where_nobody_chose_the_workers_own_model_judges(site: Site) -> None:
    assert site.look() == []
    assert site.models.choice.of("pm3") == site.first.id
    assert site.watch.candidates.of("pm3") == ""


def test_a_model_that_is_wanted_is_put_to_work_and_told_of_once(site: Site) -> None:
    site.store.activate("pm3", site.second.id, set_by="anna")

    assert site.look() == ["model.at-work", "model.wanted"]
    assert site.look() == []
    assert (site.models.choice.of("pm3"), site.models.choice.of("pm4")) == (
        site.second.id,
        site.first.id,
    )
    assert site.second.id in site.models


def test_a_model_on_trial_judges_nothing(site: Site) -> None:
    site.store.shadow("*", site.second.id, set_by="anna")
    site.look()

    assert site.watch.candidates.of("pm3") == site.second.id
    assert site.models.choice.of("pm3") == site.first.id


def test_what_cannot_be_used_is_refused_once_and_leaves_what_was_wanted_before(
    site: Site,
) -> None:
    site.store.activate("pm3", site.second.id, set_by="anna")
    site.look()

    site.write("pm3", json.dumps({"active": NOT_THERE, "version": 2}))

    assert site.look() == ["model.refused"]
    assert site.look() == []
    assert site.models.choice.of("pm3") == site.second.id


def test_a_new_machine_begins_with_the_model_before_one_that_cannot_be_used(site: Site) -> None:
    entry = {"active": NOT_THERE, "previous": site.second.id, "version": 2}
    site.write("*", json.dumps(entry))

    #  a worker that starts with it: no machine was judged by either
    assert site.look() == ["model.refused", "model.at-work"]
    assert site.look() == []
    assert site.models.choice.of("pm3") == site.second.id


def test_healthz_is_told_of_a_refused_model_for_as_long_as_somebody_wants_it(site: Site) -> None:
    site.write("pm3", json.dumps({"active": NOT_THERE}))
    site.look()

    assert list(site.health.refused_models) == [NOT_THERE]
    assert f"there is no bundle {NOT_THERE} in " in site.health.refused_models[NOT_THERE]

    site.write("pm3", json.dumps({"active": site.second.id}))
    site.look()

    assert site.health.refused_models == {}


def test_healthz_is_told_no_more_of_a_model_that_was_copied_anew(
    site: Site, tmp_path: Path
) -> None:
    graph = tmp_path / "second/model.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    site.write("pm3", json.dumps({"active": site.second.id}))
    site.look()

    assert "model.onnx" in site.health.refused_models[site.second.id]

    graph.write_bytes(whole)

    assert site.look() == ["model.at-work", "model.wanted"]
    assert site.health.refused_models == {}


def test_what_cannot_be_used_is_tried_again_after_longer_and_longer_pauses(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second/model.onnx").unlink()
    site.write("pm3", json.dumps({"active": site.second.id}))
    read, tried = BundleStore.read, list[float]()

    def noting(store: BundleStore, bundle_id: str) -> Bundle:
        tried.append(site.now)
        return read(store, bundle_id)

    monkeypatch.setattr(BundleStore, "read", noting)
    for _ in range(250):
        site.look()

    assert tried == [1, 2, 4, 8, 16, 32, 64, 124, 184, 244]

    #  somebody chooses it once more: at once
    site.write("pm3", json.dumps({"active": site.second.id, "version": 2}))
    site.look()

    assert tried[-1] == 251


def test_a_model_that_is_asked_for_twice_at_once_is_read_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the watch on what is wanted, and by a partition that is being taken over."""
    read, asked = BundleStore.read, list[str]()

    def noting(store: BundleStore, bundle_id: str) -> Bundle:
        asked.append(bundle_id)
        return read(store, bundle_id)

    monkeypatch.setattr(BundleStore, "read", noting)

    async def both() -> None:
        taken_over = site.shelf.take_up(site.second.id, "pm3")
        wanted = site.shelf.put_to_work(site.second.id)
        assert [*await asyncio.gather(taken_over, wanted)] == [None, True]

    asyncio.run(both())

    assert asked == [site.second.id]


def test_healthz_is_told_of_a_model_that_fails_until_nobody_wants_it(site: Site) -> None:
    site.store.shadow("pm3", site.second.id, set_by="anna")
    site.look()
    site.shelf.refuse(site.second.id, "it fails at work")
    site.look()

    assert site.health.refused_models == {site.second.id: "it fails at work"}

    site.store.shadow("pm3", None, set_by="anna")
    site.look()

    assert site.health.refused_models == {}


def test_healthz_is_told_of_choices_that_nobody_can_read(site: Site) -> None:
    site.write("pm4", "{]")
    site.look()

    assert site.health.unreadable_choices == {"pm4"}

    site.client.hdel("detector:bundle:stream-detector", "pm4")
    site.store.activate("pm4", site.second.id, set_by="anna")
    site.look()

    assert site.health.unreadable_choices == frozenset()


def test_a_worker_that_starts_with_it_lets_every_machine_keep_its_model(site: Site) -> None:
    site.write("pm3", json.dumps({"active": NOT_THERE}))
    site.write("pm4", "{]")

    assert sorted(site.look()) == ["model.choice-refused", "model.refused"]
    for machine in ("pm3", "pm4"):
        assert site.models.choice.of(machine, site.second.id) == site.second.id
    assert site.models.choice.of("pm5", site.second.id) == site.first.id


def test_a_name_that_leads_out_of_the_folder_is_no_model(site: Site) -> None:
    site.write("pm3", json.dumps({"active": "../../etc/passwd"}))

    assert site.look() == ["model.choice-refused"]


def test_what_redis_lost_is_put_back(site: Site) -> None:
    site.store.activate("pm3", site.second.id, set_by="anna")
    site.look()
    before = site.store.read()

    site.client.flushall()

    assert site.look() == ["model.choices-lost"]
    assert site.store.read() == before
    assert site.models.choice.of("pm3") == site.second.id


def test_a_choice_that_somebody_clears_is_not_put_back(site: Site) -> None:
    site.store.activate("pm3", site.second.id, set_by="anna")
    site.look()

    site.store.clear("pm3")

    assert site.look() == ["model.wanted"]
    assert site.store.read() == {}
    assert site.models.choice.of("pm3") == site.first.id


def test_what_judges_is_published_for_others(site: Site) -> None:
    site.judging = {"pm3": site.second.id}
    site.look()

    assert site.store.read_judging() == {"pm3": site.second.id}


def test_before_redis_has_answered_every_machine_keeps_its_model(
    site: Site, tmp_path: Path
) -> None:
    url = SecretStr(f"unix://{tmp_path}/nobody.sock")
    site.store = ModelChoiceStore(site.settings.model_copy(update={"redis_url": url}))
    site.restart()

    assert site.look() == []
    assert site.models.choice.of("pm3", site.second.id) == site.second.id
    assert site.models.choice.of("pm3") == site.first.id


def test_going_back_leads_to_the_model_before_and_forth_again(site: Site) -> None:
    site.store.activate("*", site.second.id, set_by="anna")

    assert site.store.roll_back("*", set_by="anna").active is None
    assert site.store.roll_back("*", set_by="anna").active == site.second.id
