"""What an evaluation comes to: whether a network helps, and what did better than a model."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from trainer.backtest.counting import LINEAR, Entry
from trainer.backtest.result import Result, mean
from trainer.found import UNLIKELY
from trainer.plain_words import a_day, lasting, percent


def verdicts(entries: Sequence[Entry], result: Result) -> Iterator[str]:
    """Judge the models by the events that they warned of within an hour, or the rule's horizon.

    The longer of the two: an operator may have use for what came before a short horizon.
    """
    linear = next(entry for entry in entries if entry.name == LINEAR)
    within = linear.tallies[result.asked_per_day][0].horizons[-1]
    for entry in entries:
        if entry.name in result.networks:
            yield from _worth(entry, linear, result.asked_per_day, within)
    references = [entry for entry in entries if entry.name not in result.models]
    for entry in entries:
        if entry.name in result.models:
            yield from _beaten(entry, references, result.asked_of(entry.name), within)


def _worth(network: Entry, linear: Entry, per_day: float, within: timedelta) -> Iterator[str]:
    """Say whether a network does better than the linear part alone, and what decides."""
    auc, its_auc = (mean(one.tallies[per_day], lambda t: t.auc) for one in (network, linear))
    if math.isnan(auc):
        return
    own, its = (_warned(one, per_day, within) for one in (network, linear))
    false, its_false = (_false(one, per_day) for one in (network, linear))
    luck = _by_luck(own, its)
    found = (
        f"at {per_day:g} a day {own.sum()} events were warned of within {lasting(within)}, "
        f"{its.sum()} by the linear part alone"
    )
    aucs = f"ROC-AUC {auc:.3f}, {its_auc:.3f} of the linear part"
    if luck >= UNLIKELY:
        yield (
            f"{network.name} does not help: {found} (of models that are equally good one is so far "
            f"ahead in {percent(luck)} of cases)."
        )
    elif false > max(per_day, its_false):
        yield (
            f"{network.name} does not help: {found}, but with {a_day(false)} false alerts a day, "
            f"{a_day(its_false)} by the linear part."
        )
    # Who is often in alarm is right now and then: more events must come with better scores.
    elif auc <= its_auc:
        yield (
            f"{network.name} does not help: {found}, but its scores tell rows no better apart, so "
            f"more may be luck ({aucs})."
        )
    else:
        yield f"{network.name} helps: {found}, and its scores tell rows better apart ({aucs})."


def _beaten(
    model: Entry, references: Sequence[Entry], per_day: float, within: timedelta
) -> Iterator[str]:
    """Say which references warned of more events than luck explains, for no more false alerts.

    Of many references one is lucky: the chance is held against their number (Bonferroni).
    """
    own = _warned(model, per_day, within)
    most_false = max(per_day, _false(model, per_day))
    better = [
        f"{warned.sum()} by {one.name}"
        for one in references
        if _by_luck(warned := _warned(one, per_day, within), own) * len(references) < UNLIKELY
        and _false(one, per_day) <= most_false
    ]
    if better:
        yield (
            f"{model.name} is beaten: at {per_day:g} a day {own.sum()} events were warned of "
            f"within {lasting(within)}, {', '.join(better)}, with no more false alerts than it "
            "raised or were asked for."
        )


def _by_luck(own: NDArray[np.bool_], its: NDArray[np.bool_]) -> float:
    """Give the probability that equally good models differ so, or more, in favour of the first.

    The sign test on the events that only one of them warned of (McNemar 1947, Psychometrika 12).

    >>> none, five = np.zeros(8, bool), np.arange(8) < 5
    >>> _by_luck(five, none), _by_luck(none, none)
    (0.03125, 1.0)
    """
    only_own, only_its = int((own & ~its).sum()), int((its & ~own).sum())
    n = only_own + only_its
    return float(binom.sf(only_own - 1, n, 1 / 2))


def _warned(entry: Entry, per_day: float, within: timedelta) -> NDArray[np.bool_]:
    """Mark the events that it warned of; of several seeds, those that half of them did."""
    hits = np.mean([tally.hits("raised", within) for tally in entry.tallies[per_day]], axis=0)
    return np.asarray(hits >= 1 / 2)


def _false(entry: Entry, per_day: float) -> float:
    return mean(entry.tallies[per_day], lambda tally: tally.false_per_day)
