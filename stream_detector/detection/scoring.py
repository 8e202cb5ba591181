"""Part scores -> how surprising each is -> one score.

The model measures three parts of a reading: ``level`` (this reading and the four
before it against normal operation), ``sustained`` (the mean of the run's last eight
levels) and ``deviation`` (from the run's own recent mean). Each becomes -log10 of
the probability of so high a score in normal operation; the root of their weighted
squares is the score.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SUSTAINED_READINGS = 8
"""Levels in the sustained part: 16 minutes at the paper machine's cadence."""

_KNEE = -math.log10(0.05)
"""Surprise at the 95 % quantile, where ranks end and the tail begins (1.30)."""

_LOG10_E = math.log10(math.e)


@dataclass(frozen=True)
class SurpriseCurve:
    """How surprising a part score is: -log10 P(score at least so high | normal).

    Below the 95 % quantile of the cross-fitted training scores by rank, above it by a
    power law fitted to the scores beyond, because ranks end where it gets interesting.

    Parameters
    ----------
    quantiles : tuple of float
        Ascending training scores up to ``knee``, evenly spaced in probability.
    knee : float
        Their 95 % quantile.
    tail : float
        Mean of log(score / knee) beyond the knee; the larger, the heavier the tail.
    n_scores : int
        Training scores the curve was made of.

    References
    ----------
    Hill (1975), "A simple general approach to inference about the tail of a
    distribution", Annals of Statistics 3(5).

    Examples
    --------
    >>> curve = SurpriseCurve(quantiles=(1.0, 2.0, 3.0), knee=4.0, tail=0.5, n_scores=100)
    >>> curve(np.array([0.5, 4.0 * math.e ** 0.5])).round(3)  # the second a tail length beyond
    array([0.002, 1.735])
    """

    quantiles: tuple[float, ...]
    knee: float
    tail: float
    n_scores: int

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rate part scores, shape (n,); higher is more surprising, never negative."""
        quantiles, by_rank = self._ranks
        surprises = by_rank[quantiles.searchsorted(scores)]
        # One by one: NumPy's logarithm may round otherwise in a longer array. They are few.
        for i in np.flatnonzero(scores > self.knee):
            surprises[i] = _KNEE + _LOG10_E * math.log(scores[i] / self.knee) / self.tail
        return surprises

    @cached_property
    def _ranks(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The quantiles, and the surprise of a score over the first i of them, for every i."""
        n_scores, n_quantiles = self.n_scores, len(self.quantiles)
        below = (0.95 * n_scores * i / n_quantiles for i in range(n_quantiles + 1))
        by_rank = [min(-math.log10((n_scores - n + 0.5) / (n_scores + 1)), _KNEE) for n in below]
        return np.array(self.quantiles), np.array(by_rank)


@dataclass(frozen=True)
class Part:
    """One part of the score: its curve, and a weight in (0, 1] that is low where it drifts."""

    curve: SurpriseCurve
    weight: float


@dataclass(frozen=True)
class Calibration:
    """How the three part scores become one."""

    level: Part
    sustained: Part
    deviation: Part

    def surprises(
        self,
        levels: NDArray[np.float64],
        sustained: NDArray[np.float64],
        deviations: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Rate the three part scores of n readings, weighted, on one scale; shape (n, 3)."""
        parts = (self.level, levels), (self.sustained, sustained), (self.deviation, deviations)
        return np.stack([part.weight * part.curve(scores) for part, scores in parts], axis=1)


@dataclass(frozen=True)
class PlainScore:
    """The level score as it is, for a model as it was published: no parts are joined.

    >>> levels = np.array([0.4, 0.7])
    >>> PlainScore().surprises(levels, levels, levels)
    array([[0.4, 0. , 0. ],
           [0.7, 0. , 0. ]])
    """

    def surprises(
        self,
        levels: NDArray[np.float64],
        sustained: NDArray[np.float64],
        deviations: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Let only the levels of n readings count; shape (n, 3)."""
        return np.stack([levels, np.zeros_like(sustained), np.zeros_like(deviations)], axis=1)


def over_used(score: float, n_unused: int, *, n_sensors: int) -> float:
    """Turn a part score, a mean over all sensors, into the mean over those that were used.

    A sensor without a value of its own stands where it adds nothing, so the mean over all
    is too low. Training and scoring both judge by the mean over the others.

    Examples
    --------
    >>> over_used(0.6, 2, n_sensors=5)
    1.0
    """
    return score * (n_sensors / (n_sensors - n_unused))


def join(surprises: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join weighted surprises, shape (n, 3), to n scores, high = anomalous, never negative.

    Rounded to six decimals: what is judged is exactly what is published. Every step is one
    that IEEE 754 rounds correctly, so a score is the same bits in any batch.

    Examples
    --------
    >>> join(np.array([[3.0, 4.0, 0.0]]))
    array([5.])
    """
    level, sustained, deviation = np.square(surprises).T
    scores = np.sqrt(level + sustained + deviation)
    return np.asarray(np.floor(scores * 1e6 + 0.5) / 1e6)
