"""Stretches that a historian drew between two readings, and what was known inside them.

A historian that keeps one reading in ten minutes and is asked for one in two draws straight lines
between them. A value inside such a line depends on the reading at its end, minutes in the future:
what is learned from it cannot be had live. Held, a line stays at its first reading until its last.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.replay.recording import Recording

_SAME_STEP = 1e-3
"""Share of a step by which the next one may differ, ..."""

_ROUNDING = 2e-7
"""... and share of the value: what is written with seven digits is rounded by half of that."""

_LEAST_STEPS = 3
"""Equal steps in a row that are no accident, ..."""

DRAWN = 0.1
"""... or not in so many rows: what is written with few digits makes some by chance."""


class Held(NamedTuple):
    """A recording without what was drawn into it.

    Parameters
    ----------
    recording : Recording
    shares : float64 array, shape (p,)
        Of each sensor's rows, those that were inside a line.
    """

    recording: Recording
    shares: NDArray[np.float64]

    @property
    def n_drawn(self) -> int:
        """Sensors of which a tenth of the rows or more was drawn; less is an accident."""
        return int((self.shares >= DRAWN).sum())


def hold(recording: Recording) -> Held:
    """Take back what was drawn between readings."""
    values = recording.values.copy()
    times = recording.times.astype("datetime64[us]").astype(np.float64)
    inside = np.zeros(values.shape, bool)
    for column in range(values.shape[1]):
        inside[:, column] = inside_lines(times, values[:, column])
    # A line's first reading stands for the rest of it.
    known = np.where(inside, 0, np.arange(len(values))[:, None])
    first = np.maximum.accumulate(known, axis=0)
    held = np.take_along_axis(values, first, axis=0)
    return Held(dataclasses.replace(recording, values=held), inside.mean(axis=0))


def inside_lines(times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the rows inside exactly straight stretches of one sensor, without either end.

    A stretch has three equal steps or more; one that does not rise or fall is none, for a value
    that rests depends on no later one.

    Parameters
    ----------
    times : float64 array, shape (n,)
        In any unit.
    values : float64 array, shape (n,)
        NaN is a missing value: it ends a stretch.

    Examples
    --------
    >>> values = np.array([5.0, 5.0, 5.0, 1.0, 2.0, 3.0, 4.0, 4.5, 5.0])
    >>> inside_lines(np.arange(9.0), values).astype(int)
    array([0, 0, 0, 0, 1, 1, 0, 0, 0])
    """
    inside = np.zeros(len(values), bool)
    if len(values) <= _LEAST_STEPS:
        return inside
    spans = np.diff(times)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.diff(values) / spans
    rounding = _ROUNDING * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    moves = np.abs(slopes * spans) > 10 * rounding
    # Slopes of two steps that follow each other, in units of the value over the shorter step.
    bends = np.abs(np.diff(slopes)) * np.minimum(spans[1:], spans[:-1])
    steps = np.minimum(np.abs(slopes[1:] * spans[1:]), np.abs(slopes[:-1] * spans[:-1]))
    allowed = _SAME_STEP * steps + 2 * np.maximum(rounding[1:], rounding[:-1])
    straight = (bends <= allowed) & moves[1:] & moves[:-1]
    begins = np.flatnonzero(straight & ~np.concatenate([[False], straight[:-1]]))
    ends = np.flatnonzero(straight & ~np.concatenate([straight[1:], [False]]))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if end - begin + 2 >= _LEAST_STEPS:
            inside[begin + 1 : end + 2] = True
    return inside
