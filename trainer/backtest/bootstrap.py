"""How sure a recall is: what it would be on other events, or on other days, like these."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.backtest.tally import Day

_N_DRAWS = 2000
_TAILS = (0.025, 0.975)


def by_events(hits: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Bound the recall at 95 %: events drawn again and again from themselves; None without one.

    Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7.

    >>> by_events(np.ones(5, bool))
    (1.0, 1.0)
    """
    if not len(hits):
        return None
    drawn = np.random.default_rng(seed=0).integers(len(hits), size=(_N_DRAWS, len(hits)))
    return _bounds(hits[drawn].mean(axis=1))


def by_days(
    hits: NDArray[np.bool_], event_days: Sequence[Day], all_days: Sequence[Day]
) -> tuple[float, float] | None:
    """Bound it by drawing whole days: events of a day have causes in common; None without one.

    >>> one, other = (0, np.datetime64("2026-11-22")), (0, np.datetime64("2026-11-23"))
    >>> by_days(np.array([True, True, False]), [one, one, other], [one, other])
    (0.0, 1.0)
    """
    if not len(hits):
        return None
    numbers = {day: number for number, day in enumerate(all_days)}
    days = np.array([numbers[day] for day in event_days], np.intp)
    n_events = np.bincount(days, minlength=len(all_days))
    n_hits = np.bincount(days, weights=hits, minlength=len(all_days))
    drawn = np.random.default_rng(seed=0).integers(len(all_days), size=(_N_DRAWS, len(all_days)))
    totals = n_events[drawn].sum(axis=1)
    some = totals > 0
    return _bounds(n_hits[drawn].sum(axis=1)[some] / totals[some])


def _bounds(recalls: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(recalls, _TAILS)
    return float(low), float(high)
