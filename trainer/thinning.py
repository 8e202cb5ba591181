"""Long series in as few points as a screen can show, and no peak lost."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_POINTS = 500
"""Points of a curve or a series."""

_BINS = 36


class Peaks(NamedTuple):
    """The highest score of every five-hundredth of a span, each with its threshold."""

    times: NDArray[np.datetime64]
    scores: NDArray[np.float64]
    thresholds: NDArray[np.float64]


class Histogram(NamedTuple):
    """Rows in each bin of the score, by class; ``edges`` has one more than there are bins."""

    edges: NDArray[np.float64]
    counts: Mapping[str, NDArray[np.int64]]


def peaks(
    times: NDArray[np.datetime64],
    scores: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    *,
    within: NDArray[np.datetime64],
) -> Peaks:
    """Thin a series to the highest score of every five-hundredth of the span of ``within``.

    >>> times = np.datetime64("2026-11-22", "us") + np.arange(5000) * np.timedelta64(1, "m")
    >>> scores = np.zeros(5000)
    >>> scores[1234] = 9.0
    >>> thinned = peaks(times, scores, scores, within=times)
    >>> len(thinned.scores), float(thinned.scores.max())
    (500, 9.0)
    """
    if not len(times):
        return Peaks(times, scores, thresholds)
    span = max(within[-1] - within[0], np.timedelta64(1, "us"))
    buckets = np.minimum((times - within[0]) / span * MAX_POINTS, MAX_POINTS - 1).astype(np.intp)
    by_bucket = np.lexsort((scores, buckets))
    is_last = np.append(np.diff(buckets[by_bucket]) > 0, True)
    kept = by_bucket[is_last]
    return Peaks(times[kept], scores[kept], thresholds[kept])


def thinned(*columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Keep at most 500 points of a curve, evenly along its length, and both of its ends.

    >>> x, y = thinned(np.arange(2000.0), np.arange(2000.0) ** 2)
    >>> len(x), float(x[0]), float(x[-1])
    (500, 0.0, 1999.0)
    """
    if len(columns[0]) <= MAX_POINTS:
        return columns
    steps = [np.abs(np.diff(column)) / max(np.ptp(column), 1e-12) for column in columns]
    position = np.append(0.0, np.cumsum(np.sum(steps, axis=0)))
    kept = np.unique(np.searchsorted(position, np.linspace(0.0, position[-1], MAX_POINTS)))
    return tuple(column[kept] for column in columns)


def histogram(classes: Mapping[str, NDArray[np.float64]]) -> Histogram:
    """Count the scores of several classes in the same bins, from 0 to the highest."""
    highest = max(float(scores.max(initial=0.0)) for scores in classes.values())
    edges = np.linspace(0.0, highest or 1.0, _BINS + 1)
    return Histogram(edges, {n: np.histogram(scores, edges)[0] for n, scores in classes.items()})
