"""Several models in one pipeline: each machine is judged by one, and can go over to another."""

from collections.abc import Callable

import numpy as np
import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.model_choice import ModelTable
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable, ThresholdTables
from tests.pipeline.station import Sent, read
from tests.small_models import (
    BROKEN_STEAM,
    SENSORS,
    Feed,
    fit_small_bundle,
    normal_recording,
    recording_of,
)

TABLE = ThresholdTable(Fixed(8.0))


@pytest.fixture(scope="module")
def other_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Of the same sensors, but another history."""
    return fit_small_bundle(tmp_path_factory.mktemp("other") / "model", normal_recording(seed=8))


@pytest.fixture(scope="module")
def narrow_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Of three sensors only."""
    history = normal_recording(seed=9)
    recording = recording_of(np.ascontiguousarray(history.values[:, :3]), sensors=SENSORS[:3])
    return fit_small_bundle(tmp_path_factory.mktemp("narrow") / "model", recording)


class Plant:
    """A pipeline that starts with one model, and has another one at hand."""

    def __init__(self, first: Bundle, second: Bundle) -> None:
        self.second = second
        self.pipeline = Pipeline(first, Rules())
        self.pipeline.models.add(second, Rules())
        self.shadow = Pipeline(second, Rules(), is_shadow=True)

    def take(self, records: list[Record]) -> Sent:
        self.shadow.follow(records, TABLE)
        return read(self.pipeline.process(records, TABLE))

    def go_over(self, name: str = "pm3") -> bool:
        """Let a machine go over to the second model, as its shadow knows it."""
        successor = self.shadow.machines.find(0, name)
        assert successor is not None
        goes = self.pipeline.replace(0, successor)
        if goes:
            self.shadow.machines.forget(0, name)
        return goes

    def machine(self, name: str = "pm3") -> Machine:
        machine = self.pipeline.machines.find(0, name)
        assert machine is not None
        return machine


def test_after_a_change_a_machine_is_judged_as_if_by_the_new_model_from_the_begin(
    small_bundle: Bundle, other_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, other_bundle), Feed()
    before = plant.take(feed.rows(20))
    assert plant.go_over()
    after = plant.take(feed.rows(20))

    alone = read(Pipeline(other_bundle, Rules()).process(feed.records, TABLE))
    assert {one["bundle"] for one in before.scores} == {small_bundle.id}
    assert after.scores == alone.scores[20:]


def test_machines_of_two_models_are_judged_in_one_batch(
    small_bundle: Bundle, narrow_bundle: Bundle
) -> None:
    plant = Plant(small_bundle, narrow_bundle)
    plant.pipeline.models.choice = ModelTable(small_bundle.id, {"pm4": narrow_bundle.id})
    wide, narrow = Feed("pm3"), Feed("pm4", seed=2)
    mixed = [one for pair in zip(wide.rows(20), narrow.rows(20), strict=True) for one in pair]

    sent = plant.take(mixed)

    assert [one["machine"] for one in sent.scores] == ["pm3", "pm4"] * 20
    for feed, bundle in ((wide, small_bundle), (narrow, narrow_bundle)):
        alone = read(Pipeline(bundle, Rules()).process(feed.records, TABLE))
        name = "pm3" if feed is wide else "pm4"
        assert [one for one in sent.scores if one["machine"] == name] == alone.scores


def with_nan(record: Record) -> Record:
    text = (record.value or b"").decode()
    number = text[text.index('"speed": ') + len('"speed": ') : text.index(",", text.index("speed"))]
    return record._replace(value=text.replace(number, "NaN", 1).encode())


def with_mark(record: Record) -> Record:
    """Behind a byte order mark, as some programs write."""
    return record._replace(value=b"\xef\xbb\xbf" + (record.value or b""))


@pytest.mark.parametrize("written", [with_nan, with_mark])
@pytest.mark.parametrize("n_before", [0, 5])
def test_what_only_a_lenient_decoder_reads_goes_to_the_model_of_its_machine(
    small_bundle: Bundle,
    narrow_bundle: Bundle,
    n_before: int,
    written: Callable[[Record], Record],
) -> None:
    plant = Plant(small_bundle, narrow_bundle)
    plant.pipeline.models.choice = ModelTable(small_bundle.id, {"pm4": narrow_bundle.id})
    feed = Feed("pm4")
    records = feed.rows(n_before) + [written(one) for one in feed.rows(3)] + feed.rows(5)

    sent = plant.take(records)

    alone = Pipeline(narrow_bundle, Rules())
    assert sent.scores == read(alone.process(records, TABLE)).scores
    assert len(sent.scores) == n_before + 8
    assert plant.pipeline.oddities.not_finite == alone.oddities.not_finite
    # The shadow, which follows it for a change, has taken the same in.
    assert plant.shadow.machines.find(0, "pm4") is not None


