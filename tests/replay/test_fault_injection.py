"""How faults are written into a recording, and where."""

import json
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.bundle.directory import Bundle
from stream_detector.errors import SettingsError
from stream_detector.pipeline.readings import Record
from stream_detector.replay.fault_injection import inject
from stream_detector.replay.faults import Fault, parse_faults
from tests.replay.drilled import Drill
from tests.small_models import CADENCE, SENSORS, Feed

FAULTS = tuple(Fault)


def messages(log: Iterable[Record]) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in log]


def feed_of(n_rows: int, machine: str = "pm3", *, partition: int = 0) -> list[Record]:
    return Feed(machine, partition=partition).rows(n_rows)


def test_missing_values_are_written_in_each_of_the_three_ways(small_bundle: Bundle) -> None:
    drill = Drill(small_bundle, Fault.NAN)
    (injection,) = drill.injected.injections
    sensor = injection.what.split()[-1]

    written = [
        (one.value or b"").decode() for one in drill.injected.records[drill.first : drill.last + 1]
    ]

    assert [f'"{sensor}":null' in text for text in written] == [True] * 7 + [False] * 13
    assert [f'"{sensor}":NaN' in text for text in written] == [False] * 7 + [True] * 7 + [False] * 6
    assert [f'"{sensor}"' in text for text in written] == [True] * 14 + [False] * 6


def test_a_stuck_sensor_keeps_the_value_it_had_before(small_bundle: Bundle) -> None:
    drill = Drill(small_bundle, Fault.STUCK)
    (injection,) = drill.injected.injections
    sensor = injection.what.split()[0]
    before, after = messages(drill.records), messages(drill.injected.records)

    rows = range(drill.first, drill.last + 1)
    assert {after[row]["values"][sensor] for row in rows} == {
        before[drill.first - 1]["values"][sensor]
    }
    for row in range(200):
        after[row]["values"][sensor] = before[row]["values"][sensor]
    assert after == before


def test_a_frozen_feed_goes_on_in_time_only(small_bundle: Bundle) -> None:
    drill = Drill(small_bundle, Fault.FROZEN)
    before, after = messages(drill.records), messages(drill.injected.records)

    frozen = after[drill.first : drill.last + 1]
    assert all(one["values"] == before[drill.first - 1]["values"] for one in frozen)
    assert [one["time"] for one in after] == [one["time"] for one in before]


def test_a_gap_is_longer_than_a_silence(small_bundle: Bundle) -> None:
    drill = Drill(small_bundle, Fault.GAP)

    offsets = [one.offset for one in drill.injected.records]

    # Ten cadences without a reading are a silence when the step is longer than that.
    assert drill.last - drill.first + 1 == 10
    assert offsets == [i for i in range(200) if not drill.first <= i <= drill.last]


def test_late_readings_come_again_five_readings_later(small_bundle: Bundle) -> None:
    drill = Drill(small_bundle, Fault.LATE)
    first, log = drill.first, drill.injected.records

    rows = [(one["time"], record.timestamp) for one, record in zip(messages(log), log, strict=True)]
    times = [time for time, _ in rows[first : first + 25]]
    alone = [times[i] for i in (0, 1, 2, 3, 4, 5, 7, 9)]
    assert times[6] == times[0]
    assert times[8] == times[1]
    assert alone == sorted(set(alone))
    # Kafka takes the copy with the reading that it comes behind.
    assert rows[first + 6][1] == rows[first + 5][1] == rows[first][1] + 5 * CADENCE
    assert [one.offset for one in log] == list(range(210))


def test_a_wrong_clock_is_a_day_ahead_of_kafka_too(small_bundle: Bundle) -> None:
    """The readings were published a week after they were taken."""
    log = [one._replace(timestamp=one.timestamp + timedelta(days=7)) for one in feed_of(80)]

    injected = inject(log, [Fault.CLOCK], small_bundle.model)

    wrong = [k for k, one in enumerate(injected.records) if one is not log[k]]
    assert len(wrong) == 3
    for k in wrong:
        assert injected.records[k].timestamp == log[k].timestamp
        time = messages([injected.records[k]])[0]["time"]
        assert time == (log[k].timestamp + timedelta(days=1)).isoformat().replace("+00:00", "Z")


