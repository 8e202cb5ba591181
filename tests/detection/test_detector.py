"""One reading's score is a function of its machine's past, whatever batch it comes in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.contributions import sensor_shares
from stream_detector.detection.detector import Detector
from stream_detector.detection.feed_health import Quality, QualityState
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState
from tests.small_models import BROKEN_STEAM, SENSORS, START, Process

MACHINES = ("pm1", "pm2", "pm3")


class Step(NamedTuple):
    """What a machine does next."""

    machine: int
    minutes: int
    missing: frozenset[int]
    lift: float
    event: str | None


steps = st.builds(
    Step,
    machine=st.integers(0, 2),
    minutes=st.sampled_from([2, 2, 2, 2, 2, 2, 60, 0, -2]),
    missing=st.frozensets(st.integers(0, 4), max_size=3) | st.just(frozenset()),
    lift=st.sampled_from([0.0, 0.0, 0.0, 1.0, 1e300]),
    event=st.sampled_from([None] * 9 + ["break"]),
)


def readings_of(steps: Sequence[Step]) -> list[Reading]:
    """Readings of three machines, in the order of the steps."""
    processes = [Process(seed) for seed in range(3)]
    clocks = [START] * 3
    readings = []
    for step in steps:
        clocks[step.machine] += timedelta(minutes=step.minutes)
        row = processes[step.machine].next_row() + step.lift
        values = tuple(None if i in step.missing else v for i, v in enumerate(row.tolist()))
        name, time = MACHINES[step.machine], clocks[step.machine]
        readings.append(Reading(name, time, values, event=step.event))
    return readings


def normal_readings(n_rows: int) -> list[Reading]:
    return readings_of([Step(0, 2, frozenset(), 0.0, None)] * n_rows)


class Plant:
    """A detector and the states of its machines."""

    def __init__(self, bundle: Bundle) -> None:
        self.detector = Detector(bundle.model, run_ending_events=frozenset({"break"}))
        self.states: dict[str, DetectorState] = {}

    def score(self, readings: Sequence[Reading]) -> list[tuple[Any, ...]]:
        """Score a batch, and write down all that was said of it."""
        return list(map(told, self.scored(readings)))

    def scored(self, readings: Sequence[Reading]) -> list[Scored]:
        states = [
            self.states.setdefault(one.machine, self.detector.new_state()) for one in readings
        ]
        return self.detector.score(readings, states)

    def snapshots(self) -> dict[str, Any]:
        return {name: state.snapshot() for name, state in self.states.items()}


def told(one: Scored) -> tuple[Any, ...]:
    """All that is said of a reading, to the last bit."""
    explanation = one.evidence and (
        sensor_shares([one.evidence], n_sensors=len(SENSORS)).tobytes(),
        one.evidence.expected_row,
        one.evidence.surprises,
    )
    return (
        one.status,
        one.score,
        one.quality,
        one.run_start,
        one.window_start,
        one.first_of_run,
        one.warming_up,
        one.feed_events,
        explanation,
    )


def one_by_one(bundle: Bundle, readings: Sequence[Reading]) -> tuple[list[Any], dict[str, Any]]:
    """What is said of readings that come alone, machine after machine."""
    said: dict[int, Any] = {}
    plant = Plant(bundle)
    for name in MACHINES:
        for i, reading in enumerate(readings):
            if reading.machine == name:
                (said[i],) = plant.score([reading])
    return [said[i] for i in range(len(readings))], plant.snapshots()


@settings(max_examples=60)
@given(steps=st.lists(steps, max_size=80), sizes=st.lists(st.integers(1, 30), max_size=10))
def test_neither_batches_nor_neighbours_change_a_bit(
    small_bundle: Bundle, steps: list[Step], sizes: list[int]
) -> None:
    readings = readings_of(steps)
    plant, rest, said = Plant(small_bundle), readings, []
    for size in [*sizes, len(readings)]:
        said += plant.score(rest[:size])
        rest = rest[size:]

    alone, states = one_by_one(small_bundle, readings)
    assert said == alone
    assert plant.snapshots() == states


@pytest.mark.parametrize("size", [2, 5, 16, 63, 64, 65, 300])
def test_no_size_of_batch_changes_a_bit(small_bundle: Bundle, size: int) -> None:
    readings = normal_readings(300)
    plant = Plant(small_bundle)

    said = [one for i in range(0, 300, size) for one in plant.score(readings[i : i + size])]

    assert said == one_by_one(small_bundle, readings)[0]


@settings(max_examples=40)
@given(steps=st.lists(steps, min_size=1, max_size=60), data=st.data())
def test_a_state_goes_on_from_its_snapshot_bit_for_bit(
    small_bundle: Bundle, steps: list[Step], data: st.DataObject
) -> None:
    readings = readings_of(steps)
    at = data.draw(st.integers(0, len(readings)))
    plant, restored = Plant(small_bundle), Plant(small_bundle)
    plant.score(readings[:at])

    # Through MessagePack: a snapshot is plain data and nothing else.
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(plant.snapshots()))
    restored.states = {
        name: DetectorState.restore(snapshot, n_sensors=len(SENSORS), window_size=5)
        for name, snapshot in kept.items()
    }

    assert restored.score(readings[at:]) == plant.score(readings[at:])
    assert restored.snapshots() == plant.snapshots()


@settings(max_examples=40)
@given(past=st.lists(steps, max_size=40), futures=st.tuples(*[st.lists(steps, max_size=9)] * 2))
def test_the_future_does_not_change_the_past(
    small_bundle: Bundle, past: list[Step], futures: tuple[list[Step], list[Step]]
) -> None:
    said = [
        Plant(small_bundle).score(readings_of([*past, *future]))[: len(past)] for future in futures
    ]

    assert said[0] == said[1]


def test_a_snapshot_of_another_model_is_refused(small_bundle: Bundle) -> None:
    snapshot = Plant(small_bundle).detector.new_state().snapshot()

    with pytest.raises(ValueError, match="not of 7 sensors"):
        DetectorState.restore(snapshot, n_sensors=7, window_size=5)


def last_score(bundle: Bundle, readings: Sequence[Reading]) -> float:
    (*_, one) = Plant(bundle).scored(readings)
    assert one.score is not None
    return one.score


def with_steam(readings: Sequence[Reading], steam: float | None) -> list[Reading]:
    """The same, with another value of steam in the last reading."""
    (*before, last) = readings
    values = last.values or ()
    return [*before, structs.replace(last, values=(*values[:2], steam, *values[3:]))]


@pytest.mark.parametrize("n_rows", [10, 20, 30, 40])
def test_without_its_odd_sensor_a_reading_is_as_normal_as_the_others_say(
    small_bundle: Bundle, n_rows: int
) -> None:
    readings = normal_readings(n_rows)
    as_it_was = last_score(small_bundle, readings)
    odd = last_score(small_bundle, with_steam(readings, BROKEN_STEAM))
    missing = last_score(small_bundle, with_steam(readings, None))

    assert abs(missing - as_it_was) < 1.5
    assert odd > 10.0


def test_a_sensor_that_is_left_out_has_no_share(small_bundle: Bundle) -> None:
    (*_, one) = Plant(small_bundle).scored(with_steam(normal_readings(20), None))

    assert one.quality == Quality(QualityState.UNCERTAIN, 4, 5)
    assert one.evidence is not None
    (shares,) = sensor_shares([one.evidence], n_sensors=len(SENSORS))
    assert shares[2] == 0.0
    assert shares.sum() == pytest.approx(1.0)


def test_a_fault_is_found_while_another_sensor_is_missing(small_bundle: Bundle) -> None:
    (*before, last) = with_steam(normal_readings(31), BROKEN_STEAM)
    fault = structs.replace(last, values=(*(last.values or ())[:4], None))

    (*_, one) = Plant(small_bundle).scored([*before, fault])

    assert one.score is not None
    assert one.score > 10.0
    assert one.evidence is not None
    shares = sensor_shares([one.evidence], n_sensors=len(SENSORS))
    assert SENSORS[int(np.argmax(shares))] == "steam"


def test_no_readings_give_no_scores(small_bundle: Bundle) -> None:
    assert Plant(small_bundle).scored([]) == []


def test_a_batch_of_events_needs_no_graph(small_bundle: Bundle) -> None:
    event = Reading("pm1", START, None, event="break")

    assert [one.status for one in Plant(small_bundle).scored([event])] == [Status.EVENT]
