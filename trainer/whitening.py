"""Robust scale of columns, and whitening with variances that were measured out of sample.

Whitening turns correlated columns into uncorrelated ones of variance 1, so a plain mean
of squares becomes the Mahalanobis distance. In sample, the smallest variances of a
covariance matrix come out far too small: later rows look up to ten times stranger than
the training rows. Here every block of the history is measured along the axes of the
other blocks, and those second moments are the variances.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import TrainingError

PURGED_ROWS = 10
"""Rows left out on each side of a held-out block: neighbours are near copies of each other."""

VARIANCE_FLOOR = 0.01
"""Smallest variance as a share of their mean; 0.003 to 0.03 detect alike, 0 is far worse."""

_CHUNK_ROWS = 4096
"""Rows in float64 at a time; bounds the memory whatever the length of the history."""

_CONSTANT = 1e-9
"""A column whose standard deviation is below this share of its value is constant."""


def robust_scale(
    values: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure centre and spread of every column, undisturbed by a few wild values.

    The centre is the median. The spread is the standard deviation that a normal
    distribution would need for the middle half, or for the middle 90 %, of the values,
    whichever is larger, and at least half of the standard deviation. A constant column
    has 5 % of its value for a spread, or 1 where its value is 0.

    Parameters
    ----------
    values : float array, shape (n, p)
        NaN is a missing value and is ignored.

    Returns
    -------
    center, spread : float64 arrays, shape (p,)
        In the units of the column; every spread is positive.

    Raises
    ------
    TrainingError
        If a column has no value at all.

    Examples
    --------
    A column of 0 to 100, one that is constant, and one that is 0 throughout.

    >>> ramp = np.arange(101.0)
    >>> center, spread = robust_scale(np.column_stack([ramp, ramp * 0 + 8, ramp * 0]))
    >>> center
    array([50.,  8.,  0.])
    >>> spread.round(3)  # 50 / 1.349
    array([37.064,  0.4  ,  1.   ])
    """
    columns = [_column_scale(column, number) for number, column in enumerate(values.T)]
    center, spread = np.array(columns, np.float64).T
    return center, spread


def _column_scale(column: NDArray[np.floating[Any]], number: int) -> tuple[float, float]:
    known = column[~np.isnan(column)].astype(np.float64)
    if len(known) == 0:
        raise TrainingError(
            f"column {number} (counted from 0) has no value in the normal training rows; exclude it"
        )
    low, first, median, third, high = np.quantile(known, [0.05, 0.25, 0.5, 0.75, 0.95])
    deviation = known.std()
    if deviation <= _CONSTANT * max(1.0, abs(median)):
        return median, 0.05 * abs(median) if abs(median) > _CONSTANT else 1.0
    return median, max((third - first) / 1.349, (high - low) / 3.29, deviation / 2)


