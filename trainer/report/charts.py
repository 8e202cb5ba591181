"""The report's figures.

Nothing is told by colour alone: lines differ in their dashes, bars in their hatching.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from stream_detector.alerting.ledger import ClosedAlert, Fate
from trainer.measures import Confusion, Curves, Measures
from trainer.plain_words import fit_in_words
from trainer.report.style import (
    FAINT,
    FLAT,
    INK,
    LIMIT,
    NORMAL,
    POSITIVE,
    SMALL,
    TRAINING,
    WIDE,
    day_numbers,
    drawing,
    legend,
    time_axis,
)
from trainer.thinning import MAX_POINTS, Histogram, Peaks

_POINTS_PER_LOSS = 75
_MAX_OUTCOME_LINES = 60
"""More would hide the scores; the outcomes have a lane of their own as well."""


def training_scores(scores: Peaks) -> Markup:
    """Draw the cross-fitted scores of the training rows and the default threshold."""
    with drawing("training-scores", WIDE) as one:
        axes = one.figure.add_subplot()
        _draw_line(axes, scores.times, scores.scores, color=TRAINING, label="normal training rows")
        _finish_scores(axes, scores, label="default threshold")
        time_axis(axes, day_numbers(scores.times))
    return one.svg


def holdout_scores(measures: Measures) -> Markup:
    """Draw scores and the threshold in force; below, when alerts were open and outcomes came."""
    normal, positive, outcomes = measures.normal, measures.positive, measures.evaluation.outcomes
    both = [np.concatenate(columns) for columns in zip(normal, positive, strict=True)]
    order = np.argsort(both[0], kind="stable")
    every = Peaks(*(column[order] for column in both))
    with drawing("holdout-scores", WIDE) as one:
        upper, lower = one.figure.subplots(2, sharex=True, height_ratios=(6, 1))
        name, name_of_positive = measures.class_names
        if len(normal.times):
            _draw_line(upper, normal.times, normal.scores, color=NORMAL, label=name)
        if len(positive.times):
            marks = positive.times, positive.scores
            upper.plot(*marks, "^", color=POSITIVE, markersize=4, label=name_of_positive, zorder=3)
        if 0 < len(outcomes) <= _MAX_OUTCOME_LINES:
            apart, height = _apart(outcomes, every.times), upper.get_xaxis_transform()
            look = {"alpha": 0.4, "linewidth": 0.7, "transform": height}
            upper.vlines(day_numbers(apart), 0, 1, POSITIVE, **look)
        _finish_scores(upper, every, label="threshold in force")
        _draw_lanes(lower, every.times, measures.evaluation.alerts, outcomes)
        time_axis(lower, day_numbers(every.times))
    return one.svg


def score_histogram(histogram: Histogram, names: Mapping[str, str], *, limit: float) -> Markup:
    """Draw how the scores of each class are spread, and the threshold."""
    looks = {"training": (TRAINING, ":"), "normal": (NORMAL, "-"), "positive": (POSITIVE, "--")}
    with drawing("histogram", SMALL) as one:
        axes = one.figure.add_subplot(xlabel="score", ylabel="share of the class's rows")
        for name, counts in histogram.counts.items():
            color, dashes = looks[name]
            shares, filled = counts / counts.sum(), name == "positive"
            steps = axes.stairs(shares, histogram.edges, fill=filled, label=names[name])
            steps.set(edgecolor=color, facecolor=(color, 0.2), linestyle=dashes, linewidth=1.2)
        axes.axvline(limit, color=LIMIT, linestyle="-.", label=f"default threshold {limit:.2f}")
        # Linear, the few rows near the threshold, which matter, would not be seen.
        axes.set_yscale("log")
        legend(axes)
    return one.svg


def by_threshold(curves: Curves, thresholds: NDArray[np.float64]) -> Markup:
    """Draw precision and recall at every threshold, those in force and the best F1's."""
    low, middle, high = np.quantile(thresholds, (0.0, 0.5, 1.0))
    with drawing("by-threshold", SMALL) as one:
        axes = one.figure.add_subplot(xlabel="threshold", ylabel="share of rows", ylim=(0, 1.02))
        axes.plot(curves.thresholds, curves.precision, color=NORMAL, label="precision")
        axes.plot(curves.thresholds, curves.recall, "--", color=POSITIVE, label="recall")
        axes.axvspan(low, high, color=LIMIT, alpha=0.15, linewidth=0)
        axes.axvline(middle, color=LIMIT, linestyle="-.", label=f"in force, middle {middle:.2f}")
        best = f"best F1 {curves.best_f1:.2f} at {curves.best_threshold:.2f}"
        axes.axvline(curves.best_threshold, color=INK, linestyle=":", label=best)
        legend(axes)
    return one.svg


