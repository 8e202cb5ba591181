"""Scaling, the place of missing values, and the deviation from the running mean."""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.rounds import recur

HALF_LIFE_READINGS = 7
"""Half-life of the running mean. Shorter forgets a slow precursor, longer follows no drift."""

CLIP = 12.0
"""Scaled values beyond this many spreads say nothing more, and would drown the other sensors."""

_FINITE = 1e6
"""Bound of an unclipped scaled value, so that no input makes the running mean infinite."""

_ALPHA: float = 1 - 0.5 ** (1 / HALF_LIFE_READINGS)

_WARM_READINGS = math.ceil(1 / _ALPHA)
"""From this reading of a run on, the running mean has its half-life."""

_WEIGHTS: list[float] = [max(_ALPHA, 1 / n) for n in range(1, _WARM_READINGS + 1)]

_MAX_PATTERNS = 256
"""Patterns of missing sensors whose coefficients are kept; about 60 kB each at 100 sensors."""


@dataclass(frozen=True, eq=False)
class Conditioning:
    """How a model's rows are conditioned, fitted on normal training rows.

    Parameters
    ----------
    center, spread : float64 array, shape (p,)
        Scale of the sensors, in their units: scaled = (value - center) / spread.
    deviation_center, deviation_spread : float64 array, shape (p,)
        Scale of the deviations from the running mean, in scaled units.
    row_mean : float64 array, shape (p,)
        Mean of the scaled and clipped training rows.
    precision : float64 array, shape (p, p)
        Inverse of their (shrunken) covariance.
    deviation_mean, deviation_precision : float64 array, shape (p,) and (p, p)
        The same of the scaled deviations.
    window_size : int
        Readings the graph sees at once.
    """

    center: NDArray[np.float64]
    spread: NDArray[np.float64]
    deviation_center: NDArray[np.float64]
    deviation_spread: NDArray[np.float64]
    row_mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    deviation_mean: NDArray[np.float64]
    deviation_precision: NDArray[np.float64]
    window_size: int

    def scale(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Express rows of shape (n, p) in spreads from the centre; finite, not yet clipped."""
        # A value near the float's limit overflows to infinity, which the bound then takes back.
        with np.errstate(over="ignore"):
            scaled = (values - self.center) / self.spread
        return np.clip(scaled, -_FINITE, _FINITE, out=scaled)

    def scale_deviations(self, deviations: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale and clip rows of deviations, shape (n, p)."""
        scaled = (deviations - self.deviation_center) / self.deviation_spread
        return clip(scaled)

    def in_units(self, scaled: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give scaled values back in the sensors' own units."""
        return np.asarray(scaled, np.float64) * self.spread + self.center


def clip(scaled: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bound scaled rows to +-12 spreads, as the graph takes them."""
    return np.clip(scaled, -CLIP, CLIP).astype(np.float32)


class ConditionalMeans:
    """Put missing sensors of a row at their conditional mean given its other sensors.

    There they add nothing to a score that measures distance from the training rows.
    The coefficients follow from the precision matrix: with m missing and o observed,
    E[m | o] = mean_m - inv(P_mm) P_mo (o - mean_o). They depend on the pattern of
    missing sensors only and are kept for the 256 patterns used last.

    Parameters
    ----------
    row_mean : float64 array, shape (p,)
    precision : float64 array, shape (p, p)

    References
    ----------
    Anderson (2003), "An Introduction to Multivariate Statistical Analysis", section 2.5.

    Examples
    --------
    Two sensors that correlate by 0.8: at 1.0 of one, the other is expected at 0.8.

    >>> precision = np.linalg.inv(np.array([[1.0, 0.8], [0.8, 1.0]]))
    >>> row = np.array([1.0, np.nan])
    >>> ConditionalMeans(np.zeros(2), precision).fill(row, np.isnan(row))
    >>> row.round(6)
    array([1. , 0.8])
    """

    def __init__(self, row_mean: NDArray[np.float64], precision: NDArray[np.float64]) -> None:
        self._mean = row_mean
        self._precision = precision
        self._coefficients: OrderedDict[bytes, NDArray[np.float64]] = OrderedDict()

    def fill(self, row: NDArray[np.floating], missing: NDArray[np.bool_]) -> None:
        """Write the conditional means into the missing places of a scaled row, shape (p,)."""
        observed = ~missing
        distance = np.clip(row[observed], -CLIP, CLIP) - self._mean[observed]
        # A product and a sum along each row, not a matrix product: the same bits everywhere.
        shift = (self._coefficients_of(missing) * distance).sum(axis=1)
        row[missing] = self._mean[missing] + shift

    def fill_rows(
        self, rows: NDArray[np.floating], left_out: Mapping[int, NDArray[np.bool_]]
    ) -> None:
        """Fill those rows, of shape (n, p), of which some sensors were left out, by row."""
        for k, missing in left_out.items():
            self.fill(rows[k], missing)

    def _coefficients_of(self, missing: NDArray[np.bool_]) -> NDArray[np.float64]:
        pattern = missing.tobytes()
        known = self._coefficients.get(pattern)
        if known is None:
            among = self._precision[np.ix_(missing, missing)]
            across = self._precision[np.ix_(missing, ~missing)]
            known = np.asarray(-np.linalg.solve(among, across), np.float64)
            if len(self._coefficients) >= _MAX_PATTERNS:
                self._coefficients.popitem(last=False)
            self._coefficients[pattern] = known
        else:
            self._coefficients.move_to_end(pattern)
        return known


def mean_weight(n_readings: int) -> float:
    """Give the weight that the n-th reading of a run has in its running mean, for n from 1.

    >>> [round(mean_weight(n), 3) for n in (1, 2, 4, 1000)]
    [1.0, 0.5, 0.25, 0.094]
    """
    return _WEIGHTS[min(n_readings, _WARM_READINGS) - 1]


def running_means(
    rows: NDArray[np.float64],
    weights: NDArray[np.float64],
    means_before: NDArray[np.float64],
    *,
    sizes: Sequence[int],
) -> NDArray[np.float64]:
    """Give the exponentially weighted mean of a run at each of its rows, that row included.

    With the weights of :func:`mean_weight` it is the row itself at a run's start, then a
    plain mean until it has seen enough for its half-life of 7 readings. At a weight of 0
    it stands still.

    Parameters
    ----------
    rows : float64 array, shape (n, p)
        Scaled rows in rounds, finite.
    weights : float64 array, shape (n, p)
    means_before : float64 array, shape (sizes[0], p)
        Means of each machine before its first row here; finite.
    sizes : sequence of int
        Machines in each round, see :class:`~stream_detector.detection.rounds.Rounds`.

    Returns
    -------
    float64 array, shape (n, p)

    Examples
    --------
    >>> rows = np.array([[1.0], [2.0], [6.0]])
    >>> weights = np.array([[mean_weight(n)] for n in (1, 2, 3)])
    >>> running_means(rows, weights, np.zeros((1, 1)), sizes=[1, 1, 1]).ravel()
    array([1. , 1.5, 3. ])
    """
    return recur(means_before, keep=1.0 - weights, gain=weights * rows, sizes=sizes)
