"""Charts of sensors: what was not expected of them, what scores were due to, how they drift."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from trainer.drift import Drift
from trainer.explained import Event, Residuals
from trainer.report.heat import explain_levels, heat, name_rows, opacities
from trainer.report.style import (
    INK,
    LIMIT,
    NORMAL,
    POSITIVE,
    day_numbers,
    drawing,
    legend,
    time_axis,
)

SHARES = (0.03, 0.06, 0.12, 0.25, 0.5)
"""Levels of a sensor's share in a score."""

SHIFTS = (0.5, 1.0, 2.0, 4.0)
"""Levels of a shift, in training spreads."""

_TICKS = (0.5, 1, 2, 5, 10, 100, 1000)

_WIDTH, _ROW, _AROUND = 9.6, 0.17, 1.0
"""Inches: of the page, of a sensor, of all that is around them."""


def residuals(
    names: Sequence[str],
    normal: Residuals,
    positive: Residuals | None,
    *,
    chosen: NDArray[np.intp],
    class_names: tuple[str, str],
) -> Markup:
    """Draw mean and standard deviation of the chosen sensors' residuals, by class."""
    places = np.arange(len(chosen))
    with drawing("residuals", (_WIDTH, _AROUND + 0.2 * len(chosen))) as one:
        axes = one.figure.add_subplot(xlabel="residual in training spreads, logarithmic beyond 1")
        looks = [(normal, NORMAL, "o", 0.32, class_names[0])]
        if positive is not None:
            looks.append((positive, POSITIVE, "^", 0.68, class_names[1]))
        for found, color, marker, offset, label in looks:
            axes.errorbar(
                found.mean[chosen],
                places + offset,
                xerr=found.deviation[chosen],
                fmt=marker,
                color=color,
                markersize=4,
                elinewidth=1.1,
                label=label,
            )
        axes.axvline(0.0, color=INK, linewidth=0.7)
        # A sensor that has left its place would squeeze all others to dots.
        axes.set_xscale("symlog", linthresh=1.0)
        left, right = axes.get_xlim()
        ticks = [tick for size in _TICKS for tick in (-size, size) if left <= tick <= right]
        axes.set_xticks([0.0, *ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(len(chosen), 0)
        name_rows(axes, [names[i] for i in chosen])
        legend(axes)
    return one.svg


def contributions(names: Sequence[str], events: Sequence[Event], *, with_marks: bool) -> Markup:
    """Draw the sensors' shares in the scores of each event, and mark those that were found."""
    shares = np.array([event.shares for event in events]).T
    columns = np.arange(len(events) + 1.0)
    with drawing("contributions", (_WIDTH, 1.6 + _ROW * len(shares))) as one:
        axes = one.figure.add_subplot()
        heat(axes, columns, shares, SHARES, NORMAL)
        name_rows(axes, names)
        # Few columns would each be as wide as a hand.
        axes.set_xlim(0, max(len(events), 12))
        times = [f"{event.time:%m-%d %H:%M}" for event in events]
        axes.set_xticks(columns[:-1] + 0.5, times, rotation=90, fontsize=7)
        axes.tick_params(axis="x", length=0)
        if with_marks:
            axes.set_ylim(len(shares), -1)
            marked = [column + 0.5 for column, event in enumerate(events) if event.was_found]
            axes.plot(marked, np.full(len(marked), -0.5), "v", color=POSITIVE, markersize=6)
        entries = [
            (NORMAL, opacity, f"{share:.0%} or more".replace("%", " %"))
            for share, opacity in zip(SHARES, opacities(len(SHARES)), strict=True)
        ]
        explain_levels(axes, entries)
    return one.svg


def drift(found: Drift, *, chosen: NDArray[np.intp]) -> Markup:
    """Draw how far the chosen sensors stood from their median in training, over time."""
    shifts, edges = found.shifts.T[chosen], day_numbers(found.edges)
    with drawing("drift", (_WIDTH, _AROUND + _ROW * len(chosen))) as one:
        axes = one.figure.add_subplot()
        heat(axes, edges, shifts, SHIFTS, POSITIVE)
        heat(axes, edges, -shifts, SHIFTS, NORMAL)
        name_rows(axes, [found.sensors[i] for i in chosen])
        if found.split is not None:
            axes.axvline(day_numbers(found.split).item(), color=LIMIT, linestyle="--")
        of_levels = list(zip(SHIFTS, opacities(len(SHIFTS)), strict=True))
        entries = [(NORMAL, opacity, f"-{level:g}") for level, opacity in of_levels[::-1]]
        entries += [(POSITIVE, opacity, f"+{level:g}") for level, opacity in of_levels]
        explain_levels(axes, entries)
        time_axis(axes, edges)
        axes.set_xlim(edges[0], edges[-1])
    return one.svg
