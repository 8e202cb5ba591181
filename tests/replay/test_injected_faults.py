"""What each fault of a feed does to scores and alerts, and what it must not do."""

import json
import math
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from stream_detector.alerting.life import Change
from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.replay.fault_drill import drill
from stream_detector.replay.fault_injection import inject
from stream_detector.replay.faults import Fault
from stream_detector.replay.records import records
from stream_detector.replay.replaying import replay
from tests.replay.drilled import HIGH, Drill, scores_of
from tests.small_models import BROKEN_STEAM, SENSORS, Feed, normal_recording

FAULTS = list(Fault)
SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_alert_is_raised_because_of_a_fault_of_the_feed(
    small_bundle: Bundle, fault: Fault, seed: int
) -> None:
    effect = Drill(small_bundle, fault, seed=seed).run()

    assert effect.faulty.changes == {"before": {}, "during": {}, "after": {}}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_the_feed_clears_an_alert(
    small_bundle: Bundle, fault: Fault, seed: int
) -> None:
    """Steam is broken all the time; with some seeds it is also what falls silent."""
    drill = Drill(small_bundle, fault, seed=seed)
    drill.break_steam(drill.first - 6, drill.last)

    changes = drill.run().faulty.changes

    assert changes["before"][Change.RAISED] == 1
    assert changes["during"][Change.CLEARED] == 0
    # The readings after it show that steam is well again.
    assert (changes["after"][Change.RAISED], changes["after"][Change.CLEARED]) == (0, 1)


@pytest.mark.parametrize(
    "fault", [Fault.NAN, Fault.STUCK, Fault.LATE, Fault.DUPLICATE, Fault.RESTART]
)
def test_the_other_sensors_are_still_judged(small_bundle: Bundle, fault: Fault) -> None:
    """Steam breaks in the last readings of the fault, which is in another sensor."""
    drill = Drill(small_bundle, fault, seed=2)
    assert "steam" not in drill.injected.injections[0].what
    drill.break_steam(drill.last - 4, drill.last)

    assert drill.run().faulty.changes["during"][Change.RAISED] == 1


@pytest.mark.parametrize("fault", [Fault.FROZEN, Fault.GAP, Fault.CLOCK])
def test_what_began_unseen_is_found_once_readings_are_judged_again(
    small_bundle: Bundle, fault: Fault
) -> None:
    drill = Drill(small_bundle, fault)
    drill.break_steam(drill.last - 1, drill.last + 2)

    assert drill.run().faulty.changes["after"][Change.RAISED] == 1


@pytest.mark.parametrize(
    ("fault", "during"),
    [
        (Fault.NAN, {"uncertain": 20}),
        (Fault.STUCK, {"good": 19, "uncertain": 21}),  # 20 without a change: it is stuck
        (Fault.FROZEN, {"good": 1, "bad": 21}),  # 2 without a change: it is frozen
        (Fault.GAP, {}),
        (Fault.LATE, {"good": 15, "late": 10}),
        (Fault.DUPLICATE, {"good": 10, "duplicate": 10}),
        (Fault.CLOCK, {"clock": 3}),
        (Fault.RESTART, {"good": 20}),
    ],
)
def test_each_fault_is_told_in_the_quality_of_its_readings_and_in_no_other(
    small_bundle: Bundle, fault: Fault, during: dict[str, int]
) -> None:
    readings = Drill(small_bundle, fault).run().faulty.readings

    assert readings["during"] == during
    assert readings["before"] == readings["after"] == {"good": 20}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.STUCK, [("stuck", True, 19), ("stuck", False, 40)]),
        (Fault.FROZEN, [("frozen", True, 1), ("frozen", False, 22)]),
        (Fault.GAP, [("silence", True, 9), ("silence", False, 10)]),
        *[(one, []) for one in FAULTS if one not in {"stuck", "frozen", "gap"}],
    ],
)
def test_what_lasts_is_told_when_it_begins_and_when_it_ends(
    small_bundle: Bundle, fault: Fault, told: list[tuple[str, bool, int]]
) -> None:
    effect = Drill(small_bundle, fault).run()

    start = effect.injection.start
    assert [
        (one.fault, one.began, (one.time - start).total_seconds() / 120) for one in effect.events
    ] == told


