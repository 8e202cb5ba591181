"""How sure a recall is: what it would be on other events, or on other days, like these."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.backtest.tally import Day
from trainer.found import wilson_interval

_N_DRAWS = 2000
_TAILS = (0.025, 0.975)


def by_events(hits: NDArray[np.number] | NDArray[np.bool_]) -> tuple[float, float] | None:
    """Bound the recall at 95 %, as the report of `fit` does; None without an event.

    Wilson's interval: that none of 28 was warned of does not prove that none ever will be.

    >>> [round(bound, 3) for bound in by_events(np.zeros(28, bool)) or ()]
    [0.0, 0.121]
    """
    return wilson_interval(float(hits.sum()), len(hits)) if len(hits) else None


def by_days(
    hits: NDArray[np.bool_], event_days: Sequence[Day], all_days: Sequence[Day]
) -> tuple[float, float] | None:
    """Bound it by drawing whole days: events of a day have causes in common; None without one.

    Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7.
    Where every draw is alike, drawing tells nothing: there, days are as many cases, one each.
    Few days drawn give bounds that are too narrow, so these are never narrower than those of
    ``by_events``: the interval holds both.

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
    low, high = np.quantile(n_hits[drawn].sum(axis=1)[some] / totals[some], _TAILS).tolist()
    if low == high:
        n_days = int((n_events > 0).sum())
        low, high = wilson_interval(low * n_days, n_days)
    lowest, highest = wilson_interval(float(hits.sum()), len(hits))
    return min(low, lowest), max(high, highest)
