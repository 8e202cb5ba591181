"""The sections of sensors: what they have to do with the scores, how they drift, the data."""

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.conditioning import CLIP
from trainer.drift import Drift
from trainer.explained import MOST_EVENTS, Explained, Residuals
from trainer.feed_quality import FeedQuality
from trainer.findings import Findings
from trainer.plain_words import counted, lasting, minute, percent
from trainer.report import sensor_charts
from trainer.report.layout import NOT_KEPT_BACK, Chart, Section, Table

_MOST_IN_RESIDUALS, _MOST_IN_CONTRIBUTIONS, _MOST_IN_DRIFT = 24, 24, 60
"""Sensors in a chart: those with most to tell. The tables have all."""

_MOST_FAR_SPANS = 5

_EVENTS = {"outcome": "outcomes", "stretch": "labelled stretches", "alert": "alerts"}


def sensors(findings: Findings) -> Section:
    """Show which sensors the scores were due to, and which were not as expected."""
    title, anchor, explained = "Sensors", "sensors", findings.explained
    measures = findings.measures
    if explained is None or measures is None:
        return Section(title, anchor, (Chart("Residuals and contributions", NOT_KEPT_BACK),))
    charts = (
        _contributions(findings.sensors, explained),
        _residuals(findings.sensors, explained, measures.class_names),
    )
    table = _residual_table(findings.sensors, explained, measures.class_names)
    return Section(title, anchor, (*charts, table))


def drift(findings: Findings) -> Section:
    """Show how the sensors wandered."""
    found = findings.drift
    chosen = _first(-_farthest(found), _MOST_IN_DRIFT)
    chosen = chosen[np.argsort(chosen)]
    farthest = int(np.argmax(_farthest(found)))
    chart = Chart(
        "Where each sensor stood",
        "Median of each span, as its distance from the median of the rows that could train, in "
        "training spreads; empty is near it, or no row. "
        + ("The dashed line is where the rows kept back begin. " if found.split else "")
        + _some_of(len(chosen), len(found.sensors), "that wandered furthest"),
        sensor_charts.drift(found, chosen=chosen),
        f"{found.sensors[farthest]} wandered furthest.",
        wide=True,
    )
    tables = (_far_spans(found), *([] if found.split is None else [_drift_table(found)]))
    note = (
        "A sensor whose level wanders is no fault by itself: what is scored is what the others "
        "and its own last hour do not explain. But a model that is far from where it trained "
        "is to be fitted anew."
    )
    return Section("Drift of the sensors", "drift", (chart, *tables), note)


def quality(findings: Findings) -> Section:
    """Show how good the data is."""
    found = findings.quality
    drawn = found.n_drawn
    note = "No sensor has a tenth of its rows on exactly straight lines, as a historian draws them."
    if drawn:
        note = (
            f"Of {counted(drawn, 'sensor')} a tenth of the rows or more lie on exactly straight "
            "lines, as a historian draws them between two readings: then they tell of the later "
            "one, which nobody can know live, and the figures of this report are too good."
        )
    return Section("Data quality", "quality", (_feed_table(found), _sensor_table(found)), note)


def _contributions(names: tuple[str, ...], explained: Explained) -> Chart:
    events, kind = explained.events, explained.kind
    title = {
        "outcome": "Contributions before each outcome",
        "stretch": "Contributions in each labelled stretch",
        "alert": "Contributions to each alert",
    }[kind]
    if not events:
        return Chart(title, f"The rows kept back hold no {_EVENTS[kind]} with a score.", wide=True)
    mean = np.mean([event.shares for event in events], axis=0)
    chosen = _first(-mean, _MOST_IN_CONTRIBUTIONS)
    shown = [event._replace(shares=event.shares[chosen]) for event in events]
    top = ", ".join(f"{names[i]} {percent(mean[i])}" for i in chosen[:3].tolist())
    note = "Each column shows which sensors the scores were due to; a column sums to 100 %. "
    if kind != "alert":
        note += "A mark above says that an alert found it. "
    if explained.n_events > len(events):
        note += f"The last {MOST_EVENTS} of {explained.n_events}. "
    if explained.n_left_out:
        left_out = counted(explained.n_left_out, kind, _EVENTS[kind])
        note += f"Left out: {left_out} without a row to explain, as right after a gap. "
    least = sensor_charts.SHARES[0]
    if any(event.shares.max() < least for event in shown):
        note += (
            f"An empty column: none of the sensors shown has {percent(least)}, it was due to many. "
        )
    return Chart(
        title,
        note + _some_of(len(chosen), len(names), "with the largest shares"),
        sensor_charts.contributions([names[i] for i in chosen], shown, with_marks=kind != "alert"),
        f"{counted(len(events), kind, _EVENTS[kind])}; the largest mean shares: {top}.",
        wide=True,
    )


def _residuals(names: tuple[str, ...], explained: Explained, class_names: tuple[str, str]) -> Chart:
    normal, positive = explained.normal, explained.positive
    chosen = _first(-change(explained), _MOST_IN_RESIDUALS)
    told = (
        "Actual minus expected, as the other sensors of the reading let expect: the mean as a "
        "mark, one standard deviation to each side as a line. "
    )
    how = "that differ most between the classes" if positive else "that are expected least well"
    return Chart(
        "Residuals of the sensors",
        told + _some_of(len(chosen), len(names), how),
        sensor_charts.residuals(names, normal, positive, chosen=chosen, class_names=class_names),
        f"First of these is {names[chosen[0]]}.",
        wide=True,
    )


