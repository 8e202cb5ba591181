"""In a mode that suppresses alerts none is raised, and nothing is learned from their absence."""

import pytest

from stream_detector.alerting.rules import SHEET_BREAK, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from tests.pipeline.station import Station
from tests.small_models import BROKEN_STEAM, SENSORS, Feed

ODD = Rule(name="odd", suppressed_modes=("wash-up",), suppression_hold_seconds=600.0)


@pytest.mark.parametrize("n_missing", [0, 3])
def test_the_hold_runs_from_the_last_reading_in_the_mode_scored_or_not(
    small_bundle: Bundle, n_missing: int
) -> None:
    #  03:00 .. 03:38   03:40 .. 03:58   04:00 .. 04:06   04:08
    #  normal           wash-up          fault, held      fault, raised
    feed = Feed()
    feed.rows(20)
    feed.mode = "wash-up"
    feed.rows(10, **dict.fromkeys(SENSORS[:n_missing]))
    feed.mode = None
    feed.rows(6, steam=BROKEN_STEAM)

    (alert,) = Station(small_bundle, rules=Rules(rules=(ODD,))).take(feed.records).alerts

    assert (alert["event"], alert["event_time"]) == ("raised", "2026-11-22T04:08:00Z")


def test_an_event_in_the_mode_is_held_too(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.mode = "wash-up"
    feed.tell(event="reel-change")  # at 03:40
    feed.mode = None
    feed.rows(6, steam=BROKEN_STEAM)

    (alert,) = Station(small_bundle, rules=Rules(rules=(ODD,))).take(feed.records).alerts

    assert (alert["event"], alert["event_time"]) == ("raised", "2026-11-22T03:50:00Z")


@pytest.mark.parametrize("steam", [3.0, BROKEN_STEAM])
def test_the_threshold_stays_where_it_is_while_no_rule_can_raise(
    small_bundle: Bundle, steam: float
) -> None:
    #  shift   sinks until here, then stays over the wash-up and the ten minutes after it
    station, feed = Station(small_bundle, rules=Rules(rules=(ODD,)), threshold=Budget(6.0)), Feed()
    station.take(feed.rows(20))

    feed.mode = "wash-up"
    station.take(feed.rows(10, steam=steam))
    feed.mode = None
    station.take(feed.rows(4, steam=steam))

    # The first reading of a run is not judged; 19 took back what is due to them.
    assert station.state()["shift"] == pytest.approx(-19 * 0.2 * 6 / 720)


def test_the_threshold_moves_while_one_of_the_rules_can_raise(small_bundle: Bundle) -> None:
    rules = Rules(rules=(ODD, SHEET_BREAK))
    station, feed = Station(small_bundle, rules=rules, threshold=Budget(6.0)), Feed()
    feed.mode = "wash-up"

    station.take(feed.rows(21))

    assert station.state()["shift"] == pytest.approx(-20 * 0.2 * 6 / 720)
