"""Order in time, gaps and process events: where a machine's run begins and ends."""

from datetime import timedelta

import pytest

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.scored import Status
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.readings import Record
from tests.pipeline.station import Station
from tests.small_models import BROKEN_STEAM, Feed

HOUR = timedelta(hours=1)


def in_alarm(bundle: Bundle) -> tuple[Station, Feed]:
    """A machine with an open alert, raised at 03:40, and its feed that goes on at 03:44."""
    feed, station = Feed(), Station(bundle)
    feed.rows(20)
    sent = station.take([*feed.records, *feed.rows(2, steam=BROKEN_STEAM)])
    assert sent.told == [("alert raised", "03:40")]
    return station, feed


@pytest.mark.parametrize("steam", [3.0, BROKEN_STEAM])
def test_what_comes_late_or_twice_enters_nothing(small_bundle: Bundle, steam: float) -> None:
    feed, station = Feed(), Station(small_bundle)
    feed.rows(10)
    station.take(feed.records)
    before = station.state()
    feed.time -= timedelta(minutes=2)
    (twice,) = feed.rows(1, steam=steam)
    feed.time -= timedelta(minutes=9)
    (late,) = feed.rows(1, steam=steam)

    again = [one._replace(offset=99 + n) for n, one in enumerate([*feed.records[:10], twice, late])]

    verdicts = station.pipeline.take_in(again, station.thresholds)

    assert station.state() == before
    assert station.pipeline.announce(verdicts) == []
    # The verdicts say why, so that a program can count.
    statuses = [one.scored.status for one in verdicts if isinstance(one, Verdict)]
    assert statuses == [Status.LATE] * 9 + [Status.DUPLICATE] * 2 + [Status.LATE]


def test_a_late_outcome_closes_nothing(small_bundle: Bundle) -> None:
    station, feed = in_alarm(small_bundle)
    feed.time -= timedelta(minutes=10)

    assert station.take([feed.tell(event="break")]).told == []


def warming_up(records: list[Record], station: Station) -> list[bool]:
    return [one["warming_up"] for one in station.take(records).scores]


def test_a_run_warms_up_until_its_window_is_full(small_bundle: Bundle) -> None:
    assert warming_up(Feed().rows(6), Station(small_bundle)) == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (2, [False] * 5),
        (3, [False] * 5),
        (3.1, [True] * 4 + [False]),
        (60, [True] * 4 + [False]),
    ],
)
def test_a_long_gap_starts_a_new_run(
    small_bundle: Bundle, minutes: float, expected: list[bool]
) -> None:
    feed = Feed()
    feed.rows(10)
    feed.pause(timedelta(minutes=minutes - 2))
    feed.rows(5)

    assert warming_up(feed.records, Station(small_bundle))[10:] == expected