def test_an_outcome_goes_on_over_a_change_of_models(
    small_bundle: Bundle, other_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, other_bundle), Feed()
    feed.rows(5)
    before = plant.take([*feed.records, feed.tell(event="break")])
    plant.shadow = Pipeline(other_bundle, Rules(), is_shadow=True)
    plant.shadow.follow(feed.records[:5], TABLE)  # it was not there when the sheet broke
    assert plant.go_over()
    after = plant.take([feed.tell(event="break"), *feed.rows(1), feed.tell(event="break")])

    assert [one["event_time"][11:16] for one in before.outcomes] == ["03:10"]
    assert [one["event_time"][11:16] for one in after.outcomes] == ["03:16"]


def test_each_model_has_thresholds_of_its_own(small_bundle: Bundle, other_bundle: Bundle) -> None:
    plant, feed = Plant(small_bundle, other_bundle), Feed()
    tables = ThresholdTables(
        {small_bundle.id: ThresholdTable(Fixed(8.0)), other_bundle.id: ThresholdTable(Fixed(5.0))}
    )
    plant.take(feed.rows(5))
    plant.go_over()

    sent = read(plant.pipeline.process(feed.rows(1), tables))

    assert [one["threshold"] for one in sent.scores] == [5.0]


def test_an_open_alert_goes_on_under_the_new_model(
    small_bundle: Bundle, other_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, other_bundle), Feed()
    feed.rows(20)
    feed.rows(3, steam=BROKEN_STEAM)
    (raised,) = plant.take(feed.records).alerts
    plant.go_over()
    after = plant.take(feed.rows(40)).alerts

    assert {one["alert_id"] for one in after} == {raised["alert_id"]}
    assert (after[-1]["event"], after[-1]["bundle"]) == ("cleared", other_bundle.id)
    assert [one["seq"] for one in after] == list(range(2, len(after) + 2))


def test_an_open_alert_holds_a_machine_back_from_a_model_of_other_sensors(
    small_bundle: Bundle, narrow_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, narrow_bundle), Feed()
    feed.rows(20)
    feed.rows(3, steam=BROKEN_STEAM)
    plant.take(feed.records)

    assert not plant.go_over()
    assert plant.machine().bundle_id == small_bundle.id
    (*_, cleared) = plant.take(feed.rows(40)).alerts
    assert cleared["event"] == "cleared"
    assert plant.go_over()


def test_a_sensor_that_is_stuck_is_not_told_of_again_after_a_change(
    small_bundle: Bundle, other_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, other_bundle), Feed()
    plant.take(feed.rows(20))
    before = plant.take(feed.rows(60, moisture=6.0))
    plant.shadow.machines.forget(0, "pm3")  # it began behind that
    plant.take(feed.rows(5, moisture=6.0))
    plant.go_over()
    after = plant.take(feed.rows(30, moisture=6.0))

    assert [one["fault"] for one in before.faults] == ["stuck"]
    assert after.faults == []


def test_a_restored_machine_is_judged_by_the_model_of_its_state(
    small_bundle: Bundle, other_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, other_bundle), Feed()
    plant.take(feed.rows(20))
    plant.go_over()
    kept = plant.machine().snapshot()
    again = Plant(small_bundle, other_bundle)
    again.pipeline.restore(0, "pm3", kept, next_offset=20, bundle_id=other_bundle.id)

    records = feed.rows(10)
    assert again.take(records).scores == plant.take(records).scores


def test_a_shadow_tells_scores_alone_and_says_what_they_are(small_bundle: Bundle) -> None:
    feed, shadow = Feed(), Pipeline(small_bundle, Rules(), is_shadow=True)
    feed.rows(20)
    feed.rows(3, steam=BROKEN_STEAM)
    feed.message(b"Guten Morgen")

    sent = read(shadow.process(feed.records, TABLE))

    assert len(sent.scores) == 23
    assert all(one["shadow"] for one in sent.scores)
    assert (sent.alerts, sent.faults, sent.outcomes, sent.letters) == ([], [], [], [])


def test_a_message_that_names_no_machine_is_refused_as_ever(
    small_bundle: Bundle, narrow_bundle: Bundle
) -> None:
    plant, feed = Plant(small_bundle, narrow_bundle), Feed()
    for value in (None, b"", b"Guten Morgen", b'{"time": "2026-11-22T03:10:00Z"}', b"\xff" * 9):
        feed.message(value)

    letters = read(plant.pipeline.process(feed.records, TABLE)).letters

    codes = [dict(one.headers)["reason_code"] for one in letters]
    assert codes == [b"empty", b"empty", b"not-json", b"invalid", b"not-json"]
