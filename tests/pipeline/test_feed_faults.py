"""What is wrong with a feed for a while: stuck, frozen, silent, in two places."""

from datetime import timedelta
from itertools import permutations

import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from tests.pipeline.station import Station, read, states
from tests.small_models import BROKEN_STEAM, CADENCE, SENSORS, START, Feed

NORMAL = dict(zip(SENSORS, (900.0, 4.0, 3.0, 80.0, 6.0), strict=True))


def test_a_stuck_sensor_is_left_out_and_told_of_once(small_bundle: Bundle) -> None:
    #  row       0 .. 9   10 ........ 29    30 ........ 39    40
    #  weight    moves    rests 20 rows   more: it is stuck  moves
    feed = Feed()
    feed.rows(10)
    feed.rows(30, weight=80.0)
    feed.rows(1)

    sent = Station(small_bundle).take(feed.records)

    used = [score["quality"]["channels_used"] for score in sent.scores]
    assert used == [5] * 30 + [4] * 10 + [5]
    assert sent.scores[35]["quality"]["state"] == "uncertain"
    assert [
        (one["fault"], one["event"], one["event_time"], one["sensors"]) for one in sent.faults
    ] == [
        ("stuck", "began", "2026-11-22T04:00:00Z", ["weight"]),
        ("stuck", "ended", "2026-11-22T04:20:00Z", ["weight"]),
    ]
    assert sent.faults[0]["event_id"] == "pm3.stuck.began.2026-11-22T04:00:00Z"


