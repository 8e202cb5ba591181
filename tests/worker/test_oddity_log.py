"""What the log says of messages that are refused, and of what is odd in others."""

from collections.abc import MutableMapping, Sequence
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from stream_detector.alerting.news import news_of
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.worker.oddity_log import OddityLog
from tests.pipeline.station import HIGH, read, restore, states
from tests.small_models import BROKEN_STEAM, START, Feed

Lines = list[MutableMapping[str, Any]]


class Station:
    """A pipeline that judges, and what the log says of it."""

    def __init__(self, bundle: Bundle, rules: Rules | None = None) -> None:
        self.pipeline = Pipeline(bundle, rules or Rules())
        self._log = OddityLog(self.pipeline.oddities)

    def judge(self, records: Sequence[Record]) -> Lines:
        """Judge a batch; give what is told at once."""
        with capture_logs() as lines:
            verdicts = self.pipeline.take_in(records, ThresholdTable(HIGH))
            self._log.tell_new(verdicts)
        return lines

    def go_on_from(self, other: "Station") -> None:
        restore(self.pipeline, states(other.pipeline))

    def sum_up(self) -> Lines:
        with capture_logs() as lines:
            self._log.sum_up()
        return lines


def rubbish(offset: int) -> Record:
    (record,) = Feed().rows(1)
    return record._replace(offset=offset, key=b"pm3", value=b"{]")


def test_a_message_that_is_refused_is_named_with_its_place(small_bundle: Bundle) -> None:
    station = Station(small_bundle)

    (line,) = station.judge([rubbish(7)])

    assert line == {
        "event": "readings.refused",
        "log_level": "warning",
        "code": "not-json",
        "n": 1,
        "reason": "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "key": "pm3",
        "partition": 0,
        "offset": 7,
        "doing": "passing them on to the dead letters; the newest one is named",
    }
    # The next ones like it are told by the minute.
    assert station.judge([rubbish(8)]) == []


def test_an_unknown_sensor_is_told_once_with_the_machine_that_sent_it(
    small_bundle: Bundle,
) -> None:
    station = Station(small_bundle)
    records = Feed("pm3").rows(2, vibration=0.3) + Feed("pm4").rows(1, vibration=0.3, torque=1.0)

    lines = station.judge(records)

    told = [(one["event"], one["machine"], one["sensors"]) for one in lines]
    assert told == [
        ("sensors.unknown", "pm4", "'torque'"),
        ("sensors.unknown", "pm3", "'vibration'"),
    ]
    assert station.judge(Feed("pm5").rows(1, torque=1.0)) == []


def test_an_event_that_no_rule_knows_is_told_once(small_bundle: Bundle) -> None:
    station, feed = Station(small_bundle), Feed("pm3")
    feed.rows(1)
    feed.tell(event="brake")
    feed.tell(event="break")
    feed.tell(event="brake")

    (line,) = station.judge(feed.records)
    (summed,) = station.sum_up()

    assert (line["event"], line["machine"], line["events"]) == ("events.unknown", "pm3", "'brake'")
    assert (summed["event"], summed["of_unknown_events"]) == ("readings.odd", 2)


def test_each_machine_of_another_model_is_named_once(small_bundle: Bundle) -> None:
    station = Station(small_bundle)
    feeds = [Feed("pm7"), Feed("pm8")]
    for feed in feeds:
        feed.tell(values={"rpm": 900.0})

    lines = station.judge(feeds[0].records)
    more = station.judge([one._replace(offset=one.offset + 1) for one in feeds[1].records])

    (first,), (second,) = (
        [one["machines"] for one in told if one["event"] == "readings.foreign"]
        for told in (lines, more)
    )
    assert (first, second) == ("'pm7'", "'pm8'")
    assert station.sum_up()[0]["without_a_known_sensor"] == 2


def test_machines_of_which_readings_come_late_are_named(small_bundle: Bundle) -> None:
    station = Station(small_bundle)
    feeds = [Feed(name, start=START) for name in ("pm7", "pm8")]
    for feed in feeds:
        feed.pause(timedelta(days=200))
        feed.rows(1)
        feed.time = START
        feed.rows(3)

    def summed_up() -> tuple[int, str]:
        (line,) = station.sum_up()
        return line["late"], line["late_of"]

    station.judge(feeds[0].records)
    assert summed_up() == (3, "'pm7'")
    station.judge([one._replace(offset=one.offset + 4) for one in feeds[1].records])
    assert summed_up() == (6, "'pm8'")
    station.judge([one._replace(offset=one.offset + 8) for one in feeds[1].rows(1)])
    station.judge([one._replace(offset=one.offset + 9) for one in feeds[0].rows(1)])
    assert summed_up() == (8, "'pm7', 'pm8'")


def test_so_is_one_that_ends_because_the_state_that_knew_of_it_is_lost(
    small_bundle: Bundle,
) -> None:
    before, after = Station(small_bundle), Station(small_bundle)
    feed = Feed()
    feed.rows(20)
    sent = before.pipeline.process(
        [*feed.records, *feed.rows(1, steam=BROKEN_STEAM)], ThresholdTable(HIGH)
    )
    after.judge(feed.records[:20])
    (machine,) = after.pipeline.machines.of([0])
    machine.end_lost(news_of(read(sent).alerts[0]))

    (line,) = after.judge(feed.rows(1))

    assert (line["event"], line["log_level"]) == ("alert.state-lost", "warning")
    assert line["alert"] == "pm3.sheet-break.2026-11-22T03:40:00Z"


def test_an_alert_that_ends_because_its_rule_is_gone_is_named_once(small_bundle: Bundle) -> None:
    before, after = (Station(small_bundle, Rules((Rule(name=n),))) for n in ("patient", "patience"))
    feed = Feed()
    feed.rows(20)
    before.judge([*feed.records, *feed.rows(3, steam=BROKEN_STEAM)])
    after.go_on_from(before)

    (line,) = after.judge(feed.rows(1))

    assert line == {
        "event": "alert.rule-removed",
        "log_level": "warning",
        "machine": "pm3",
        "rule": "patient",
        "alert": "pm3.patient.2026-11-22T03:40:00Z",
        "doing": "clearing it; no rule has this name, and this score, any more",
    }
    assert after.judge(feed.rows(1)) == []
