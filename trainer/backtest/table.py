"""The result of an evaluation as text to read on a terminal, about 110 characters wide."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np

from trainer.backtest.counting import ALWAYS_ON, Entry
from trainer.backtest.intervals import by_days, by_events
from trainer.backtest.result import Result, mean
from trainer.backtest.tally import Tally
from trainer.backtest.verdicts import verdicts
from trainer.plain_words import a_day, counted, lasting, minute, percent

_NAME, _CELL = 24, 15


def table(result: Result) -> str:
    """Lay a result out."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    yield from _head(result)
    for way, entries in result.ways.items():
        yield ""
        yield f"== {way} =="
        yield from _rows(entries)
        for per_day in entries[0].tallies:
            yield ""
            yield from _budget(entries, per_day)
        for entry in entries:
            if entry.name in result.models:
                yield ""
                yield from _closely(entry, result)
        yield ""
        yield from verdicts(entries, result)


def _head(result: Result) -> Iterator[str]:
    tally = next(iter(result.ways["as delivered"][0].tallies.values()))[0]
    what = "labelled stretches" if result.label_kind == "rows" else "outcomes"
    yield (
        f"{result.machine}: {counted(result.n_rows, 'row')} in time order; judged "
        f"{lasting(timedelta(days=tally.days))} of readings with {tally.n_events} {what}, each "
        "fold by models and thresholds of the rows before it:"
    )
    for number, fold in enumerate(result.folds, start=1):
        yield (
            f"  fold {number}: {counted(fold.n_rows, 'row')}, {minute(fold.begin)} to "
            f"{minute(fold.end)} UTC, after {fold.n_earlier:,}"
        )
    if result.label_kind is None:
        yield "Without labels nobody can say what was warned of, and any alert may be a false one."
    if "held" in result.ways:
        yield (
            f"A historian drew straight lines through {percent(float(result.drawn.mean()))} of the "
            "values, that lead to readings that were still to come. Held: with the first reading "
            "of a line in place of the rest, as it was known then."
        )
    else:
        yield "No straight lines that a historian drew were found: there is nothing to hold."
    yield from (f"note: {note}" for note in result.notes)


def _rows(entries: Sequence[Entry]) -> Iterator[str]:
    base = next(iter(entries[0].tallies.values()))[0].base_rate
    yield f"{'rows':{_NAME}}{'ROC-AUC':>{_CELL}}{'PR-AUC':>{_CELL}}"
    for entry in entries:
        tallies = next(iter(entry.tallies.values()))
        auc, precision = mean(tallies, _auc), mean(tallies, _average_precision)
        yield f"{_name(entry):{_NAME}}{_figure(auc, 3):>{_CELL}}{_figure(precision, 3):>{_CELL}}"
    yield f"{'by chance':{_NAME}}{'0.500':>{_CELL}}{_figure(base, 3):>{_CELL}}"


def _budget(entries: Sequence[Entry], per_day: float) -> Iterator[str]:
    yield f"asked: {per_day:g} a day; recall of events by alerts raised, in brackets that of chance"
    horizons = entries[0].tallies[per_day][0].horizons
    within = [f"in {lasting(horizon)}" for horizon in horizons]
    yield _row("", "false a day", "in alarm", *within, width=13)
    for entry in entries:
        tallies = entry.tallies[per_day]
        recalls = [
            f"{_percent(_recall(tallies, 'raised', horizon))} "
            f"({_percent(_by_chance(tallies, 'raised', horizon))})"
            for horizon in horizons
        ]
        false = mean(tallies, lambda tally: tally.false_per_day)
        ratio = "" if entry.name == ALWAYS_ON else f" = {false / per_day:.2f}x"
        share = _percent(mean(tallies, lambda tally: tally.alarm_share))
        yield _row(_name(entry), f"{a_day(false)}{ratio}", share, *recalls, width=13)