def roc(curves: Curves, confusion: Confusion) -> Markup:
    """Draw the ROC curve, and where the thresholds in force are on it."""
    with drawing("roc", SMALL) as one:
        axes = one.figure.add_subplot(xlabel="false positive rate", ylabel="recall")
        axes.plot(*curves.roc, color=NORMAL, label=f"AUC {curves.auc:.3f}")
        axes.plot((0, 1), (0, 1), ":", color=INK, label="chance, AUC 0.5")
        _mark_in_force(axes, confusion.false_positive_rate, confusion.recall)
    return one.svg


def precision_recall(curves: Curves, confusion: Confusion) -> Markup:
    """Draw precision against recall, with the base rate that chance would reach."""
    with drawing("precision-recall", SMALL) as one:
        axes = one.figure.add_subplot(xlabel="recall", ylabel="precision")
        average = f"average precision {curves.average_precision:.3f}"
        axes.plot(curves.recall, curves.precision, color=NORMAL, label=average)
        chance = f"chance {curves.base_rate:.3f}"
        axes.axhline(curves.base_rate, color=INK, linestyle=":", label=chance)
        _mark_in_force(axes, confusion.recall, confusion.precision)
    return one.svg


def alerts_by_day(measures: Measures, *, budget: float) -> Markup:
    """Draw the alerts raised on every day, and how many false ones were asked for."""
    table = measures.by_day
    days = table["days"].to_numpy(np.float64)
    start = day_numbers(table.index.to_numpy())
    middle, width, bottom = start + days / 2, 0.9 * days, np.zeros(len(table))
    with drawing("alerts-by-day", FLAT) as one:
        axes = one.figure.add_subplot(ylabel="alerts a day")
        for label, fates, color, hatch in (
            ("something followed", (Fate.EARLY, Fate.ANOMALY), POSITIVE, None),
            ("nothing followed in time", (Fate.NUISANCE, Fate.LATE), NORMAL, "////"),
            ("not known", (Fate.UNLABELLED,), FAINT, "...."),
        ):
            height = table[[fate.value for fate in fates]].sum(axis=1).to_numpy() / days
            if height.any():
                bars = axes.bar(middle, height, width, bottom, label=label, edgecolor=color)
                for bar in bars:
                    # An SVG hatch lies in the colour of the edge on that of the face.
                    bar.set(facecolor="none" if hatch else color, hatch=hatch)
            bottom = bottom + height
        axes.axhline(budget, color=LIMIT, linestyle="--", label=f"asked for: {budget:g} false")
        silent = table["rows"].to_numpy() == 0
        if silent.any():
            top, gray = max(bottom.max(), budget), (FAINT, 0.25)
            axes.bar(middle[silent], top, width[silent], color=gray, label="no row was scored")
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.grid(visible=False, axis="x")
        legend(axes, columns=4)
        time_axis(axes, np.append(start, start[-1] + days[-1]))
    return one.svg


def loss_curves(losses: Mapping[str, NDArray[np.floating[Any]]]) -> Markup:
    """Draw how the loss of every fit fell."""
    looks = ((NORMAL, "-"), (POSITIVE, "--"), (TRAINING, "-."), (LIMIT, ":"))
    with drawing("losses", SMALL) as one:
        axes = one.figure.add_subplot(xlabel="step", ylabel="training loss")
        for number, (label, values) in enumerate(losses.items()):
            color, dashes = (INK, "-") if label == "final" else looks[number % len(looks)]
            name = fit_in_words(label)
            axes.plot(*smoothed_losses(values), dashes, color=color, linewidth=1.0, label=name)
        axes.set_ylim(bottom=0)
        legend(axes)
    return one.svg


