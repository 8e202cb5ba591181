"""Charts of alerts: how many came of how many were asked for, what they found, and how soon."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from stream_detector.alerting.recorded import Fate
from trainer.alert_counts import Week
from trainer.budgets import Point
from trainer.found import Timeliness, wilson_interval
from trainer.measures import Measures
from trainer.report.style import (
    FAINT,
    FLAT,
    INK,
    LIMIT,
    NORMAL,
    POSITIVE,
    SMALL,
    day_numbers,
    drawing,
    legend,
    time_axis,
)


def alerts_by_day(measures: Measures, *, name: str = "alerts-by-day") -> Markup:
    """Draw the alerts raised on every day, and how many false ones were asked for."""
    table, budget = measures.by_day, measures.evaluation.asked_per_day
    days = table["days"].to_numpy(np.float64)
    start = day_numbers(table.index.to_numpy())
    middle, width, bottom = start + days / 2, 0.9 * days, np.zeros(len(table))
    with drawing(name, FLAT) as one:
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


def asked_and_realised(weeks: Sequence[Week], *, noun: str, name: str = "by-week") -> Markup:
    """Draw what came a day of every week beside what was asked for; ``noun`` says of what."""
    known = [week for week in weeks if week.per_day is not None]
    rates = [week.per_day or 0.0 for week in known]
    places = np.arange(len(known))
    with drawing(name, SMALL) as one:
        axes = one.figure.add_subplot(xlabel="week from (UTC)", ylabel=f"{noun} a day")
        bars = axes.bar(
            places, rates, 0.7, color=(NORMAL, 0.35), edgecolor=NORMAL, label="realised"
        )
        axes.bar_label(bars, [f"{rate:.1f}" for rate in rates], fontsize=8, padding=2)
        asked = weeks[0].asked_per_day
        axes.axhline(asked, color=LIMIT, linestyle="--", label=f"asked for: {asked:g}")
        some = places[:: max(len(places) // 6, 1)]
        axes.set_xticks(some, [f"{known[place].begin:%Y-%m-%d}" for place in some], fontsize=8)
        axes.set_ylim(0, 1.15 * max(asked, *rates))
        axes.set_xlim(-0.8, max(len(known), 3) - 0.2)
        axes.grid(visible=False, axis="x")
        legend(axes)
    return one.svg


def recall_by_false_alerts(
    points: Sequence[Point], *, asked: float, noun: str, name: str = "recall-by-false"
) -> Markup:
    """Draw what budgets find against the false alerts that they bring, beside chance."""
    at = np.array([point.per_day for point in points])
    recall = np.array([point.recall for point in points], np.float64)
    bounds = np.array([wilson_interval(point.n_found, point.n_to_find) for point in points]).T
    order = np.argsort(at, kind="stable")
    with drawing(name, SMALL) as one:
        axes = one.figure.add_subplot(xlabel="false alerts a day, realised", ylabel=f"{noun} found")
        spread = np.abs(bounds - recall)
        axes.errorbar(at, recall, spread, fmt="none", ecolor=(FAINT, 0.7), linewidth=1.0, capsize=2)
        axes.plot(at[order], recall[order], "o-", color=NORMAL, markersize=4, label="found")
        chance = np.array([point.by_chance for point in points])
        axes.plot(at[order], chance[order], ":", color=INK, label="by chance")
        for point, x, y in zip(points, at.tolist(), recall.tolist(), strict=True):
            if point.asked_per_day == asked:
                mark = f"asked for: {asked:g} a day"
                axes.plot(x, y, "s", color=LIMIT, markersize=8, zorder=3, label=mark)
        axes.set_xscale("symlog", linthresh=1.0, linscale=0.5)
        ticks = [tick for tick in (0, 1, 2, 5, 10, 20, 50, 100, 200) if tick <= 2 * max(*at, 1.0)]
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(-0.05, 1.2 * max(*at, 1.0))
        legend(axes)
    return one.svg


def lead_times(timeliness: Timeliness, *, label: str, horizon: float | None) -> Markup:
    """Draw what is found within each span, beside chance, and how soon each was found."""
    with drawing("lead-times", SMALL) as one:
        axes = one.figure.add_subplot(xlabel=label, ylabel="share found")
        minutes = (
            np.append(0.0, timeliness.minutes) if timeliness.minutes[0] else timeliness.minutes
        )
        lead = np.zeros(len(minutes) - len(timeliness.minutes))
        found = np.append(lead, timeliness.found)
        axes.step(minutes, found, where="post", color=NORMAL, label="found within so long")
        axes.plot(minutes, np.append(lead, timeliness.by_chance), ":", color=INK, label="by chance")
        if horizon is not None:
            axes.axvline(horizon, color=LIMIT, linestyle="--", label=f"horizon {horizon:g} min")
        top = max(1.25 * found.max(), 0.1)
        axes.set(xlim=(0, minutes[-1] * 1.02), ylim=(0, min(top, 1.02)))
        if len(timeliness.of_each):
            marks, height = timeliness.of_each, axes.get_xaxis_transform()
            axes.plot(
                marks,
                np.full(len(marks), 0.03),
                "|",
                color=POSITIVE,
                markersize=10,
                transform=height,
                label="each one found",
            )
        legend(axes)
    return one.svg