@dataclass(frozen=True, eq=False)
class Whitening:
    """A fitted whitening: (row - mean) @ matrix has uncorrelated columns of variance 1.

    It is the symmetric one (ZCA, "zero-phase"): of all whitenings the one whose columns
    stay closest to the columns they were made from, so a residual keeps its sensor.

    Parameters
    ----------
    mean : float64 array, shape (p,)
    matrix : float64 array, shape (p, p)
        V diag(variances ** -1/2) V', symmetric.
    precision : float64 array, shape (p, p)
        V diag(1 / variances) V' = matrix @ matrix, the inverse of the covariance.
    out_of_sample : float64 array, shape (n,)
        Score of every row it was fitted on, by a whitening that was fitted without the
        row's block. Compare later rows with these, never with scores in sample.

    References
    ----------
    Kessy, Lewin, Strimmer (2018), "Optimal whitening and decorrelation", The American
    Statistician 72.
    """

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]
    precision: NDArray[np.float64]
    out_of_sample: NDArray[np.float64]

    def whiten(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Whiten rows, shape (..., p)."""
        centred = (rows - self.mean).reshape(-1, len(self.mean))
        return (centred @ self.matrix).reshape(rows.shape)

    def score(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Mean of squares of every whitened row, shape (..., p) to (...): near 1 is normal."""
        return np.asarray(np.square(self.whiten(rows)).mean(axis=-1))


def blocks(n_rows: int, n_blocks: int) -> list[slice]:
    """Cut a history into contiguous blocks of (nearly) equal length.

    >>> blocks(10, 3)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    """
    edges = [n_rows * block // n_blocks for block in range(n_blocks + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def outside(block: slice, n_rows: int, *, n_purged: int) -> NDArray[np.intp]:
    """Row numbers to learn from while a block is held out, and the rows on each side of it.

    >>> outside(slice(12, 80), 92, n_purged=10)
    array([ 0,  1, 90, 91])
    """
    before = np.arange(max(block.start - n_purged, 0))
    return np.concatenate((before, np.arange(min(block.stop + n_purged, n_rows), n_rows)))


def fit_whitening(
    rows: NDArray[np.floating[Any]],
    *,
    n_blocks: int,
    weights: NDArray[np.float64] | None = None,
) -> Whitening:
    """Fit a whitening whose variances, and whose training scores, are out of sample.

    Per block: principal axes of the other blocks, and the second moments of the block
    along them. The variances are the mean of those moments over the blocks, rank by
    rank, made non-increasing and floored at 1 % of their mean.

    Needs two passes over the rows and, besides them, only a chunk of 4,096 in float64.

    Parameters
    ----------
    rows : float array, shape (n, p), or (n, k, p) for k readings side by side
        In time order, scaled, without NaN. The k readings are one row of k * p columns.
    n_blocks : int
        Contiguous blocks, at least 3.
    weights : float64 array, shape (n,), optional
        What each row counts for, see ``row_weights``; by default all the same. Every row is scored.

    Raises
    ------
    TrainingError
        If the rows are too few for that many blocks.

    Examples
    --------
    Two columns that share most of their variation: what they do not share counts more.

    >>> g = np.random.default_rng(seed=7)
    >>> rows = g.normal(size=(2000, 1)) + 0.2 * g.normal(size=(2000, 2))
    >>> whitening = fit_whitening(rows, n_blocks=5)
    >>> alike, apart = whitening.score(np.array([[2.0, 2.0], [1.0, -1.0]]))
    >>> bool(apart > 5 * alike)
    True
    """
    n_rows = len(rows)
    parts = blocks(n_rows, n_blocks)
    if n_rows < n_blocks * 2 * PURGED_ROWS:
        raise TrainingError(
            f"{n_rows} normal training rows are too few for {n_blocks} blocks of at least "
            f"{2 * PURGED_ROWS}; bring a longer history"
        )
    weights = np.ones(n_rows) if weights is None else weights
    grams = [_gram(rows, part, weights) for part in parts]
    total = np.sum(grams, axis=0)
    axes = [
        _Axes.of(total - gram - _purged(rows, part, weights))
        for part, gram in zip(parts, grams, strict=True)
    ]
    moments = np.array([one.moments(gram) for one, gram in zip(axes, grams, strict=True)])
    lengths = np.array([gram[0, 0] for gram in grams])

    out_of_sample = np.empty(n_rows)
    for held_out, part in enumerate(parts):
        others = np.arange(n_blocks) != held_out
        shares = 1 / _variances(moments[others], lengths[others]) / moments.shape[1]
        for chunk in _chunks(part):
            out_of_sample[chunk] = np.square(axes[held_out].project(rows[chunk])) @ shares

    final, variances = _Axes.of(total), _variances(moments, lengths)
    return Whitening(
        mean=final.mean,
        matrix=(final.directions / np.sqrt(variances)) @ final.directions.T,
        precision=(final.directions / variances) @ final.directions.T,
        out_of_sample=out_of_sample,
    )


class _Axes(NamedTuple):
    """Principal axes of some rows, those of the largest variance first."""

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]

    @classmethod
    def of(cls, gram: NDArray[np.float64]) -> Self:
        mean = gram[0, 1:] / gram[0, 0]
        covariance = (gram[1:, 1:] - gram[0, 0] * np.outer(mean, mean)) / (gram[0, 0] - 1)
        return cls(mean, np.linalg.eigh(covariance).eigenvectors[:, ::-1])

    def project(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return (rows.reshape(len(rows), -1) - self.mean) @ self.directions

    def moments(self, gram: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean of squares along every axis, of the rows behind a Gram matrix."""
        # (1, row) @ centering = row - mean, so the rows themselves are not needed again.
        centering = np.vstack((-self.mean, np.eye(len(self.mean)))) @ self.directions
        return np.asarray((centering * (gram @ centering)).sum(axis=0) / gram[0, 0])


def _gram(
    rows: NDArray[np.floating[Any]], part: slice, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted sum of (1, row)' (1, row): number, sums and products. Parts just add up."""
    size = 1 + math.prod(rows.shape[1:])
    gram = np.zeros((size, size))
    for chunk in _chunks(part):
        values = rows[chunk].reshape(chunk.stop - chunk.start, -1)
        ones = np.ones((len(values), 1))
        extended = np.hstack((ones, values), dtype=np.float64)
        gram += extended.T @ (extended * weights[chunk, None])
    return gram


def _purged(
    rows: NDArray[np.floating[Any]], part: slice, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    before = slice(max(part.start - PURGED_ROWS, 0), part.start)
    after = slice(part.stop, min(part.stop + PURGED_ROWS, len(rows)))
    return _gram(rows, before, weights) + _gram(rows, after, weights)


def _chunks(part: slice) -> Iterator[slice]:
    for start in range(part.start, part.stop, _CHUNK_ROWS):
        yield slice(start, min(start + _CHUNK_ROWS, part.stop))


def _variances(moments: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pool the moments of several blocks, shape (n_blocks, p), into variances, shape (p,)."""
    pooled = _non_increasing(lengths @ moments / lengths.sum())
    # Where all columns are constant the mean is 0 as well.
    return np.maximum(pooled, max(VARIANCE_FLOOR * pooled.mean(), 1e-9))


def _non_increasing(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the non-increasing sequence nearest to the values: pool adjacent violators.

    Barlow, Bartholomew, Bremner, Brunk (1972), "Statistical inference under order
    restrictions", section 1.2.

    >>> _non_increasing(np.array([5.0, 1.0, 3.0, 1.0, 2.0]))
    array([5. , 2. , 2. , 1.5, 1.5])
    """
    pools: list[tuple[float, int]] = []
    for value in values.tolist():
        mean, size = value, 1
        while pools and pools[-1][0] < mean:
            other, n_other = pools.pop()
            mean, size = (mean * size + other * n_other) / (size + n_other), size + n_other
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])
