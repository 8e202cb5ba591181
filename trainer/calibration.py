"""From cross-fitted part scores to a calibrated score and its thresholds.

Everything here rests on scores of rows by parts that were fitted without them: limits
taken from scores in sample are exceeded by most later rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from stream_detector.alerting.life import AlertLife, Change
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import Rule
from stream_detector.detection.scoring import (
    SUSTAINED_READINGS,
    Calibration,
    Part,
    PlainScore,
    SurpriseCurve,
    join,
)
from stream_detector.detection.threshold import Curve, Limits

_KNEE_QUANTILE = 0.95
_LEAST_TAIL = 0.02
"""A tail shorter than this would make a small excess astronomically rare."""

_LEAST_KNEE = 1e-9
"""A knee of zero, of a history without any noise, has no logarithm."""

_MAX_QUANTILES = 1000
_LEAST_WEIGHT = 0.4
"""A part that drifts counts for less, but never for nothing."""

_DRIFT_BLOCKS = 10
_MERGING_SHARE = 0.2
"""With more rows over a limit, alerts run into each other: a lower one may bring fewer."""

_N_LIMITS, _N_LOW_LIMITS = 60, 12
"""Tried above and below that."""

_N_RATES = 200

_SELDOM = 30 * 86400.0
"""Seconds between what an open alert tells of itself: none of that is counted here."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A calibration, and scores out of sample of the training rows on its scale."""

    calibration: Calibration | PlainScore
    scores: NDArray[np.float64]


