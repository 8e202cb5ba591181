"""What rules warn of is told when it happens, warned of or not."""

from collections.abc import Sequence
from datetime import timedelta

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.readings import Record
from tests.pipeline.station import Station, restore, states
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


def test_an_outcome_after_the_end_of_a_run_has_none(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.tell(event="stop")
    feed.tell(event="break")
    rules = Rules(run_ending_events=("break", "stop"))

    (outcome,) = Station(small_bundle, rules=rules).take(feed.records).outcomes

    assert outcome["run_start"] is None


STANDING = {"speed": 0.0, "draw": 4.0, "steam": 3.0, "weight": 80.0, "moisture": 6.0}


def happened(at: Station, records: Sequence[Record]) -> list[tuple[str, str]]:
    """Machine and time of every outcome that is told."""
    return [(one["machine"], one["event_time"][11:16]) for one in at.take(records).outcomes]


def test_an_outcome_that_is_told_with_every_reading_is_one(small_bundle: Bundle) -> None:
    #  minute   00 .. 38   40  42  44  46   48 .. 86   88   90
    #           runs       |-- break ---|   runs       b    runs
    feed = Feed()
    feed.rows(20)
    for _ in range(3):
        feed.tell(values=STANDING, event="break")
    feed.tell(event="break")
    feed.rows(20)
    feed.tell(values=STANDING, event="break")
    feed.rows(1)
    station = Station(small_bundle)

    assert happened(station, feed.records) == [("pm3", "03:40"), ("pm3", "04:28")]
    # None of its rows is scored, and the run after it begins anew.
    scores = Station(small_bundle).take(feed.records).scores
    assert len(scores) == 41
    assert [one["warming_up"] for one in scores[20:25]] == [True] * 4 + [False]


def test_it_goes_on_until_a_reading_comes_without_it_good_or_bad(small_bundle: Bundle) -> None:
    rules = Rules(run_ending_events=("break", "stop"))
    feed = Feed()
    feed.rows(5)
    feed.tell(event="break")
    feed.pause(timedelta(days=3))
    feed.tell(event="stop")
    feed.tell(event="break")  # at 03:14: the same
    feed.values(speed=900.0)  # too little to be scored
    feed.tell(event="break")  # at 03:18: another one

    assert happened(Station(small_bundle, rules=rules), feed.records) == [
        ("pm3", "03:10"),
        ("pm3", "03:18"),
    ]


def test_what_enters_nothing_ends_no_outcome(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(5)
    feed.tell(event="break")
    feed.pause(timedelta(minutes=-4))
    feed.rows(2)  # one is late, the other as old as the break
    feed.tell(event="break")

    assert happened(Station(small_bundle), feed.records) == [("pm3", "03:10")]


def test_an_outcome_that_ends_no_run_goes_on_with_readings_that_tell_of_it(
    small_bundle: Bundle,
) -> None:
    rules = Rules(rules=(Rule(name="foam", outcome="foam"),))
    feed = Feed()
    feed.rows(5)
    for _ in range(3):
        feed.tell(values={**STANDING, "speed": 900.0}, event="foam")
    feed.rows(1)
    feed.tell(values={**STANDING, "speed": 900.0}, event="foam")
    station = Station(small_bundle, rules=rules)

    assert happened(station, feed.records) == [("pm3", "03:10"), ("pm3", "03:18")]


def test_machines_that_stand_at_the_same_time_have_an_outcome_each(small_bundle: Bundle) -> None:
    feeds = [Feed("pm3"), Feed("pm4")] * 3
    mixed = [feed.tell(values=STANDING, event="break") for feed in feeds]

    assert happened(Station(small_bundle), mixed) == [("pm3", "03:00"), ("pm4", "03:00")]


def test_a_rule_that_comes_in_the_midst_of_an_outcome_has_missed_none(
    small_bundle: Bundle,
) -> None:
    before, after, feed = Station(small_bundle), Station(small_bundle, rules=RULES), Feed()
    feed.rows(5)
    before.take([*feed.records, feed.tell(event="break")])

    restore(after.pipeline, states(before.pipeline))

    assert happened(after, [feed.tell(event="break")]) == []
    feed.rows(1)
    assert [key for _, key in happened(after, [*feed.records[7:], feed.tell(event="break")])] == [
        "03:16",
        "03:16",
    ]


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
