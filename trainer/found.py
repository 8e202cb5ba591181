"""What alerts found of what there was to find, and how soon: outcomes, or labelled stretches.

An outcome is found by an alert raised before it, the sooner the better; a labelled stretch by one
raised in it, for nobody labelled what came before.
"""

import math
from datetime import timedelta
from statistics import fmean
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from stream_detector.alerting.chance import missed_by_chance
from stream_detector.alerting.recorded import scorecard
from trainer.evaluation import Evaluation
from trainer.history import stretches

LONGEST = timedelta(hours=1)
"""An alert further from what it found is hardly about it; a rule may look further ahead."""

UNLIKELY = 0.05
"""Probability under which what was found is no more taken for chance."""

_MOST_SPANS = 60
_95_PERCENT = 1.959964


class Found(NamedTuple):
    """How much was found; ``by_chance``, by as many alerts at readings drawn at random."""

    n_found: int
    n_to_find: int
    by_chance: float

    @property
    def share(self) -> float:
        """Of what there was to find, which must be something."""
        return self.n_found / self.n_to_find

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of that share at 95 % confidence."""
        return wilson_interval(self.n_found, self.n_to_find)

    @property
    def by_luck(self) -> float:
        """Probability that chance would have found as many or more.

        Exact, of a binomial distribution: an interval that is so only for many trials takes one
        hit in seven for more than chance.

        >>> round(Found(1, 7, 0.022).by_luck, 3), round(Found(5, 12, 0.188).by_luck, 3)
        (0.144, 0.058)
        >>> Found(0, 7, 0.0).by_luck, Found(1, 7, 0.0).by_luck, Found(7, 7, 1.0).by_luck
        (1.0, 0.0, 1.0)
        """
        return float(binom.sf(self.n_found - 1, self.n_to_find, self.by_chance))


class Timeliness(NamedTuple):
    """What is found within each of several spans: before an outcome, after a stretch's begin.

    Parameters
    ----------
    minutes : float64 array, shape (n,)
        The spans, rising.
    found, by_chance : float64 arrays, shape (n,)
        Shares of what there was to find.
    of_each : float64 array
        Minutes of each that was found within the longest span, from the earliest alert.
    n_to_find : int
    """

    minutes: NDArray[np.float64]
    found: NDArray[np.float64]
    by_chance: NDArray[np.float64]
    of_each: NDArray[np.float64]
    n_to_find: int


def found(evaluation: Evaluation) -> Found:
    """Count what was found: of outcomes, within the rule's horizon."""
    if evaluation.label_kind != "rows":
        card = evaluation.card
        return Found(len(card.leads), card.n_outcomes, card.recall_by_chance)
    lengths = np.diff(stretches(evaluation.positives), axis=0)[0]
    return Found(
        int(np.isfinite(delays(evaluation)).sum()),
        len(lengths),
        _chance(lengths, evaluation),
    )


def timeliness(evaluation: Evaluation) -> Timeliness | None:
    """Tell how soon things were found; None where there was nothing to find."""
    if not found(evaluation).n_to_find:
        return None
    return _before(evaluation) if evaluation.label_kind == "event" else _after(evaluation)


def delays(evaluation: Evaluation) -> NDArray[np.float64]:
    """Minutes from the begin of each labelled stretch to the first alert in it; NaN without one."""
    begins, ends = stretches(evaluation.positives)
    raised = np.sort([alert.raised.replace(tzinfo=None) for alert in evaluation.alerts])
    rows = np.searchsorted(evaluation.times, raised.astype("datetime64[us]"))
    rows = np.append(rows, len(evaluation.times))
    first = rows[np.searchsorted(rows, begins)]
    is_in = first < ends
    minutes = np.full(len(begins), np.nan)
    waited = evaluation.times[first[is_in]] - evaluation.times[begins[is_in]]
    minutes[is_in] = waited / np.timedelta64(1, "m")
    return minutes


def wilson_interval(n_hits: float, n_trials: int) -> tuple[float, float]:
    """Bound the share behind so many hits at 95 % confidence.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    >>> [round(bound, 3) for bound in wilson_interval(4, 18)]
    [0.09, 0.452]
    """
    share, weight = n_hits / n_trials, _95_PERCENT**2 / n_trials
    spread = math.sqrt(share * (1 - share) * weight + weight * weight / 4)
    low, high = share + weight / 2 - spread, share + weight / 2 + spread
    return max(low / (1 + weight), 0.0), min(high / (1 + weight), 1.0)


def _before(evaluation: Evaluation) -> Timeliness:
    spans = _spans(evaluation, first=1)
    alerts = [(alert.raised, alert.cleared) for alert in evaluation.alerts]
    cards = [
        scorecard(
            alerts,
            evaluation.outcomes,
            horizon=span,
            cadence=evaluation.card.cadence,
            start=evaluation.span[0],
            end=evaluation.span[1],
            stood_still=evaluation.stood_still,
        )
        for span in spans
    ]
    return Timeliness(
        minutes=_minutes(spans),
        found=np.array([len(card.leads) / card.n_outcomes for card in cards]),
        by_chance=np.array([card.recall_by_chance for card in cards]),
        of_each=_minutes(cards[-1].leads),
        n_to_find=len(evaluation.outcomes),
    )


def _after(evaluation: Evaluation) -> Timeliness:
    spans = _spans(evaluation, first=0)
    minutes, waited = _minutes(spans), delays(evaluation)
    lengths = np.diff(stretches(evaluation.positives), axis=0)[0]
    known = waited[np.isfinite(waited)]
    n_rows = [1 + int(span / evaluation.card.cadence) for span in spans]
    return Timeliness(
        minutes=minutes,
        found=np.array([(known <= one).sum() / len(waited) for one in minutes]),
        by_chance=np.array([_chance(np.minimum(lengths, one), evaluation) for one in n_rows]),
        of_each=known[known <= minutes[-1]],
        n_to_find=len(waited),
    )


def _chance(lengths: NDArray[np.intp], evaluation: Evaluation) -> float:
    """Share of stretches in which one of as many rows drawn at random would lie."""
    n_alerts, shares = len(evaluation.alerts), (lengths / len(evaluation.times)).tolist()
    missed = [missed_by_chance(n_alerts, share=share) for share in shares]
    return 1 - fmean(missed) if missed else 0.0


def _spans(evaluation: Evaluation, *, first: int) -> list[timedelta]:
    """Give spans up to an hour, or to the rule's horizon: whole readings, at most 60."""
    cadence = evaluation.card.cadence
    longest = max(LONGEST, evaluation.card.horizon)
    n_readings = max(round(longest / cadence), 1)
    every = max(n_readings // _MOST_SPANS, 1)
    return [n * cadence for n in range(first * every, n_readings + 1, every)]


def _minutes(spans: list[timedelta] | tuple[timedelta, ...]) -> NDArray[np.float64]:
    return np.array([span / timedelta(minutes=1) for span in spans], np.float64)
