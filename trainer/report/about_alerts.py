"""The section of alerts: how many came, what they found, and how soon."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from stream_detector.alerting.recorded import Fate, Standstill, outcome_in_run, running_time
from trainer.budgets import Point
from trainer.evaluation import Evaluation
from trainer.findings import Findings
from trainer.found import Timeliness, wilson_interval
from trainer.measures import Measures
from trainer.plain_words import a_day, counted, lasting, minute, percent
from trainer.report import alert_charts
from trainer.report.layout import NO_LABELS, NOT_KEPT_BACK, Chart, Section, Table
from trainer.report.numbers import MAX_ALERTS

_NOTHING_TO_FIND = "The rows kept back hold nothing that was to be warned of."

_FATES = {
    Fate.EARLY: "an outcome",
    Fate.LATE: "a false alert: an outcome after the horizon, while it stood",
    Fate.ANOMALY: "raised on an anomalous row",
    Fate.NUISANCE: "a false alert: the row is not labelled anomalous",
    Fate.UNLABELLED: "not known",
}
_RIGHT = (Fate.EARLY, Fate.ANOMALY)


def alerts(findings: Findings) -> Section:
    """Show the alerts of the rows kept back."""
    title, anchor, measures = "Alerts", "alerts", findings.measures
    if measures is None:
        return Section(title, anchor, (Chart("Alerts per day", NOT_KEPT_BACK, wide=True),))
    parts = (
        by_day(measures),
        by_week(measures),
        week_table(measures),
        trade_off(findings.points, measures),
        _lead_times(findings.timeliness, measures),
        budget_table(findings.points, measures, is_fixed=findings.is_fixed),
        _every_alert(measures.evaluation),
    )
    return Section(title, anchor, parts)


def by_day(measures: Measures, *, of: str = "") -> Chart:
    """Show the alerts of every day; ``of`` tells the chart from others'."""
    alerts = measures.evaluation.alerts
    per_bar, busiest = measures.by_day["days"].max(), measures.by_day.drop(columns=["rows", "days"])
    return Chart(
        "Alerts per day",
        "Days are those of UTC; the first and the last may be cut short."
        + ("" if per_bar == 1 else f" Each bar is the mean of {per_bar} days."),
        alert_charts.alerts_by_day(measures, name=f"{of}alerts-by-day"),
        f"{counted(len(alerts), 'alert')} in {counted(len(measures.by_day), 'bar')}, "
        f"at most {busiest.sum(axis=1).max()} in one.",
        wide=True,
    )


def by_week(measures: Measures, *, of: str = "") -> Chart:
    """Show what was asked for and what came, week by week."""
    title, noun, weeks = "Asked against realised, by week", _noun(measures), measures.by_week
    if all(week.per_day is None for week in weeks):
        return Chart(title, "No week has an hour of scored rows: nothing is said of so little.")
    rates = ", ".join(a_day(week.per_day) for week in weeks if week.per_day is not None)
    return Chart(
        title,
        f"{noun.capitalize()} a day of scored rows. Weeks begin on Monday; of a week with an hour "
        "of scored rows or less nothing is said.",
        alert_charts.asked_and_realised(weeks, noun=noun, name=f"{of}by-week"),
        f"Asked for were {measures.evaluation.asked_per_day:g} a day; week by week came {rates}.",
    )


def week_table(measures: Measures) -> Table:
    """Show the same as numbers."""
    rows = tuple(
        (
            f"{week.begin}",
            f"{week.days:.1f}",
            f"{week.n_false}",
            "-" if week.per_day is None else a_day(week.per_day),
            f"{week.asked_per_day:g}",
            "-" if week.over_asked is None else f"{week.over_asked:.2f}",
        )
        for week in measures.by_week
    )
    columns = ("Week from", "Days", _noun(measures).capitalize(), "A day", "Asked", "Over asked")
    note = f"Counted are {_noun(measures)}; over asked, 1 is as many as were asked for."
    return Table("The same as numbers", columns, rows, note)


def trade_off(points: tuple[Point, ...], measures: Measures, *, of: str = "") -> Chart:
    """Show what is found at what price."""
    title = "Recall against false alerts a day"
    if measures.evaluation.label_kind is None:
        return Chart(title, NO_LABELS)
    if not points or points[0].recall is None:
        return Chart(title, _NOTHING_TO_FIND)
    asked, (noun, plural) = measures.evaluation.asked_per_day, _things(measures)
    told = "; ".join(f"{a_day(one.per_day)} a day: {percent(one.recall or 0.0)}" for one in points)
    return Chart(
        title,
        "Each point is a budget, judged by the live code with the threshold that it stood for "
        "before these rows. Bars are 95 % intervals over "
        f"{counted(points[0].n_to_find, noun, plural)}. Whoever picks a budget here picks it in "
        "hindsight.",
        alert_charts.recall_by_false_alerts(
            points,
            asked=asked,
            noun=plural,
            name=f"{of}recall-by-false",
        ),
        f"Recall at false alerts: {told}.",
    )