@pytest.mark.parametrize("fault", [Fault.LATE, Fault.DUPLICATE, Fault.RESTART])
def test_what_comes_late_or_twice_changes_no_bit_of_any_score(
    small_bundle: Bundle, fault: Fault
) -> None:
    drill = Drill(small_bundle, fault)

    assert scores_of(small_bundle, drill.injected.records) == scores_of(small_bundle, drill.records)


@pytest.mark.parametrize("fault", [Fault.GAP, Fault.CLOCK])
def test_after_readings_that_did_not_enter_scores_are_as_if_they_had_never_been(
    small_bundle: Bundle, fault: Fault
) -> None:
    drill = Drill(small_bundle, fault)
    rows = range(drill.first, drill.last + 1)
    without = [one for one in drill.records if one.offset not in rows]

    assert scores_of(small_bundle, drill.injected.records) == scores_of(small_bundle, without)


@pytest.mark.parametrize("fault", [Fault.NAN, Fault.STUCK, Fault.FROZEN, Fault.GAP, Fault.CLOCK])
def test_twenty_readings_after_a_fault_scores_are_as_without_it(
    small_bundle: Bundle, fault: Fault
) -> None:
    """Up to what a running mean of half-life 7 remembers."""
    drill = Drill(small_bundle, fault)
    plain, faulty = (
        scores_of(small_bundle, drill.records),
        scores_of(small_bundle, drill.injected.records),
    )

    for row in range(drill.last + 20, 200):
        assert faulty[row] == pytest.approx(plain[row], abs=0.3)


def test_one_missing_cell_changes_the_score_little(small_bundle: Bundle) -> None:
    """That of its own reading, and of those whose windows it is in: always a number, mostly near.

    At the most, a sensor stood far off where the others let expect it: back in one reading, and
    away again.
    """
    feed = Feed()
    feed.rows(40)
    log, plain = feed.records, scores_of(small_bundle, feed.records)
    changes = []
    for row, sensor in product(range(20, 40), SENSORS):
        message = json.loads(log[row].value or b"")
        message["values"][sensor] = math.nan
        cell = log[row]._replace(value=json.dumps(message).encode())
        faulty = scores_of(small_bundle, [*log[:row], cell, *log[row + 1 :]])
        changes += [abs(faulty[i] - plain[i]) for i in range(row, 40)]

    assert np.median(changes) < 0.1
    assert np.quantile(changes, 0.9) < 0.8
    assert max(changes) < 3.0


def test_a_frozen_feed_has_no_score(small_bundle: Bundle) -> None:
    drill = Drill(small_bundle, Fault.FROZEN)

    scores = scores_of(small_bundle, drill.injected.records)

    unscored = [row for row, score in scores.items() if score < 0]
    assert unscored == list(range(drill.first + 1, drill.last + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restart_changes_no_byte(small_bundle: Bundle, tmp_path: Path, seed: int) -> None:
    """Also in the midst of an alert, of a stuck sensor and of a run's first readings."""
    recording = normal_recording(160, seed=3)
    recording.values[50:110, SENSORS.index("steam")] = BROKEN_STEAM
    log = list(records(recording, Rules()))
    del log[80:84]
    new_pipeline = partial(Pipeline, small_bundle, Rules())
    plain, restarted = (
        (tmp_path / "plain", tmp_path / "plain.csv"),
        (tmp_path / "a", tmp_path / "b"),
    )
    replay(log, new_pipeline(), HIGH, alerts=plain[0], scores=plain[1])

    injected = inject(log, [Fault.RESTART], small_bundle.model, seed=seed)
    drill(log, injected, new_pipeline, HIGH, alerts=restarted[0], scores=restarted[1])

    assert [one.read_bytes() for one in restarted] == [one.read_bytes() for one in plain]
    assert b'"stuck"' in plain[0].read_bytes()
