"""What rules warn of is told when it happens, warned of or not."""

from datetime import timedelta

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from tests.pipeline.station import Station
from tests.small_models import BROKEN_STEAM, Feed

RULES = Rules(
    rules=(
        Rule(name="sheet-break", outcome="break"),
        Rule(name="draw", outcome="break"),
        Rule(name="odd"),
    ),
    run_ending_events=("break",),
    site="mill-a",
)


def test_an_outcome_nothing_warned_of_is_told_by_each_rule_that_should_have(
    small_bundle: Bundle,
) -> None:
    feed = Feed()
    feed.rows(20)
    feed.tell(event="break")
    station = Station(small_bundle, rules=RULES, source="/stream-detector/mill-a")

    told = [
        one
        for one in station.pipeline.process(feed.records, station.thresholds)
        if one.topic == "alerts"
    ]

    assert [one.key for one in told] == [b"pm3/sheet-break", b"pm3/draw"]
    assert told[0].value == (
        b'{"schema":"outcome/1.0","event":"happened",'
        b'"event_id":"pm3.sheet-break.break.2026-11-22T03:40:00Z","machine":"pm3",'
        b'"rule":"sheet-break","site":"mill-a","outcome":"break",'
        b'"event_time":"2026-11-22T03:40:00Z","run_start":"2026-11-22T03:00:00Z"}'
    )
    assert {name: value.decode() for name, value in told[0].headers} == {
        "ce_specversion": "1.0",
        "ce_id": "pm3.sheet-break.break.2026-11-22T03:40:00Z",
        "ce_source": "/stream-detector/mill-a",
        "ce_type": "io.stream-detector.outcome.v1",
        "ce_time": "2026-11-22T03:40:00Z",
        "ce_subject": "pm3",
        "content-type": "application/json",
    }


def test_an_outcome_comes_behind_the_clear_of_its_alert(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    feed.tell(event="break")
    station = Station(small_bundle, published_scores="none")

    told = station.pipeline.process(feed.records, station.thresholds)

    assert [dict(one.headers)["ce_type"].decode() for one in told] == [
        "io.stream-detector.alert.raised.v1",
        "io.stream-detector.alert.cleared.v1",
        "io.stream-detector.outcome.v1",
    ]
    assert {one.key for one in told} == {b"pm3/sheet-break"}


def test_an_outcome_after_another_one_has_no_run(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.tell(event="break")
    feed.tell(event="break")

    first, second = Station(small_bundle).take(feed.records).outcomes

    assert first["run_start"] == "2026-11-22T03:00:00Z"
    assert second["run_start"] is None


def test_an_outcome_that_is_sent_twice_is_told_once(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    broken = feed.tell(event="break")

    outcomes = Station(small_bundle).take([*feed.records, broken]).outcomes

    assert [one["run_start"] for one in outcomes] == ["2026-11-22T03:00:00Z"]


def test_an_outcome_that_ends_no_run_names_the_run_that_goes_on(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(5)
    feed.tell(event="trip")
    feed.pause(timedelta(minutes=-1))  # three minutes between two readings are no gap
    feed.rows(5)
    feed.tell(event="trip")
    rules = Rules(rules=(Rule(name="trip", outcome="trip"),))

    outcomes = Station(small_bundle, rules=rules).take(feed.records).outcomes

    assert [one["run_start"] for one in outcomes] == ["2026-11-22T03:00:00Z"] * 2


def test_other_events_and_late_outcomes_are_not_told(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(5)
    feed.tell(event="stop")
    feed.pause(timedelta(minutes=-10))
    feed.tell(event="break")

    assert Station(small_bundle).take(feed.records).outcomes == []
