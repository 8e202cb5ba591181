"""Charts of scores and losses over time.

Nothing is told by colour alone: lines differ in their dashes, bars in their hatching.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from numpy.typing import NDArray

from trainer.evaluation import Evaluation
from trainer.measures import Measures
from trainer.plain_words import fit_in_words
from trainer.report.style import (
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
from trainer.thinning import MAX_POINTS, Peaks

_POINTS_PER_LOSS = 75
_MAX_OUTCOME_LINES = 60
"""More would hide the scores; the outcomes have a lane of their own as well."""


def training_scores(scores: Peaks, *, label: str) -> Markup:
    """Draw the cross-fitted scores of the training rows and the default threshold."""
    with drawing("training-scores", WIDE) as one:
        axes = one.figure.add_subplot()
        _draw_line(axes, scores.times, scores.scores, color=TRAINING, label="normal training rows")
        _finish_scores(axes, scores, label=label, of_threshold="default threshold")
        time_axis(axes, day_numbers(scores.times))
    return one.svg


def holdout_scores(measures: Measures, *, name: str, label: str) -> Markup:
    """Draw scores and the threshold in force; below, when alerts were open and outcomes came."""
    normal, positive, outcomes = measures.normal, measures.positive, measures.evaluation.outcomes
    both = [np.concatenate(columns) for columns in zip(normal, positive, strict=True)]
    order = np.argsort(both[0], kind="stable")
    every = Peaks(*(column[order] for column in both))
    with drawing(name, WIDE) as one:
        upper, lower = one.figure.subplots(2, sharex=True, height_ratios=(6, 1))
        normal_name, positive_name = measures.class_names
        if len(normal.times):
            _draw_line(upper, normal.times, normal.scores, color=NORMAL, label=normal_name)
        if len(positive.times):
            marks = positive.times, positive.scores
            upper.plot(*marks, "^", color=POSITIVE, markersize=4, label=positive_name, zorder=3)
        if 0 < len(outcomes) <= _MAX_OUTCOME_LINES:
            apart, height = _apart(outcomes, every.times), upper.get_xaxis_transform()
            look = {"alpha": 0.4, "linewidth": 0.7, "transform": height}
            upper.vlines(day_numbers(apart), 0, 1, POSITIVE, **look)
        _finish_scores(upper, every, label=label, of_threshold="threshold in force")
        _draw_lanes(lower, every.times, measures.evaluation)
        time_axis(lower, day_numbers(every.times))
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


def _finish_scores(axes: Axes, every: Peaks, *, label: str, of_threshold: str) -> None:
    _draw_line(axes, every.times, every.thresholds, color=LIMIT, label=of_threshold, dashes="--")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(label)
    legend(axes, columns=4)


def _draw_lanes(axes: Axes, times: NDArray[np.datetime64], evaluation: Evaluation) -> None:
    """Mark open alerts as bars and outcomes as crosses; the shortest alert is still seen."""
    outcomes, (start, stop) = evaluation.outcomes, day_numbers(times[[0, -1]])
    edges = np.linspace(start, stop, MAX_POINTS + 1)
    is_open = np.where(alert_open(evaluation, edges), 0.35, 0.0)
    axes.stairs(1 + is_open, edges, baseline=1 - is_open, fill=True, color=LIMIT)
    lanes = {1: "alert open"}
    if outcomes:
        lanes[0] = "outcome"
        apart = _apart(outcomes, times)
        axes.plot(apart, np.zeros(len(apart)), "x", color=POSITIVE, markersize=5)
    axes.set_yticks(list(lanes), list(lanes.values()))
    axes.set_ylim(min(lanes) - 0.6, 1.6)
    axes.grid(visible=False, axis="y")


def alert_open(evaluation: Evaluation, edges: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the bins, between edges in days, in which an alert was open while readings came."""
    is_open = np.zeros(len(edges) - 1, bool)
    for raised, cleared, *_ in evaluation.alerts:
        ends = day_numbers([raised, cleared]) if cleared else [day_numbers(raised), edges[-1]]
        first, last = np.searchsorted(edges, ends, side="right").clip(1, len(is_open))
        is_open[first - 1 : last] = True
    for still in evaluation.stood_still:
        # The bins of the last reading before it and of the first one after it stay.
        first, last = np.searchsorted(edges, day_numbers([*still]), side="right").clip(1)
        is_open[first : last - 1] = False
    return is_open


def _apart(moments: Sequence[datetime], times: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Drop moments that a screen could not show apart."""
    naive = np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[us]")
    width = max(times[-1] - times[0], np.timedelta64(1, "us")) / MAX_POINTS
    _, first = np.unique(((naive - times[0]) / width).astype(np.int64), return_index=True)
    return naive[first]
