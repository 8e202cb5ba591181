"""An alert that is open as its rule is removed or renamed ends with the machine's next reading."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.rules import SHEET_BREAK, OnDelay, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.readings import Record
from tests.pipeline.station import Sent, Station, read, states
from tests.pipeline.test_same_bytes import lives, log_of
from tests.small_models import BROKEN_STEAM, Feed

PATIENT = Rule(name="patient", outcome="break", off_delay=50, cooldown_seconds=0.0)
LIKELY = Rule(name="likely", score="head", outcome="break", off_delay=50)
BEFORE = Rules(rules=(SHEET_BREAK, PATIENT, LIKELY))
AFTER = Rules(
    rules=(
        SHEET_BREAK,
        msgspec.structs.replace(PATIENT, name="patience"),
        msgspec.structs.replace(LIKELY, name="likelier"),
    )
)

SLOW = Rules(rules=(Rule(name="slow", on_delay=OnDelay(9, 9)),))
OLD_NAMES = {PATIENT.name, LIKELY.name}


class Worker:
    """A pipeline, and the states of its machines as a worker keeps them."""

    def __init__(self, bundle: Bundle, rules: Rules, kept: "Worker | None" = None) -> None:
        self.station = Station(bundle, rules=rules, threshold=Fixed(4.0), head_threshold=Fixed(2.0))
        self.kept: dict[str, tuple[int, bytes]] = {} if kept is None else dict(kept.kept)
        for name, (offset, state) in self.kept.items():
            snapshot = msgspec.msgpack.decode(state)
            self.station.pipeline.restore(0, name, snapshot, next_offset=offset)

    def judge(self, records: Sequence[Record]) -> list[Output]:
        """Judge as :mod:`stream_detector.worker.agent` does."""
        pipeline = self.station.pipeline
        batch = pipeline.decode(records)
        for one in pipeline.adopt(batch, self.station.thresholds):
            one.machine.next_offset = one.record.offset
            self._keep(one.machine.name)
        return pipeline.announce(pipeline.judge(batch))

    def follow(self, records: Sequence[Record]) -> None:
        self.station.pipeline.follow(records, self.station.thresholds)

    def keep(self) -> None:
        """Write a round of snapshots."""
        for machine in self.station.pipeline.machines.of([0]):
            self._keep(machine.name)

    def _keep(self, name: str) -> None:
        machine = self.station.pipeline.machines.find(0, name)
        assert machine is not None
        state = msgspec.msgpack.encode(machine.snapshot())
        self.kept[name] = machine.next_offset, state


@pytest.fixture
def feed() -> Feed:
    """A machine with an alert."""
    feed = Feed()
    feed.rows(20)
    feed.rows(2, steam=BROKEN_STEAM)
    return feed


@pytest.fixture
def before(small_bundle: Bundle, feed: Feed) -> Worker:
    """A worker that stopped while that alert was open."""
    worker = Worker(small_bundle, BEFORE)
    sent = read(worker.judge(feed.records))
    assert [(one["event"], one["rule"]) for one in sent.alerts] == [
        ("raised", "sheet-break"),
        ("raised", "patient"),
    ]
    worker.keep()
    return worker


def of_rule(sent: Sent, rule: str = "patient") -> list[dict[str, Any]]:
    return [one for one in sent.alerts if one["rule"] == rule]


def broken(feed: Feed) -> list[Record]:
    return feed.rows(1, steam=BROKEN_STEAM)


def after_a_gap(feed: Feed) -> list[Record]:
    feed.pause(timedelta(hours=3))
    return feed.rows(1)


@pytest.mark.parametrize(
    "happen",
    [
        lambda feed: feed.rows(1),
        broken,
        after_a_gap,
        lambda feed: [feed.values(speed=900.0)],
        lambda feed: [feed.tell(event="break")],
    ],
    ids=["normal", "still over the threshold", "after a gap", "hardly anything", "an event"],
)
def test_the_next_reading_of_any_kind_clears_it_under_its_own_name(
    small_bundle: Bundle, before: Worker, feed: Feed, happen: Callable[[Feed], list[Record]]
) -> None:
    worker = Worker(small_bundle, AFTER, before)
    raised = "2026-11-22T03:40:00Z"

    (record,) = happen(feed)
    (cleared,) = of_rule(read(worker.judge([record])))

    assert cleared["alert_id"] == f"pm3.patient.{raised}"
    assert (cleared["event"], cleared["reason"]) == ("cleared", "rule-removed")
    assert (cleared["seq"], cleared["occurrence"], cleared["raised_at"]) == (2, 1, raised)
    assert cleared["warning"]["outcome"] is None
    assert of_rule(read(worker.judge(feed.rows(5)))) == []


def test_one_of_the_head_is_cleared_too(headed_bundle: Bundle) -> None:
    before, feed = Worker(headed_bundle, BEFORE), Feed(seed=3)
    feed.rows(15)
    for n in range(10):
        feed.rows(1, steam=3.0 + 0.3 * (-1) ** n)
    *_, last = of_rule(read(before.judge(feed.records)), "likely")
    before.keep()

    sent = read(Worker(headed_bundle, AFTER, before).judge(feed.rows(1)))

    (cleared,) = of_rule(sent, "likely")
    assert (cleared["alert_id"], cleared["seq"]) == (last["alert_id"], last["seq"] + 1)
    assert cleared["reason"] == "rule-removed"
    # Its score and threshold are those that its rule went by.
    assert cleared["threshold"] == 2.0


def test_a_reading_that_enters_nothing_clears_nothing(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    worker = Worker(small_bundle, AFTER, before)
    feed.time -= timedelta(minutes=2)

    assert read(worker.judge(feed.rows(1))).alerts == []
    assert [one["reason"] for one in of_rule(read(worker.judge(feed.rows(1))))] == ["rule-removed"]


def test_a_rule_that_is_back_before_a_reading_goes_on_with_its_alert(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    without = Worker(small_bundle, AFTER, before)
    without.keep()
    again = Worker(small_bundle, BEFORE, without)

    assert of_rule(read(again.judge(feed.rows(3)))) == []
    (cleared,) = of_rule(read(again.judge([feed.tell(event="break")])))
    assert (cleared["seq"], cleared["reason"]) == (2, "outcome")


def test_the_threshold_is_not_raised(small_bundle: Bundle, before: Worker, feed: Feed) -> None:
    worker = Worker(small_bundle, SLOW, before)
    worker.station.thresholds = Station(small_bundle, threshold=Budget(1.0)).thresholds
    (machine,) = worker.station.pipeline.machines.of([0])
    assert machine.anomaly.shift == 0.0

    sent = read(worker.judge(feed.rows(1)))

    assert {one["reason"] for one in sent.alerts} == {"rule-removed"}
    assert machine.anomaly.shift < 0.0


def test_a_catch_up_over_readings_of_the_old_rules_leaves_the_clear_to_be_sent(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    #  kept while open   judged by the old rules   killed, and the rules changed
    since = feed.rows(3)
    assert of_rule(read(before.judge(since))) == []
    worker = Worker(small_bundle, AFTER, before)

    worker.follow(since)
    (cleared,) = of_rule(read(worker.judge(feed.rows(1))))

    assert (cleared["seq"], cleared["reason"]) == (2, "rule-removed")


def test_a_catch_up_holds_the_controller_while_the_alert_stood(
    small_bundle: Bundle, feed: Feed
) -> None:
    before = Worker(small_bundle, Rules(rules=(PATIENT,)))
    before.station.thresholds = Station(small_bundle, threshold=Budget(1.0)).thresholds
    before.judge(feed.records)
    before.keep()
    since = feed.rows(3)
    before.judge(since)
    worker = Worker(small_bundle, SLOW, before)

    worker.follow(since)

    assert worker.station.state()["shift"] == before.station.state()["shift"] > 0.19


def test_of_an_alert_that_was_over_there_is_nothing_to_end(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    before.judge([feed.tell(event="break")])
    before.keep()
    worker = Worker(small_bundle, AFTER, before)
    batch = worker.station.pipeline.decode(feed.rows(1))

    assert worker.station.pipeline.adopt(batch, worker.station.thresholds) == []
    assert worker.station.state()["lives"].keys() == {"sheet-break", "patience"}


def test_a_catch_up_over_the_reading_that_cleared_it_clears_it_silently(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    killed = Worker(small_bundle, AFTER, before)
    clearing = feed.rows(1)
    assert len(of_rule(read(killed.judge(clearing)))) == 1
    worker = Worker(small_bundle, AFTER, killed)

    worker.follow(clearing)

    assert states(worker.station.pipeline) == states(killed.station.pipeline)
    assert of_rule(read(worker.judge(feed.rows(3)))) == []


def test_what_was_let_go_is_cleared_though_the_rule_comes_back(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    killed = Worker(small_bundle, AFTER, before)
    clearing = feed.rows(1)
    sent = of_rule(read(killed.judge(clearing)))
    again = Worker(small_bundle, BEFORE, killed)

    # The score is over the threshold for some readings more.
    cleared, raised = of_rule(read(again.judge(clearing)))

    assert (cleared["alert_id"], cleared["seq"]) == (sent[0]["alert_id"], 2)
    assert (cleared["reason"], raised["event"], raised["seq"]) == ("rule-removed", "raised", 1)


def test_a_machine_goes_over_to_another_model_only_behind_the_clear(
    small_bundle: Bundle, before: Worker, feed: Feed
) -> None:
    pipeline = Worker(small_bundle, AFTER, before).station.pipeline
    table = before.station.thresholds
    successor = pipeline.models.first.new_machine("pm3")

    assert not pipeline.replace(0, successor)
    pipeline.process(feed.rows(1), table)
    closed = pipeline.process([feed.tell(event="break")], table)

    assert {one["reason"] for one in read(closed).alerts} == {"outcome"}
    assert pipeline.replace(0, successor)


@settings(max_examples=60)
@given(life=lives, data=st.data())
def test_whenever_a_worker_dies_nothing_stays_open_and_no_byte_differs(
    headed_bundle: Bundle, life: list[tuple[int, str]], data: st.DataObject
) -> None:
    # In the end each machine has a reading that enters.
    log = log_of([*life, *((machine, "gap") for machine in range(3))])
    changed = data.draw(st.integers(0, len(life)), label="rules changed at")
    died = data.draw(st.integers(changed, len(log)), label="died at")
    old = Worker(headed_bundle, BEFORE)
    told = old.judge(log[:changed])
    old.keep()

    whole = Worker(headed_bundle, AFTER, old)
    expected = [whole.judge([record]) for record in log[changed:]]
    killed = Worker(headed_bundle, AFTER, old)
    killed.judge(log[changed:died])
    last = Worker(headed_bundle, AFTER, killed)
    last.follow(log[changed:died])
    rest = [last.judge([record]) for record in log[died:]]

    assert rest == expected[died - changed :]
    assert states(last.station.pipeline) == states(whole.station.pipeline)
    alerts = read([*told, *(one for some in expected for one in some)]).alerts
    seqs: dict[str, list[int]] = {}
    for one in alerts:
        seqs.setdefault(one["alert_id"], []).append(one["seq"])
    assert all(of_one == list(range(1, len(of_one) + 1)) for of_one in seqs.values())
    last_told = {one["alert_id"]: one["event"] for one in alerts if one["rule"] in OLD_NAMES}
    assert set(last_told.values()) <= {"cleared"}