def _closely(entry: Entry, result: Result) -> Iterator[str]:
    """Show of a model how sure its recalls are, and what else there is to be said of it."""
    yield f"{_name(entry)}, with 95 % intervals"
    yield _row(
        "  asked, ahead", "recall", "of events", "of days", "by chance", "in alarm", "by chance",
        width=13,
    )  # fmt: skip
    for per_day, tallies in entry.tallies.items():
        for horizon in tallies[0].horizons:
            yield _recall_line(f"  {per_day:g} a day, {lasting(horizon)}", tallies, horizon)
    per_day = result.asked_of(entry.name)
    tallies = entry.tallies[per_day]
    yield f"  At {per_day:g} a day:"
    if result.label_kind == "event":
        yield f"    an alert is false where nothing follows within {lasting(tallies[0].horizon)}"
        yield from _followed(tallies[0])
    yield from _leads(tallies[0], result.label_kind)
    folds = (a_day(one.n_false / one.days) for one in tallies[0].folds if one.days)
    yield f"    false alerts a day, by fold: {', '.join(folds)}"
    weeks = (
        f"{a_day(false / days)} in week {week}" for (_, week), (days, false) in _weeks(tallies[0])
    )
    yield f"    by week: {', '.join(weeks)}"
    standing = mean(tallies, lambda tally: tally.standing_false_per_day)
    yield f"    counted anew every 10 min that an alert stands: {a_day(standing)} false a day"


def _recall_line(label: str, tallies: Sequence[Tally], horizon: timedelta) -> str:
    hits = np.mean([tally.hits("raised", horizon) for tally in tallies], axis=0)
    days = by_days(hits, tallies[0].event_days, tallies[0].all_days)
    return _row(
        label,
        _percent(_recall(tallies, "raised", horizon)),
        _interval(by_events(hits)),
        _interval(days),
        _percent(_by_chance(tallies, "raised", horizon)),
        _percent(_recall(tallies, "standing", horizon)),
        _percent(_by_chance(tallies, "standing", horizon)),
        width=13,
    )


def _followed(tally: Tally) -> Iterator[str]:
    """Say how many of the alerts, and how many moments drawn at random, something followed."""
    for horizon in tally.horizons:
        one = tally.followed(horizon)
        yield (
            f"    an outcome followed within {lasting(horizon)}: {one.n_followed} of "
            f"{one.n_alerts} alerts, {_percent(one.share)}; of all moments "
            f"{_percent(one.by_chance)}"
        )


def _recall(tallies: Sequence[Tally], name: str, horizon: timedelta) -> float:
    return mean(tallies, lambda tally: tally.recall(name, horizon))


def _by_chance(tallies: Sequence[Tally], name: str, horizon: timedelta) -> float:
    return mean(tallies, lambda tally: tally.by_chance(name, horizon))


def _auc(tally: Tally) -> float:
    return tally.auc


def _average_precision(tally: Tally) -> float:
    return tally.average_precision


def _weeks(tally: Tally) -> list[tuple[tuple[int, int], tuple[float, int]]]:
    return [(week, counts) for week, counts in tally.by_week.items() if counts[0]]


def _leads(tally: Tally, kind: str | None) -> Iterator[str]:
    """Say when alerts came: before an outcome, or after a labelled stretch began."""
    if not len(tally.leads):
        return
    span, side = ("begin to alert", "after") if kind == "rows" else ("alert to event", "ahead")
    least, early, median, late, most = np.quantile(abs(tally.leads), [0, 0.25, 0.5, 0.75, 1])
    yield (
        f"    {span}, of those warned of within {lasting(tally.horizons[-1])}: median "
        f"{median:.0f} min {side}, half of them {early:.0f} to {late:.0f}, all {least:.0f} to "
        f"{most:.0f}"
    )


def _name(entry: Entry) -> str:
    n_seeds = len(next(iter(entry.tallies.values())))
    return f"{entry.name} ({n_seeds} seeds)" if n_seeds > 1 else entry.name


def _row(label: str, *cells: str, width: int) -> str:
    return f"{label:{_NAME}}" + "".join(f"{cell:>{width}}" for cell in cells)


def _interval(bounds: tuple[float, float] | None) -> str:
    return "-" if bounds is None else f"{100 * bounds[0]:.0f} to {100 * bounds[1]:.0f}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def _figure(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
