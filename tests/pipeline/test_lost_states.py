"""An alert that was told to be open, and that no state knows of, ends with the next reading."""

import msgspec
import pytest

from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.news import AlertNews, news_of
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.readings import Record
from tests.pipeline.station import HIGH, Station, read, states
from tests.small_models import BROKEN_STEAM, Feed

PATIENT = Rules(rules=(Rule(name="patient", outcome="break", off_delay=50, response="Look."),))
UNREACHED = Fixed(1000.0)


@pytest.fixture
def feed() -> Feed:
    """A machine with an alert."""
    feed = Feed()
    feed.rows(20)
    feed.rows(2, steam=BROKEN_STEAM)
    return feed


@pytest.fixture
def told(small_bundle: Bundle, feed: Feed) -> AlertNews:
    """What was told of it last."""
    (raised,) = Station(small_bundle, rules=PATIENT).take(feed.records).alerts
    return news_of(raised)


def machine_of(station: Station) -> Machine:
    (machine,) = station.pipeline.machines.of([0])
    return machine


def worker(
    bundle: Bundle, records: list[Record], rules: Rules = PATIENT, threshold: Fixed = UNREACHED
) -> Station:
    """One that has read the log again, silently."""
    station = Station(bundle, rules=rules, threshold=threshold)
    station.pipeline.follow(records, station.thresholds)
    return station


def test_the_next_reading_clears_it_once_with_all_that_its_rule_says(
    small_bundle: Bundle, feed: Feed, told: AlertNews
) -> None:
    station = worker(small_bundle, feed.records)

    machine_of(station).end_lost(told)
    (cleared,) = station.take(feed.rows(1)).alerts

    assert (cleared["event"], cleared["reason"]) == ("cleared", "state-lost")
    assert (cleared["alert_id"], cleared["seq"]) == (told.alert_id, told.seq + 1)
    assert (cleared["raised_at"], cleared["occurrence"]) == (rfc3339(told.raised_at), 1)
    assert (cleared["warning"]["outcome"], cleared["response"]) == ("break", "Look.")
    assert station.take(feed.rows(5)).alerts == []


def test_of_a_rule_that_is_gone_too_the_name_is_told(
    small_bundle: Bundle, feed: Feed, told: AlertNews
) -> None:
    station = worker(small_bundle, feed.records, rules=Rules())

    machine_of(station).end_lost(told)
    (cleared,) = station.take(feed.rows(1)).alerts

    assert (cleared["rule"], cleared["reason"]) == ("patient", "state-lost")
    assert cleared["warning"]["outcome"] is None


def test_one_that_is_open_still_goes_on_behind_all_that_was_told(
    small_bundle: Bundle, feed: Feed, told: AlertNews
) -> None:
    station = worker(small_bundle, feed.records, threshold=HIGH)

    machine_of(station).end_lost(msgspec.structs.replace(told, seq=4))
    (cleared,) = station.take([feed.tell(event="break")]).alerts

    assert (cleared["alert_id"], cleared["seq"]) == (told.alert_id, 5)
    assert cleared["reason"] == "outcome"


def test_whoever_judges_the_reading_again_tells_the_same_bytes(
    small_bundle: Bundle, feed: Feed, told: AlertNews
) -> None:
    first = worker(small_bundle, feed.records)
    machine_of(first).end_lost(told)
    state, clearing = states(first.pipeline)["pm3"], feed.rows(1)
    next_offset = machine_of(first).next_offset

    def restored() -> Station:
        again = Station(small_bundle, rules=PATIENT, threshold=UNREACHED)
        again.pipeline.restore(0, "pm3", state, next_offset=next_offset)
        return again

    sent = first.pipeline.process(clearing, first.thresholds)
    killed, passed_on = restored(), restored()
    passed_on.pipeline.follow(clearing, passed_on.thresholds)

    assert killed.pipeline.process(clearing, killed.thresholds) == sent
    assert [one["reason"] for one in read(sent).alerts] == ["state-lost"]
    assert states(passed_on.pipeline) == states(first.pipeline)
    assert passed_on.take(feed.rows(3)).alerts == []


def test_a_log_that_is_judged_anew_comes_by_it_again_first(
    small_bundle: Bundle, feed: Feed, told: AlertNews
) -> None:
    station = Station(small_bundle, rules=PATIENT)
    station.take(feed.records[:1])
    machine_of(station).end_lost(msgspec.structs.replace(told, seq=4))

    (again,) = station.take(feed.records[1:]).alerts
    (cleared,) = station.take([feed.tell(event="break")]).alerts

    assert (again["event"], again["alert_id"], again["seq"]) == ("raised", told.alert_id, 1)
    assert (cleared["alert_id"], cleared["seq"]) == (told.alert_id, 5)


def test_one_of_a_part_of_the_log_that_is_no_more_is_cleared_when_that_is_over(
    small_bundle: Bundle, feed: Feed, told: AlertNews
) -> None:
    station = Station(small_bundle, rules=PATIENT)
    station.take(feed.records[:1])
    machine_of(station).end_lost(told)

    kept = station.take(feed.records[1:19]).alerts
    (cleared,) = station.take(feed.rows(1)).alerts

    assert kept == []
    assert (cleared["alert_id"], cleared["reason"]) == (told.alert_id, "state-lost")
