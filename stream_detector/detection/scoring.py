"""Part scores -> how surprising each is -> one score.

The model measures three parts of a reading: ``level`` (this reading and the three
before it against normal operation), ``sustained`` (the mean of the run's last eight
levels) and ``deviation`` (from the run's own recent mean). Each becomes -log10 of
the probability of so high a score in normal operation; the root of their weighted
squares is the score.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from stream_detector.detection.threshold import rounded

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
    >>> round(curve(4.0 * math.e ** 0.5), 3)  # one tail length beyond the knee
    1.735
    """

    quantiles: tuple[float, ...]
    knee: float
    tail: float
    n_scores: int

    def __call__(self, score: float) -> float:
        """Rate a part score; higher is more surprising, never negative."""
        if score > self.knee:
            return _KNEE + _LOG10_E * math.log(score / self.knee) / self.tail
        return self._by_rank[bisect_left(self.quantiles, score)]

    @cached_property
    def _by_rank(self) -> tuple[float, ...]:
        """Surprise of a score that is over the first i quantiles, for every i."""
        n_scores, n_quantiles = self.n_scores, len(self.quantiles)
        below = (0.95 * n_scores * i / n_quantiles for i in range(n_quantiles + 1))
        return tuple(min(-math.log10((n_scores - n + 0.5) / (n_scores + 1)), _KNEE) for n in below)


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
        self, level: float, sustained: float, deviation: float
    ) -> tuple[float, float, float]:
        """Rate the three part scores, weighted, on one scale."""
        return (
            self.level.weight * self.level.curve(level),
            self.sustained.weight * self.sustained.curve(sustained),
            self.deviation.weight * self.deviation.curve(deviation),
        )


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


def join(surprises: tuple[float, float, float]) -> float:
    """Join the weighted surprises to the score, high = anomalous, never negative.

    Rounded: what is judged is exactly what is published.

    Examples
    --------
    >>> join((3.0, 4.0, 0.0))
    5.0
    """
    level, sustained, deviation = surprises
    return rounded(math.sqrt(level * level + sustained * sustained + deviation * deviation))