def test_a_break_starts_a_new_run(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(10)
    feed.tell(event="break")
    feed.rows(5)

    assert warming_up(feed.records, Station(small_bundle))[10:] == [True] * 4 + [False]


def test_a_reading_with_a_break_is_not_scored(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(10)
    values = {"speed": 900.0, "draw": 4.0, "steam": BROKEN_STEAM, "weight": 80.0, "moisture": 6.0}
    feed.tell(values=values, event="break")
    feed.rows(1)

    assert len(Station(small_bundle).take(feed.records).scores) == 11


def test_which_events_end_a_run_the_rules_say(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(10)
    feed.tell(event="break")
    feed.rows(4)
    feed.tell(event="stop")
    feed.rows(5)
    rules = Rules(run_ending_events=("stop",))

    # The step over the break is longer than the largest gap, so that alone starts a run.
    assert warming_up(feed.records, Station(small_bundle, rules=rules))[14:] == (
        [True] * 4 + [False]
    )


def test_a_run_starts_as_if_nothing_had_been_before(small_bundle: Bundle) -> None:
    # Two machines with the same readings after the break, and quite other ones before it.
    scores = []
    for before in ({}, {"steam": 2.5, "draw": 9.0}):
        feed, station = Feed(), Station(small_bundle)
        feed.rows(15, **before)
        feed.tell(event="break")
        station.take(feed.records)
        scores.append([one["score"] for one in station.take(Feed(start=feed.time).rows(12)).scores])

    assert scores[0] == scores[1]


def test_the_window_of_a_young_run_is_filled_with_its_first_reading(small_bundle: Bundle) -> None:
    # Four times the same reading look like the first one did.
    feed = Feed()
    same = {"speed": 901.0, "draw": 4.02, "steam": 3.01, "weight": 80.2, "moisture": 6.1}
    feed.values(**same)
    feed.values(**same)
    first, second = Station(small_bundle).take(feed.records).scores

    assert first["score"] == second["score"]
    assert first["contributors"] == second["contributors"]


def test_the_first_reading_of_a_run_raises_nothing(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(1, steam=BROKEN_STEAM)
    feed.rows(1, steam=BROKEN_STEAM)

    sent = Station(small_bundle).take(feed.records)

    assert [one["above"] for one in sent.scores] == [True, True]
    assert [one["alarm"] for one in sent.scores] == [False, True]
    assert sent.told == [("alert raised", "03:02")]


@pytest.mark.parametrize("steam", [BROKEN_STEAM, 3.0])
def test_an_open_alert_stays_open_over_a_gap(small_bundle: Bundle, steam: float) -> None:
    station, feed = in_alarm(small_bundle)
    feed.pause(timedelta(minutes=10))

    sent = station.take(feed.rows(1, steam=steam))

    assert sent.told == []
    assert sent.scores[0]["alarm"]


def test_an_alert_from_before_a_gap_clears_in_the_run_after_it(small_bundle: Bundle) -> None:
    station, feed = in_alarm(small_bundle)
    feed.pause(timedelta(minutes=10))

    sent = station.take(feed.rows(6))

    # The first reading of the run does not count; then two low ones.
    (cleared,) = [one for one in sent.alerts if one["event"] == "cleared"]
    assert (cleared["reason"], cleared["event_time"]) == (
        "returned-to-normal",
        "2026-11-22T03:58:00Z",
    )
    assert cleared["alert_id"] == "pm3.sheet-break.2026-11-22T03:40:00Z"


def test_the_outcome_closes_an_open_alert_with_that_reason(small_bundle: Bundle) -> None:
    station, feed = in_alarm(small_bundle)

    (cleared,) = station.take([feed.tell(event="break")]).alerts

    assert cleared["alert_id"] == "pm3.sheet-break.2026-11-22T03:40:00Z"
    assert (cleared["event"], cleared["reason"]) == ("cleared", "outcome")
    assert (cleared["event_time"], cleared["duration_s"]) == ("2026-11-22T03:44:00Z", 240.0)
    assert (cleared["score"], cleared["threshold"], cleared["quality"]) == (None, None, None)


def test_an_alert_after_the_outcome_is_a_new_one(small_bundle: Bundle) -> None:
    station, feed = in_alarm(small_bundle)
    station.take([feed.tell(event="break")])

    (raised,) = station.take(feed.rows(2, steam=BROKEN_STEAM)).alerts

    assert raised["alert_id"] == "pm3.sheet-break.2026-11-22T03:48:00Z"
    assert raised["occurrence"] == 1


TRIP = Rules(rules=(Rule(name="trip", outcome="trip"), Rule(name="odd")), run_ending_events=())


def test_an_outcome_that_comes_with_values_and_ends_no_run_closes_its_alert_too(
    small_bundle: Bundle,
) -> None:
    feed, station = Feed(), Station(small_bundle, rules=TRIP)
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    station.take(feed.records)
    values = {"speed": 900.0, "draw": 4.0, "steam": BROKEN_STEAM, "weight": 80.0, "moisture": 6.0}

    sent = station.take([feed.tell(values=values, event="trip")])

    (cleared,) = sent.alerts
    assert (cleared["rule"], cleared["reason"]) == ("trip", "outcome")
    # The reading itself is judged as ever, and the other rule's alert stands.
    (score,) = sent.scores
    assert score["above"]
    assert score["alarm"]


def test_an_outcome_closes_its_alert_though_the_reading_is_bad(small_bundle: Bundle) -> None:
    feed, station = Feed(), Station(small_bundle, rules=TRIP)
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    station.take(feed.records)

    (cleared,) = station.take([feed.tell(values={"speed": 900.0}, event="trip")]).alerts

    assert (cleared["rule"], cleared["reason"]) == ("trip", "outcome")