def budget_table(points: tuple[Point, ...], measures: Measures, *, is_fixed: bool = False) -> Table:
    """Show the same as numbers, and how well every budget is kept to.

    The budget that was asked for is in force, unless the threshold is fixed.
    """
    in_force = None if is_fixed else measures.evaluation.asked_per_day
    columns = ["Asked a day", "Realised", "Over asked", "Alerts", "Time in alarm"]
    rows = [
        [
            f"{one.asked_per_day:g}" + (" (in force)" if one.asked_per_day == in_force else ""),
            a_day(one.per_day),
            f"{one.per_day / one.asked_per_day:.2f}",
            f"{one.n_alerts:,}",
            percent(one.alarm_share),
        ]
        for one in points
    ]
    if points and points[0].n_to_find:
        columns += ["Found", "Recall", "95 % interval", "By chance"]
        for row, one in zip(rows, points, strict=True):
            low, high = wilson_interval(one.n_found, one.n_to_find)
            row += [
                f"{one.n_found} of {one.n_to_find}",
                percent(one.recall or 0.0),
                f"{percent(low)} to {percent(high)}",
                percent(one.by_chance),
            ]
    note = (
        "What other budgets would have brought on the same rows, by the live code. An alert that "
        "returns counts each time."
    )
    if any(more.n_found < less.n_found for less, more in pairwise(points)):
        horizon, (noun, _) = lasting(measures.evaluation.card.horizon), _things(measures)
        where = "in it" if noun == "stretch" else f"at most {horizon} before it"
        note += (
            f" Found is each {noun} with an alert raised {where}: under a larger budget one may "
            "have come sooner and stand already, so that fewer are found."
        )
    return Table("Budgets", tuple(columns), tuple(map(tuple, rows)), note, wide=True)


def _lead_times(timeliness: Timeliness | None, measures: Measures) -> Chart:
    evaluation, title = measures.evaluation, "Lead times"
    if evaluation.label_kind == "rows":
        title = "Time to detection"
    if evaluation.label_kind is None:
        return Chart(title, NO_LABELS)
    if timeliness is None:
        return Chart(title, _NOTHING_TO_FIND)
    n_found, n_to_find = len(timeliness.of_each), timeliness.n_to_find
    if evaluation.label_kind == "event":
        axis, horizon = "minutes ahead, at most", evaluation.card.horizon / timedelta(minutes=1)
        note = (
            "Share of outcomes with an alert at most so long before, in the same run. Ticks: how "
            "far ahead the earliest alert within an hour came."
        )
    else:
        axis, horizon = "minutes after the begin, at most", None
        note = (
            "Share of labelled stretches with an alert raised at most so long after their begin. "
            "Ticks: when the first one came. An alert that stood before finds nothing."
        )
    return Chart(
        title,
        note,
        alert_charts.lead_times(timeliness, label=axis, horizon=horizon),
        f"{n_found} of {counted(n_to_find, *_things(measures))} were found within "
        f"{timeliness.minutes[-1]:g} minutes.",
    )


def _every_alert(evaluation: Evaluation) -> Table:
    alerts = list(zip(evaluation.alerts, numbered(evaluation.occurrences), strict=True))
    note = f"{counted(evaluation.n_distinct, 'alert')}."
    if evaluation.n_distinct < len(alerts):
        note = (
            f"{counted(evaluation.n_distinct, 'alert')}, raised {len(alerts):,} times: one that "
            f"returns within {lasting(evaluation.cooldown)} keeps its number, and counts again."
        )
    if len(alerts) > MAX_ALERTS:
        note += f" The first {MAX_ALERTS} are shown."
    if not alerts:
        note = "No alert was raised."
    columns = ("Raised (UTC)", "Alert", "Cleared (UTC)", "Open for", "What followed", "After")
    right = {number for one, (number, _) in alerts if one.fate in _RIGHT}
    rows = tuple(
        (
            minute(one.raised),
            f"{number}, again" if is_return else f"{number}",
            minute(one.cleared) if one.cleared else "still open",
            _open_for(one.raised, one.cleared, evaluation.stood_still) if one.cleared else "",
            _what_followed(one.fate, evaluation, was_right=number in right),
            _after(one.raised, evaluation),
        )
        for one, (number, is_return) in alerts[:MAX_ALERTS]
    )
    return Table("Every alert", columns, rows, note, wide=True)


def numbered(occurrences: Sequence[int]) -> list[tuple[int, bool]]:
    """Give each raise the number of its alert, from 1, and whether it is a return.

    >>> numbered([1, 1, 2, 1])
    [(1, False), (2, False), (2, True), (3, False)]
    """
    numbers = accumulate(int(occurrence == 1) for occurrence in occurrences)
    return [(n, occurrence > 1) for n, occurrence in zip(numbers, occurrences, strict=True)]


def _what_followed(fate: Fate, evaluation: Evaluation, *, was_right: bool) -> str:
    told = _FATES[fate]
    if fate is Fate.NUISANCE and evaluation.label_kind == "event":
        # One may follow later: then the alert had been cleared before.
        horizon = lasting(evaluation.card.horizon)
        told = f"a false alert: no outcome in the same run at most {horizon} later"
    return f"{told}, but right another time" if was_right and fate not in _RIGHT else told


def _after(raised: datetime, evaluation: Evaluation) -> str:
    """Say how long after an alert the outcome came that followed in the same run, if one did."""
    restarts = [one.end for one in evaluation.stood_still]
    outcome = outcome_in_run(raised, sorted(evaluation.outcomes), restarts)
    return "" if outcome is None else lasting(outcome - raised)


def _noun(measures: Measures) -> str:
    """Say what is counted against the budget: without labels nobody knows which are false."""
    return "alerts" if measures.evaluation.label_kind is None else "false alerts"


def _things(measures: Measures) -> tuple[str, str]:
    """Say what is to be found: one, and several."""
    is_rows = measures.evaluation.label_kind == "rows"
    return ("stretch", "stretches") if is_rows else ("outcome", "outcomes")


def _open_for(raised: datetime, cleared: datetime, stood_still: Sequence[Standstill]) -> str:
    running, whole = running_time(raised, cleared, stood_still), cleared - raised
    if running == whole:
        return lasting(whole)
    return f"{lasting(running)}, {lasting(whole)} with standstills"