def smoothed_losses(
    losses: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give middle step and mean loss of at most 75 equal stretches of a fit.

    >>> smoothed_losses(np.array([3.0, 1.0]))
    (array([1., 2.]), array([3., 1.]))
    """
    stretches = np.array_split(np.arange(len(losses)), min(len(losses), _POINTS_PER_LOSS))
    steps = np.array([1 + stretch.mean() for stretch in stretches])
    return steps, np.array([losses[stretch].mean(dtype=np.float64) for stretch in stretches])


def _draw_line(
    axes: Axes,
    times: NDArray[np.datetime64],
    values: NDArray[np.float64],
    *,
    color: str,
    label: str,
    dashes: str = "-",
) -> None:
    """Draw a line that breaks where there are no rows; a row all alone becomes a dot."""
    steps = np.diff(times)
    usual = max(np.median(steps), (times[-1] - times[0]) / MAX_POINTS) if len(steps) else 0
    gaps = steps > 4 * usual
    breaks = 1 + np.flatnonzero(gaps)
    line = np.insert(times, breaks, times[breaks]), np.insert(values, breaks, np.nan)
    axes.plot(*line, dashes, color=color, label=label, linewidth=0.8 if dashes == "-" else 1.3)
    alone = np.append(True, gaps) & np.append(gaps, True)
    axes.plot(times[alone], values[alone], ".", color=color, markersize=3)


def _finish_scores(axes: Axes, every: Peaks, *, label: str) -> None:
    _draw_line(axes, every.times, every.thresholds, color=LIMIT, label=label, dashes="--")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("score (reconstruction error)")
    legend(axes, columns=4)


def _draw_lanes(
    axes: Axes,
    times: NDArray[np.datetime64],
    alerts: Sequence[ClosedAlert],
    outcomes: Sequence[datetime],
) -> None:
    """Mark open alerts as bars and outcomes as crosses; the shortest alert is still seen."""
    start, stop = day_numbers(times[[0, -1]])
    edges = np.linspace(start, stop, MAX_POINTS + 1)
    is_open = np.zeros(MAX_POINTS)
    for raised, cleared, *_ in alerts:
        ends = day_numbers([raised, cleared]) if cleared else [day_numbers(raised), stop]
        first, last = np.searchsorted(edges, ends, side="right").clip(1, MAX_POINTS)
        is_open[first - 1 : last] = 0.35
    axes.stairs(1 + is_open, edges, baseline=1 - is_open, fill=True, color=LIMIT)
    lanes = {1: "alert open"}
    if outcomes:
        lanes[0] = "outcome"
        apart = _apart(outcomes, times)
        axes.plot(apart, np.zeros(len(apart)), "x", color=POSITIVE, markersize=5)
    axes.set_yticks(list(lanes), list(lanes.values()))
    axes.set_ylim(min(lanes) - 0.6, 1.6)
    axes.grid(visible=False, axis="y")


def _apart(moments: Sequence[datetime], times: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Drop moments that a screen could not show apart."""
    naive = np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[us]")
    width = max(times[-1] - times[0], np.timedelta64(1, "us")) / MAX_POINTS
    _, first = np.unique(((naive - times[0]) / width).astype(np.int64), return_index=True)
    return naive[first]


def _mark_in_force(axes: Axes, x: float | None, y: float | None) -> None:
    if x is not None and y is not None:
        # Over the curve, and whole at the edge of the axes.
        name = "thresholds in force"
        axes.plot(x, y, "o", color=LIMIT, label=name, markersize=7, clip_on=False, zorder=3)
    axes.set(xlim=(-0.01, 1.01), ylim=(0, 1.02))
    legend(axes)
