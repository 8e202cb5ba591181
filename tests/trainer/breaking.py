"""A machine whose steam becomes restless before the sheet breaks, and its history."""

import dataclasses

import numpy as np

from stream_detector.replay.recording import Recording
from tests.small_models import CADENCE, SENSORS, Process, recording_of

STANDSTILL = 15
"""Rows' time between a break and the restart."""

RESTLESS_ROWS = 8
"""Before a break, but for every fourth one, which comes without a warning."""


def breaking_history(n_breaks: int, *, seed: int = 7) -> Recording:
    """A history with so many breaks: one at the end of each run of 60 to 120 readings."""
    rng, process = np.random.default_rng(seed), Process(seed)
    steam = SENSORS.index("steam")
    values, rows, broke = [], [], []
    row = 0
    for number in range(n_breaks):
        run = np.array([process.next_row() for _ in range(rng.integers(60, 120))])
        if number % 4:
            run[-RESTLESS_ROWS - 1 : -1, steam] += 0.1 * (-1) ** np.arange(RESTLESS_ROWS)
        values.append(run)
        rows.append(np.arange(row, row + len(run)))
        broke.append(row + len(run) - 1)
        row += len(run) + STANDSTILL
    numbers = np.concatenate(rows)
    recording = recording_of(
        np.concatenate(values), outcomes=np.flatnonzero(np.isin(numbers, broke)).tolist()
    )
    start = recording.times[0]
    return dataclasses.replace(recording, times=start + numbers * np.timedelta64(CADENCE))