def sustain(levels: NDArray[np.float64], run_numbers: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean of the last 8 levels of the same run, shape (n,); fewer at a run's start.

    Examples
    --------
    >>> sustain(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]))
    array([1., 2., 5.])
    """
    total = np.concatenate([[0.0], np.cumsum(levels)])
    after = np.arange(1, len(levels) + 1)
    run_start = np.searchsorted(run_numbers, run_numbers)
    first = np.maximum(after - SUSTAINED_READINGS, run_start)
    return np.asarray((total[after] - total[first]) / (after - first))


def fit_curve(scores: NDArray[np.float64]) -> SurpriseCurve:
    """Fit how surprising a part score is: ranks up to the 95 % quantile, a power law beyond."""
    knee = max(float(np.quantile(scores, _KNEE_QUANTILE)), _LEAST_KNEE)
    beyond = scores[scores > knee]
    tail = float(np.mean(np.log(beyond / knee))) if len(beyond) else _LEAST_TAIL
    below = np.sort(scores[scores <= knee])
    if len(below) > _MAX_QUANTILES:
        below = below[np.linspace(0, len(below) - 1, _MAX_QUANTILES).astype(int)]
    return SurpriseCurve(tuple(below.tolist()), knee, max(tail, _LEAST_TAIL), len(scores))


def drift(scores: NDArray[np.float64]) -> float:
    """Compare how much a score wanders between tenths of the history with its spread in one.

    0 is none; from about 1 on the past says little of tomorrow.
    """
    logs = np.array_split(np.log(np.maximum(scores, 1e-12)), _DRIFT_BLOCKS)
    between = np.std([np.median(block) for block in logs])
    within = float(np.median([np.std(block) for block in logs]))
    return float(between / max(within, 1e-12))


def calibrate(
    levels: NDArray[np.float64], deviations: NDArray[np.float64], run_numbers: NDArray[np.intp]
) -> Calibrated:
    """Put the three parts on one scale and join them.

    Parameters
    ----------
    levels, deviations : float64 array, shape (n,)
        Cross-fitted, of the normal training rows in time order.
    run_numbers : int array, shape (n,)
    """
    raw = [levels, sustain(levels, run_numbers), deviations]
    trust = np.array([1 / (1 + drift(scores) ** 4) for scores in raw])
    weights = np.maximum(trust / trust.max(), _LEAST_WEIGHT)
    parts = [
        Part(fit_curve(scores), float(weight)) for scores, weight in zip(raw, weights, strict=True)
    ]
    calibration = Calibration(*parts)
    return Calibrated(calibration, join(calibration.surprises(*raw)))


def measure_limits(
    scores: NDArray[np.float64],
    times: NDArray[np.datetime64],
    run_numbers: NDArray[np.intp],
    *,
    suppressed: NDArray[np.bool_],
    outcomes: NDArray[np.datetime64],
    rule: Rule,
    readings_per_day: float,
) -> Limits:
    """Measure which threshold gives how many alerts, and which share of rows is above it.

    Alerts are counted as raised: by the rule's own policy, run over the training rows. One
    that returns within its cooldown counts again, because it calls the operator again. So
    does one that is raised after an outcome has closed the one before. Rows at which none
    may be raised take no time, as for the controller.

    The curve of budgets ends where no lower limit brings more alerts, only longer ones.

    Parameters
    ----------
    scores : float64 array, shape (n,)
        Cross-fitted, of the normal training rows.
    times : datetime64 array, shape (n,)
    run_numbers : int array, shape (n,)
    suppressed : bool array, shape (n,)
        Rows at which the rule raises nothing, for the machine's mode.
    outcomes : datetime64 array, shape (k,)
        When the outcome happened, in time order.
    rule : Rule
    readings_per_day : float
        At the machine's cadence.
    """
    n_rows = len(scores)
    points: dict[float, float] = {}
    most = 1
    judged = _Series(scores, times, run_numbers, suppressed=suppressed, outcomes=outcomes)
    # Without any such row no alert is counted either, and the number does not matter.
    n_unsuppressed = max(int(np.count_nonzero(~suppressed)), 1)
    for limit, merging in _candidates(scores):
        # From the top down; a lower limit never counts for less than a higher one.
        n_raised = judged.count_alerts(limit, rule)
        if n_raised > most or not merging:
            most = max(most, n_raised)
            points[most * readings_per_day / n_unsuppressed] = round(limit, 6)
    shares = np.geomspace(1 / n_rows, 0.5, _N_RATES)
    rates = np.quantile(scores, 1 - shares)
    return Limits(
        by_budget=Curve(tuple(points), tuple(points.values())),
        by_rate=Curve(tuple(shares.tolist()), tuple(np.round(rates, 6).tolist())),
        readings_per_day=readings_per_day,
    )


def _candidates(scores: NDArray[np.float64]) -> Iterator[tuple[float, bool]]:
    """Give the limits to try from the top down, and whether alerts run into each other there."""
    shares = np.geomspace(1 / len(scores), _MERGING_SHARE, _N_LIMITS)
    low_shares = np.geomspace(_MERGING_SHARE, 1.0, 1 + _N_LOW_LIMITS)[1:]
    for some, merging in ((shares, False), (low_shares, True)):
        for limit in np.unique(np.quantile(scores, 1 - some))[::-1].tolist():
            yield limit, merging


class _Series:
    """Scores of one machine, to be judged by one threshold after the other."""

    def __init__(
        self,
        scores: NDArray[np.float64],
        times: NDArray[np.datetime64],
        run_numbers: NDArray[np.intp],
        *,
        suppressed: NDArray[np.bool_],
        outcomes: NDArray[np.datetime64],
    ) -> None:
        firsts = np.concatenate([[True], run_numbers[1:] != run_numbers[:-1]]).tolist()
        stamps = [time.replace(tzinfo=UTC) for time in times.tolist()]
        # An outcome at a row's own time came after it: the row before it is no later one.
        n_before = np.searchsorted(outcomes, times, side="left")
        closed = (np.diff(n_before, prepend=0) > 0).tolist()
        columns = (stamps, scores.tolist(), firsts, closed, suppressed.tolist())
        self._rows = list(zip(*columns, strict=True))
        self._scores = scores

    def count_alerts(self, limit: float, rule: Rule) -> int:
        """Count the alerts that a fixed threshold would have raised."""
        life = AlertLife(replace(rule, heartbeat_seconds=_SELDOM), machine="")
        n_raised = next_row = 0
        # While no alert is open, a row far behind the last one over the limit changes nothing:
        # most rows are passed over, which takes a fifth of the time.
        for row in self._near(limit, rule.on_delay.of):
            next_row = max(next_row, row)
            while next_row <= row or (life.is_open and next_row < len(self._rows)):
                n_raised += self._follow(life, next_row, limit)
                next_row += 1
        return n_raised

    def _near(self, limit: float, reach: int) -> list[int]:
        """Give the rows over a limit, and those behind them in which the on-delay counts them."""
        near = np.flatnonzero(self._scores > limit)[:, None] + np.arange(reach)
        rows: list[int] = np.unique(near[near < len(self._rows)]).tolist()
        return rows

    def _follow(self, life: AlertLife, row: int, limit: float) -> bool:
        time, score, first, closed, suppressed = self._rows[row]
        if closed:
            life.close_by_outcome(time)
        # Not told by its mode: that was followed through rows that are not among these too.
        life.is_suppressed = suppressed
        change = life.follow(Judgement(time, score, limit, score > limit, first))
        return change is not None and change.change is Change.RAISED
