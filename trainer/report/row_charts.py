"""Charts of how well a score parts the rows to be warned at from the others."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from trainer.confusion import Confusion
from trainer.measures import Curves
from trainer.report.style import (
    INK,
    LIMIT,
    NORMAL,
    POSITIVE,
    SMALL,
    TRAINING,
    drawing,
    legend,
)
from trainer.thinning import Histogram


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
        axes.yaxis.set_minor_locator(NullLocator())
        legend(axes)
    return one.svg


def by_threshold(curves: Curves, thresholds: NDArray[np.float64]) -> Markup:
    """Draw precision, recall and F1 at every threshold, those in force and the best F1's."""
    low, middle, high = np.quantile(thresholds, (0.0, 0.5, 1.0))
    with drawing("by-threshold", SMALL) as one:
        axes = one.figure.add_subplot(xlabel="threshold", ylabel="share of rows", ylim=(0, 1.02))
        axes.plot(curves.thresholds, curves.precision, color=NORMAL, label="precision")
        axes.plot(curves.thresholds, curves.recall, "--", color=POSITIVE, label="recall")
        axes.plot(curves.thresholds, curves.f1, "-.", color=TRAINING, label="F1")
        axes.axvspan(low, high, color=LIMIT, alpha=0.15, linewidth=0)
        axes.axvline(middle, color=LIMIT, linestyle="--", label=f"in force, middle {middle:.2f}")
        best = f"best F1 {curves.best_f1:.2f} at {curves.best_threshold:.2f}, in hindsight"
        axes.axvline(curves.best_threshold, color=INK, linestyle=":", label=best)
        axes.plot(curves.best_threshold, curves.best_f1, "*", color=INK, markersize=9, zorder=3)
        legend(axes)
    return one.svg


def roc(curves: Curves, confusion: Confusion | None, *, name: str = "roc") -> Markup:
    """Draw the ROC curve, and where the thresholds in force are on it."""
    with drawing(name, SMALL) as one:
        axes = one.figure.add_subplot(xlabel="false positive rate", ylabel="recall")
        axes.plot(*curves.roc, color=NORMAL, label=f"AUC {curves.auc:.3f}")
        axes.plot((0, 1), (0, 1), ":", color=INK, label="chance, AUC 0.5")
        if confusion is not None:
            _mark_in_force(axes, confusion.false_positive_rate, confusion.recall)
        _finish(axes)
    return one.svg


def precision_recall(
    curves: Curves, confusion: Confusion | None, *, name: str = "precision-recall"
) -> Markup:
    """Draw precision against recall, with the base rate that chance would reach."""
    with drawing(name, SMALL) as one:
        axes = one.figure.add_subplot(xlabel="recall", ylabel="precision")
        average = f"average precision {curves.average_precision:.3f}"
        axes.plot(curves.recall, curves.precision, color=NORMAL, label=average)
        chance = f"chance {curves.base_rate:.3f}"
        axes.axhline(curves.base_rate, color=INK, linestyle=":", label=chance)
        if confusion is not None:
            _mark_in_force(axes, confusion.recall, confusion.precision)
        _finish(axes)
    return one.svg


def _mark_in_force(axes: Axes, x: float | None, y: float | None) -> None:
    if x is not None and y is not None:
        # Over the curve, and whole at the edge of the axes.
        name = "thresholds in force"
        axes.plot(x, y, "o", color=LIMIT, label=name, markersize=7, clip_on=False, zorder=3)


def _finish(axes: Axes) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(0, 1.02))
    legend(axes)
