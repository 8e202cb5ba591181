"""Histories to train on, and what becomes of them."""

import dataclasses
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.replay.recording import Recording
from trainer.history import measure_timing
from trainer.training_rows import TrainingRows, prepare

FOUR_MINUTES = timedelta(minutes=4)
"""The warning horizon."""


def prepared(recording: Recording, *, window_size: int = 5) -> TrainingRows:
    timing = measure_timing(recording)
    return prepare(recording, timing, window_size=window_size, rules=Rules())


def with_values(recording: Recording, values: NDArray[np.float64]) -> Recording:
    return dataclasses.replace(recording, values=values)


def with_gaps(recording: Recording, rows: list[int]) -> Recording:
    """The same, with an hour's pause before each of these rows."""
    pauses = np.isin(np.arange(recording.n_rows), rows).cumsum() * np.timedelta64(1, "h")
    return dataclasses.replace(recording, times=recording.times + pauses)
