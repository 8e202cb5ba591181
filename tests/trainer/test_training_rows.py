"""Training rows are cut at the edges of runs, and are what the live code makes of the readings."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import read_bundle
from stream_detector.detection.conditioning import clip
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.threshold import Budget, Rate
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from tests.small_models import (
    fit_small_bundle,
    normal_recording,
    recording_of,
    train_small_model,
    write_model,
)
from tests.trainer.histories import FOUR_MINUTES, prepared, with_gaps
from tests.trainer.live import live_rows
from trainer.history import rows_before_outcomes
from trainer.training import TrainedModel

rows_of_400 = st.lists(st.integers(1, 399), max_size=8, unique=True)


@settings(max_examples=20)
@given(outcomes=rows_of_400, gaps=rows_of_400, window_size=st.sampled_from([4, 7]))
def test_windows_cross_neither_gaps_nor_breaks(
    outcomes: list[int], gaps: list[int], window_size: int
) -> None:
    recording = with_gaps(recording_of(normal_recording(400).values, outcomes=outcomes), gaps)
    rows = prepared(recording, window_size=window_size)

    # By the book: cut the series into runs, repeat the first row of each, take windows.
    before = rows_before_outcomes(recording, horizon=FOUR_MINUTES)
    scaled = clip(rows.conditioning.scale(recording.values))
    expected, runs = [], []
    start = 0
    for row in range(400):
        if row in gaps or row - 1 in outcomes:
            start = row
        if row not in outcomes and not before[row]:
            wanted = np.maximum(np.arange(row - window_size + 1, row + 1), start)
            expected.append(scaled[wanted])
            runs.append(start)
    np.testing.assert_array_equal(rows.windows, expected)
    changes = np.diff(rows.run_numbers) > 0
    assert changes.tolist() == (np.diff(runs) > 0).tolist()


def spoiled(recording: Recording) -> Recording:
    """Some values missing, some impossible, some rows late or twice."""
    random = np.random.default_rng(seed=7)
    values, times = recording.values.copy(), recording.times.copy()
    values[random.random(values.shape) < 0.03] = np.nan
    values[::37, 4] = 101.0  # moisture has limits
    values[::50, :3] = np.nan  # too little to judge
    times[20::90] = times[10::90][: len(times[20::90])]
    return dataclasses.replace(recording, values=values, times=times)


@settings(max_examples=10)
@given(outcomes=rows_of_400, gaps=rows_of_400, sizes=st.lists(st.integers(1, 99), max_size=6))
def test_rows_of_the_written_bundle_equal_training_rows_bit_for_bit(
    outcomes: list[int], gaps: list[int], sizes: list[int]
) -> None:
    recording = recording_of(normal_recording(400).values, outcomes=outcomes)
    recording = spoiled(with_gaps(recording, gaps))
    trained = train_small_model(recording)
    rows = trained.rows
    with TemporaryDirectory() as folder:
        write_model(Path(folder, "bundle"), trained)
        bundle = read_bundle(Path(folder, "bundle"))

    scored, seen = live_rows(recording, bundle.model, sizes=sizes)

    before = rows_before_outcomes(recording, horizon=FOUR_MINUTES)
    judged = [n for n, one in enumerate(scored) if one.score is not None]
    normal = [k for k, n in enumerate(judged) if not before[n]]
    np.testing.assert_array_equal(np.array(seen.windows)[normal], rows.windows)
    np.testing.assert_array_equal(np.array(seen.deviations)[normal], rows.deviations)
    assert [scored[judged[k]].reading.time for k in normal] == [
        time.replace(tzinfo=UTC) for time in rows.times.tolist()
    ]


def test_a_sensor_is_unseen_once_the_whole_window_holds_no_value_of_it() -> None:
    #  row          99 100 101 102 103 104 105 106
    #  speed         x   -   -   -   -   -   -   x      window of 5
    #  draw          x   x   x   -   x   x   x   x
    recording = normal_recording(400)
    values = recording.values.copy()
    values[100:106, 0] = values[102, 1] = np.nan

    rows = prepared(dataclasses.replace(recording, values=values))

    assert rows.n_left_out[99:107].tolist() == [0, 1, 1, 2, 1, 1, 1, 0]
    assert rows.n_unseen[99:107].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]


def test_a_sensor_that_never_changes_where_a_model_trains_is_named_in_a_note() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    # One of them changes, in a row that does not train.
    values[:, 0] = values[:, 1] = 1.0
    values[200, 1] = 0.0
    still = recording_of(values, outcomes=[200])

    (note,) = (one for one in train_small_model(still).notes if "stood still" in one)

    assert prepared(still).still == (recording.sensors[0], recording.sensors[1])
    assert note.startswith(f"{recording.sensors[0]!r}, {recording.sensors[1]!r} stood still in all")
    assert prepared(recording).still == ()


@pytest.mark.parametrize("share_missing", [0.3, 0.4])
def test_rows_with_missing_sensors_are_over_a_rate_as_often_as_it_says(
    tmp_path: Path, share_missing: float
) -> None:
    random = np.random.default_rng(seed=7)
    values = 0.6 * random.normal(size=(3000, 1)) + 0.8 * random.normal(size=(3000, 20))
    values[random.random(values.shape) < share_missing] = np.nan
    recording = recording_of(values, sensors=[f"x{i}" for i in range(20)])
    bundle = fit_small_bundle(tmp_path / "bundle", recording)

    table = ThresholdTable(Rate(0.01))
    judged = list(verdicts(records(recording, Rules()), Pipeline(bundle, Rules()), table))

    over = [one.anomaly.over for one in judged if isinstance(one, Verdict) and one.scored.evidence]
    assert np.mean(over) == pytest.approx(0.01, abs=0.006)


TRIPS = Rules(rules=(Rule(name="trip-soon", outcome="trip"),), run_ending_events=("trip",))


def test_an_outcome_of_another_name_ends_runs_in_training_and_in_replay() -> None:
    recording = recording_of(normal_recording(400).values, outcomes=[100, 200])

    model = train_small_model(recording, rules=TRIPS)

    as_breaks = prepared(recording)
    np.testing.assert_array_equal(model.rows.windows, as_breaks.windows)
    assert np.unique(model.rows.run_numbers).size == 3
    events = {n: one.status for n, one in replayed(recording, model, TRIPS) if one.reading.event}
    assert events == {100: Status.EVENT, 200: Status.EVENT}
    first = [n for n, one in replayed(recording, model, TRIPS) if one.first_of_run]
    assert first == [0, 101, 201]


def replayed(
    recording: Recording, model: TrainedModel, rules: Rules
) -> Iterator[tuple[int, Scored]]:
    """What the pipeline says of every row."""
    with TemporaryDirectory() as folder:
        write_model(Path(folder, "bundle"), model)
        pipeline = Pipeline(read_bundle(Path(folder, "bundle")), rules)
        table = ThresholdTable(Budget(6.0))
        for one in verdicts(records(recording, rules), pipeline, table):
            assert isinstance(one, Verdict)
            yield one.record.offset, one.scored
