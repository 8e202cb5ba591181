"""Training rows are cut at the edges of runs, and are what the live code makes of the readings."""

import dataclasses
from datetime import UTC

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.detection.conditioning import clip
from stream_detector.replay.recording import Recording
from tests.small_models import normal_recording, recording_of
from tests.trainer.histories import FOUR_MINUTES, prepared, with_gaps
from tests.trainer.live import live_rows
from trainer.history import measure_timing, rows_before_outcomes

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
def test_live_rows_equal_training_rows_bit_for_bit(
    outcomes: list[int], gaps: list[int], sizes: list[int]
) -> None:
    recording = recording_of(normal_recording(400).values, outcomes=outcomes)
    recording = spoiled(with_gaps(recording, gaps))
    rows = prepared(recording)

    scored, seen = live_rows(recording, measure_timing(recording), rows, sizes=sizes)

    before = rows_before_outcomes(recording, horizon=FOUR_MINUTES)
    judged = [n for n, one in enumerate(scored) if one.score is not None]
    normal = [k for k, n in enumerate(judged) if not before[n]]
    np.testing.assert_array_equal(np.array(seen.windows)[normal], rows.windows)
    np.testing.assert_array_equal(np.array(seen.deviations)[normal], rows.deviations)
    assert [scored[judged[k]].reading.time for k in normal] == [
        time.replace(tzinfo=UTC) for time in rows.times.tolist()
    ]
