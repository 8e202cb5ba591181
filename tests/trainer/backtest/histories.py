"""A small machine that breaks now and then, to be judged by folds in seconds."""

import dataclasses

import numpy as np

from stream_detector.replay.recording import Recording
from tests.small_models import BROKEN_STEAM, normal_recording, recording_of

N_ROWS = 1200
OUTCOMES = (250, 700, 800, 950, 1100)
FAULTS = (699, 900, 949)
"""Rows with a steam pressure that no machine has: two before an outcome, one of its own."""

CUTS = (0.5, 0.75, 1.0)
"""Rows 600 to 900, and 900 to 1200."""


def breaking(*, seed: int = 3) -> Recording:
    values = normal_recording(N_ROWS, seed=seed).values.copy()
    values[list(FAULTS), 2] = BROKEN_STEAM
    return recording_of(values, outcomes=OUTCOMES)


def changed_after(recording: Recording, row: int) -> Recording:
    """The same up to a row; from there on all values are others, and every tenth is labelled."""
    values, labels = recording.values.copy(), np.zeros(recording.n_rows, bool)
    if recording.labels is not None:
        labels |= recording.labels
    values[row:] = normal_recording(recording.n_rows - row, seed=99).values * 1.01
    labels[row:] = np.arange(recording.n_rows - row) % 10 == 5
    return dataclasses.replace(recording, values=values, labels=labels)
