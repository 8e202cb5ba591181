"""What an evaluation comes to: whether a network helps, and what did better than a model."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from trainer.backtest.counting import LINEAR, Entry
from trainer.backtest.result import Result, mean
from trainer.plain_words import lasting

_NOISE = 3
"""Events: a smaller difference between two models is noise."""


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
    found = (
        f"at {per_day:g} a day {own:.3g} events were warned of within {lasting(within)}, "
        f"{its:.3g} by the linear part alone"
    )
    aucs = f"ROC-AUC {auc:.3f}, {its_auc:.3f} of the linear part"
    if own - its < _NOISE:
        yield f"{network.name} does not help: {found} (fewer than {_NOISE} more are noise)."
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
    """Say which references warned of clearly more events, for no more false alerts."""
    own = _warned(model, per_day, within)
    most_false = max(per_day, _false(model, per_day))
    better = [
        f"{warned:.3g} by {one.name}"
        for one in references
        if (warned := _warned(one, per_day, within)) - own >= _NOISE
        and _false(one, per_day) <= most_false
    ]
    if better:
        yield (
            f"{model.name} is beaten: at {per_day:g} a day {own:.3g} events were warned of within "
            f"{lasting(within)}, {', '.join(better)}, with no more false alerts than it raised or "
            "were asked for."
        )


def _warned(entry: Entry, per_day: float, within: timedelta) -> float:
    return mean(entry.tallies[per_day], lambda tally: tally.hits("raised", within).sum())


def _false(entry: Entry, per_day: float) -> float:
    return mean(entry.tallies[per_day], lambda tally: tally.false_per_day)