def test_a_fault_is_found_beside_a_stuck_sensor(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(30, weight=80.0)
    feed.rows(1, weight=80.0, steam=BROKEN_STEAM)

    (alert,) = Station(small_bundle).take(feed.records).alerts

    assert alert["contributors"][0]["sensor"] == "steam"
    assert alert["quality"]["state"] == "uncertain"


def test_a_frozen_feed_is_never_normal(small_bundle: Bundle) -> None:
    #  row       0 .. 9   10  11   12 .. 19   20
    #            moves    same    frozen     moves
    feed = Feed()
    feed.rows(10)
    feed.rows(10, **NORMAL)
    feed.rows(1)

    sent = Station(small_bundle).take(feed.records)

    assert [one["quality"]["state"] for one in sent.scores] == ["good"] * 12 + ["bad"] * 8 + [
        "good"
    ]
    assert [one["score"] is None for one in sent.scores] == [False] * 12 + [True] * 8 + [False]
    assert sent.scores[15]["quality"]["channels_used"] == 0
    assert [
        (one["fault"], one["event"], one["event_time"], one["sensors"]) for one in sent.faults
    ] == [
        ("frozen", "began", "2026-11-22T03:24:00Z", []),
        ("frozen", "ended", "2026-11-22T03:40:00Z", []),
    ]


def test_a_frozen_feed_does_not_clear_an_alert(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    feed.rows(60, **NORMAL)

    sent = Station(small_bundle).take(feed.records)

    assert [one["event"] for one in sent.alerts] == ["raised"]
    assert sent.scores[-1]["alarm"]


@pytest.mark.parametrize("then", [None, BROKEN_STEAM])  # it is missing, or it is stuck
def test_an_alert_does_not_clear_because_its_sensor_is_left_out(
    small_bundle: Bundle, then: float | None
) -> None:
    feed, station = Feed(), Station(small_bundle)
    feed.rows(20)
    feed.rows(2, steam=BROKEN_STEAM)
    feed.rows(60, steam=then)
    blind = station.take(feed.records)
    seeing = station.take(feed.rows(30))

    assert {one["event"] for one in blind.alerts} == {"raised", "updated"}
    assert blind.scores[-1]["quality"]["channels_used"] == 4
    assert [one["event"] for one in seeing.alerts][-1] == "cleared"


def test_a_fault_of_a_feed_is_a_cloud_event(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(30, weight=80.0)
    pipeline_source = "/stream-detector/mill-a"
    station = Station(small_bundle, rules=Rules(site="mill-a"), source=pipeline_source)

    (output,) = [
        one
        for one in station.pipeline.process(feed.records, station.thresholds)
        if one.topic == "alerts"
    ]

    assert output.key == b"pm3/stuck"
    assert {name: value.decode() for name, value in output.headers} == {
        "ce_specversion": "1.0",
        "ce_id": "pm3.stuck.began.2026-11-22T03:40:00Z",
        "ce_source": "/stream-detector/mill-a",
        "ce_type": "io.stream-detector.data-quality.began.v1",
        "ce_time": "2026-11-22T03:40:00Z",
        "ce_subject": "pm3",
        "content-type": "application/json",
    }
    assert read([output]).faults[0]["site"] == "mill-a"


# Silence: ten cadences without a reading, hence 20 minutes.


def after_silence(bundle: Bundle, minutes: float) -> tuple[Station, Feed]:
    """A machine whose last reading was at 03:18, and its feed that goes on so much later."""
    feed, station = Feed(), Station(bundle)
    station.take(feed.rows(10))
    feed.pause(timedelta(minutes=minutes) - CADENCE)
    return station, feed


def at(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def test_a_timer_and_the_next_reading_tell_of_a_silence_with_the_same_bytes(
    small_bundle: Bundle,
) -> None:
    by_reading, feed = after_silence(small_bundle, 60)
    by_timer, _ = after_silence(small_bundle, 60)
    (reading,) = feed.rows(1)

    (timed,) = by_timer.pipeline.silences(START + at(50), {0})
    outputs = by_reading.pipeline.process([reading], by_reading.thresholds)

    assert outputs[0] == timed
    assert by_timer.pipeline.process([reading], by_timer.thresholds) == outputs
    assert [(one["event"], one["event_time"]) for one in read(outputs).faults] == [
        ("began", "2026-11-22T03:38:00Z"),
        ("ended", "2026-11-22T04:18:00Z"),
    ]


def test_a_timer_tells_of_a_silence_once(small_bundle: Bundle) -> None:
    station, feed = after_silence(small_bundle, 60)
    silences = [len(station.pipeline.silences(START + at(m), {0})) for m in (38, 38.1, 38.2, 40)]
    station.take(feed.rows(1))
    later = [len(station.pipeline.silences(START + at(m), {0})) for m in (80, 98.2, 100)]

    # It waits for 10 s more, because Kafka's clock may be another one than ours.
    assert silences == [0, 0, 1, 0]
    assert later == [0, 1, 0]


def test_a_timer_looks_at_when_kafka_heard_of_a_machine(small_bundle: Bundle) -> None:
    # Readings of last week that arrive now are no silence.
    station = Station(small_bundle)
    late = [record._replace(timestamp=START + at(7 * 1440)) for record in Feed().rows(10)]
    station.take(late)

    assert station.pipeline.silences(START + at(7 * 1440 + 19), {0}) == []
    (told,) = station.pipeline.silences(START + at(7 * 1440 + 21), {0})
    assert read([told]).faults[0]["event_time"] == "2026-11-22T03:38:00Z"


def test_a_timer_changes_no_state(small_bundle: Bundle) -> None:
    station, _ = after_silence(small_bundle, 60)
    before = station.state()

    assert station.pipeline.silences(START + at(50), {0})

    assert station.state() == before


def test_a_machine_that_was_never_heard_is_not_silent(small_bundle: Bundle) -> None:
    assert Station(small_bundle).pipeline.silences(START, {0}) == []


def test_a_reading_that_was_kept_back_ends_a_silence_that_a_timer_told(
    small_bundle: Bundle,
) -> None:
    #  event time   03:16   03:18           03:20
    #  in Kafka     03:16   03:18  ......   04:18     a gateway had no connection
    station, feed = after_silence(small_bundle, 2)
    (kept_back,) = feed.rows(1)
    kept_back = kept_back._replace(timestamp=START + at(78))

    (timed,) = station.pipeline.silences(START + at(50), {0})
    outputs = station.pipeline.process([kept_back], station.thresholds)

    assert outputs[0] == timed
    assert read(outputs).told == [("silence began", "03:38"), ("silence ended", "03:20")]


def test_what_comes_late_or_twice_ends_no_silence(small_bundle: Bundle) -> None:
    station, feed = after_silence(small_bundle, 60)
    last = feed.records[-1]

    sent = station.take([last._replace(offset=99, timestamp=START + at(90))])

    assert sent.told == []
    assert len(station.pipeline.silences(START + at(91), {0})) == 1


def test_an_open_alert_stays_open_over_a_silence(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    feed.pause(timedelta(hours=3))
    feed.rows(1)

    sent = Station(small_bundle).take(feed.records)

    assert [one["event"] for one in sent.alerts] == ["raised"]
    assert sent.scores[-1]["alarm"]


def test_an_event_ends_a_silence_too(small_bundle: Bundle) -> None:
    station, feed = after_silence(small_bundle, 60)

    sent = station.take([feed.tell(event="reel-change")])

    assert [one["event"] for one in sent.faults] == ["began", "ended"]


@pytest.mark.parametrize("n_rows", [1, 3])
def test_a_machine_on_a_second_partition_is_told_of(small_bundle: Bundle, n_rows: int) -> None:
    here, there = Feed(), Feed(partition=1)
    there.pause(timedelta(hours=1))
    station = Station(small_bundle)
    station.take(here.rows(10))

    sent = station.take(there.rows(n_rows))

    assert [(one["fault"], one["event"], one["event_time"]) for one in sent.faults] == [
        ("second-partition", "began", "2026-11-22T04:00:00Z")
    ]
    assert sent.faults[0]["event_id"] == "pm3.second-partition.began.1"
    # The partition has a state of its own: the machine starts anew there.
    assert sent.scores[0]["warming_up"]


@pytest.mark.parametrize("order", list(permutations((0, 2, 5))))
def test_whichever_partition_is_recovered_first_a_machine_on_three_is_told_of_alike(
    small_bundle: Bundle, order: tuple[int, ...]
) -> None:
    feeds = {partition: Feed(partition=partition) for partition in order}
    station = Station(small_bundle)
    for partition in order:
        station.pipeline.take_in(feeds[partition].rows(3), station.thresholds)

    first = station.take(feeds[order[-1]].rows(1))
    later = [station.take(feeds[partition].rows(1)).faults for partition in order]

    assert sorted(one["event_id"] for one in first.faults) == [
        "pm3.second-partition.began.2",
        "pm3.second-partition.began.5",
    ]
    assert later == [[], [], []]


def test_a_machine_may_move_where_its_old_partition_was_dropped(small_bundle: Bundle) -> None:
    station = Station(small_bundle)
    station.take(Feed().rows(10))

    station.pipeline.machines.drop(0)

    assert station.take(Feed(partition=1).rows(1)).faults == []
    assert states(station.pipeline) == {}