def change(explained: Explained) -> NDArray[np.float64]:
    """Rank sensors: how much larger residuals are before outcomes; without, how large; (p,)."""
    normal = _size(explained.normal)
    if explained.positive is None:
        return normal
    # A hundredth of a spread is as good as nothing.
    return np.abs(np.log((_size(explained.positive) + 0.01) / (normal + 0.01)))


def _size(one: Residuals) -> NDArray[np.float64]:
    """Give the root mean square of each sensor's residuals; 0 where there are none."""
    return np.asarray(np.nan_to_num(np.hypot(one.mean, one.deviation)))


def _residual_table(
    names: tuple[str, ...], explained: Explained, class_names: tuple[str, str]
) -> Table:
    classes: list[tuple[str, Residuals]] = [(class_names[0], explained.normal)]
    if explained.positive is not None:
        classes.append((class_names[1], explained.positive))
    columns = ["Sensor"]
    for name, _ in classes:
        columns += [f"{name.capitalize()}: mean", "deviation"]
    rows = tuple(
        (names[i], *(text for _, one in classes for text in _mean_and_deviation(one, i)))
        for i in np.argsort(-change(explained), kind="stable").tolist()
    )
    counts = " and ".join(f"{counted(one.n_rows, 'row')} ({name})" for name, one in classes)
    note = (
        f"In training spreads, of {counts}; a value beyond {CLIP:g} counts as {CLIP:g}, as the "
        "model sees it. Neighbouring rows are near copies of each other."
    )
    return Table("Residuals of all sensors", tuple(columns), rows, note, wide=True)


def _mean_and_deviation(one: Residuals, sensor: int) -> tuple[str, str]:
    deviation = one.deviation[sensor]
    return _signed(one.mean[sensor]), "-" if np.isnan(deviation) else f"{deviation:.2f}"


def _far_spans(found: Drift) -> Table:
    """Name the span in which a sensor stood farthest, of those that stood farthest of all."""
    farthest = _first(-_farthest(found), _MOST_FAR_SPANS)
    spans = np.abs(np.nan_to_num(found.shifts)).argmax(axis=0)
    rows = tuple(
        (
            found.sensors[i],
            *(minute(edge) for edge in found.edges[spans[i] :][:2].tolist()),
            f"{found.medians[spans[i], i]:.4g}",
            f"{found.training[i]:.4g}",
            _signed(found.shifts[spans[i], i]),
        )
        for i in farthest.tolist()
    )
    columns = ("Sensor", "From (UTC)", "To", "Median", "Median in training", "Spreads from there")
    note = (
        "Of each sensor the span in which it stood farthest: there, a value may be in a wrong unit."
    )
    return Table("Farthest from training", columns, rows, note, wide=True)


def _drift_table(found: Drift) -> Table:
    rows = tuple(
        (
            found.sensors[i],
            found.units[i] or "",
            *(f"{value:.4g}" for value in (found.training[i], found.kept_back[i])),
            _signed(found.shift[i]),
            "-" if np.isnan(found.outside[i]) else percent(found.outside[i]),
        )
        for i in np.argsort(-np.nan_to_num(np.abs(found.shift)), kind="stable").tolist()
    )
    columns = (
        "Sensor",
        "Unit",
        "Median in training",
        "Median kept back",
        "Shift in spreads",
        "Outside training's range",
    )
    return Table(
        "Rows kept back against training", columns, rows, "Largest shift first.", wide=True
    )


def _feed_table(found: FeedQuality) -> Table:
    facts = [
        ("Rows", f"{found.n_rows:,}"),
        ("Usual step", lasting(found.cadence)),
        ("Rows that are late or repeat a time", f"{found.n_late:,}"),
        ("Gaps between runs", f"{found.n_gaps:,}"),
        ("The longest one", lasting(found.longest_gap) if found.n_gaps else "-"),
        ("All together", lasting(found.standing) if found.n_gaps else "-"),
        *((f"Rows kept back: {state}", f"{n:,}") for state, n in sorted(found.states.items())),
    ]
    return Table("The recording", ("What", "How much"), tuple(facts), wide=True)


def _sensor_table(found: FeedQuality) -> Table:
    worst = found.missing + found.impossible + found.drawn
    rows = tuple(
        (
            found.sensors[i],
            *(percent(share[i]) for share in (found.missing, found.impossible, found.drawn)),
            lasting(int(found.longest_rest[i]) * found.cadence),
        )
        for i in np.argsort(-worst, kind="stable").tolist()
    )
    columns = ("Sensor", "Missing", "Outside its limits", "Drawn between readings", "Longest rest")
    return Table("Every sensor", columns, rows, "Those with most that is odd first.", wide=True)


def _farthest(found: Drift) -> NDArray[np.float64]:
    return np.asarray(np.abs(np.nan_to_num(found.shifts)).max(axis=0))


def _first(order: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    return np.argsort(order, kind="stable")[:most]


def _some_of(n_shown: int, n_all: int, which: str) -> str:
    return "" if n_shown == n_all else f"The {n_shown} of {n_all} sensors {which}."


def _signed(value: float) -> str:
    # Adding zero leaves no "-0.00".
    return "-" if np.isnan(value) else f"{round(value, 2) + 0.0:+.2f}"