def test_what_a_sender_adds_to_its_readings_stays(small_bundle: Bundle) -> None:
    feed = Feed()
    for _ in range(80):
        feed.tell(values={"speed": 1, "other": 2.50}, mode="grade-42", quality={"plc": "ok"})

    injected = inject(feed.records, [Fault.CLOCK], small_bundle.model)

    for one in messages(injected.records):
        assert one["values"] == {"speed": 1, "other": 2.50}
        assert (one["mode"], one["quality"]) == ("grade-42", {"plc": "ok"})


def test_what_is_no_reading_stays_where_it_is(small_bundle: Bundle) -> None:
    feed = Feed()
    for _ in range(50):
        feed.rows(10)
        feed.message(b"Guten Morgen")
        feed.tell(event="reel-change")

    injected = inject(feed.records, FAULTS, small_bundle.model)

    assert injected.not_played == []
    kept = [one.value for one in injected.records]
    assert kept.count(b"Guten Morgen") == 50
    assert sum(b'"reel-change"' in (value or b"") for value in kept) == 50


@given(seed=st.integers(0, 2**32))
def test_faults_stand_apart_and_all_else_is_as_it_was(small_bundle: Bundle, seed: int) -> None:
    log = feed_of(600)

    injected = inject(log, FAULTS, small_bundle.model, seed=seed)

    assert inject(log, FAULTS, small_bundle.model, seed=seed) == injected
    assert [one.fault for one in injected.injections] == list(FAULTS)
    watched = sorted((one.watched_from, one.watched_to) for one in injected.injections)
    assert all(end < start for (_, end), (start, _) in pairwise(watched))
    offsets = [one.offset for one in injected.records]
    assert offsets == sorted(set(offsets))
    # What the injections do not name is the recording's own, byte for byte.
    written = frozenset[tuple[int, int]]().union(*(one.written for one in injected.injections))
    own = [one.value for one in injected.records if (0, one.offset) not in written]
    values = iter(one.value for one in log)
    assert all(value in values for value in own)


def test_other_seeds_are_other_places(small_bundle: Bundle) -> None:
    log = feed_of(600)

    starts = {
        inject(log, [Fault.CLOCK], small_bundle.model, seed=seed).injections[0].start
        for seed in range(20)
    }

    assert len(starts) > 15
    assert max(starts) - min(starts) > timedelta(minutes=600)


def test_faults_are_spread_over_machines_and_partitions(small_bundle: Bundle) -> None:
    logs = [feed_of(150, f"pm{k}", partition=k % 2) for k in range(4)]
    mixed = [one for rows in zip(*logs, strict=True) for one in rows]
    ends = {0: 0, 1: 0}
    for i, one in enumerate(mixed):
        mixed[i] = one._replace(offset=ends[one.partition])
        ends[one.partition] += 1

    injected = inject(mixed, FAULTS, small_bundle.model)

    assert injected.not_played == []
    assert {one.machine for one in injected.injections} == {"pm0", "pm1", "pm2", "pm3"}
    for partition in (0, 1):
        offsets = [one.offset for one in injected.records if one.partition == partition]
        assert offsets == sorted(set(offsets))


def test_a_place_without_a_process_event_is_taken_where_there_is_one(small_bundle: Bundle) -> None:
    feed = Feed()
    for _ in range(20):
        feed.rows(9)
        feed.tell(values=dict.fromkeys(SENSORS, 1.0), event="break")

    for seed in range(20):
        (one,) = inject(feed.records, [Fault.CLOCK], small_bundle.model, seed=seed).injections
        rows = [(time - feed.records[0].timestamp) // CADENCE for time in (one.start, one.end)]
        assert not any(row % 10 == 9 for row in range(rows[0], rows[1] + 1))


@pytest.mark.parametrize(
    ("n_rows", "why"), [(0, "no machine has readings"), (60, "no machine has 80 readings free")]
)
def test_a_recording_too_short_for_a_fault_is_left_alone(
    small_bundle: Bundle, n_rows: int, why: str
) -> None:
    log = feed_of(n_rows)

    injected = inject(log, [Fault.STUCK], small_bundle.model)

    assert (injected.records, injected.injections) == (log, [])
    ((fault, reason),) = injected.not_played
    assert fault is Fault.STUCK
    assert reason.startswith(why)


def test_names_are_read_once_each() -> None:
    assert parse_faults("gap, nan,gap") == (Fault.GAP, Fault.NAN)


@pytest.mark.parametrize("text", ["", "nan,", "nun", "NAN", "nan;gap"])
def test_a_name_that_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected some of nan,stuck,frozen,gap,late,dup"):
        parse_faults(text)
