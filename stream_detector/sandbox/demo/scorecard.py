"""How well the alerts of a demo foretold what happened, in plain words."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import fmean
from typing import Final

from stream_detector.alerting.chance import missed_by_chance
from stream_detector.alerting.horizons import HORIZONS
from stream_detector.alerting.recorded import Scorecard, scorecard
from stream_detector.sandbox.demo.story import Story
from stream_detector.sandbox.demo.words import percent, span

_DAY: Final = timedelta(days=1)
_FEW: Final = 5
_AT_RANDOM: Final = "if as many alerts were raised at random times"


def scorecard_lines(story: Story, *, horizon: timedelta, budget_per_day: float) -> list[str]:
    """Write the scorecard of a story that is over.

    Parameters
    ----------
    story : Story
    horizon : timedelta
        How far ahead an alert counts as a warning.
    budget_per_day : float
        False alerts a day that were asked for.
    """
    card = _card(story, horizon)
    if story.labels.breaks:
        judged = _of_breaks(story, card, budget_per_day)
    elif story.labels.anomalies:
        judged = _of_anomalies(story, budget_per_day)
    else:
        judged = _unlabelled(story, budget_per_day)
    lines = [*judged, _line("In alarm", f"{percent(card.alarm_share)} of the time running")]
    if story.n_refused:
        lines.append(_line("Refused readings", f"{story.n_refused}"))
    return lines


def _of_breaks(story: Story, card: Scorecard, budget_per_day: float) -> Iterator[str]:
    within = f"within {span(card.horizon)}"
    yield _line("Breaks", f"{card.n_outcomes}")
    yield _line(
        "Warned of",
        f"{len(card.leads)} ({percent(card.recall or 0.0)}) {within} before the break"
        + _lead_times(card),
    )
    yield _line("By chance", f"{percent(card.recall_by_chance)}, {_AT_RANDOM}")
    yield _line("Missed", f"{card.n_missed}")
    yield _line(
        "Nuisance alerts",
        f"{_per_day(card.n_false, story)} a day, asked for: {budget_per_day:g} "
        f"({card.n_false} of {card.n_alerts} alerts had no break {within})",
    )
    cards = [
        card,
        *(_card(story, further) for further in HORIZONS if further > card.horizon),
    ]
    yield _line("Looking ahead", "".join(f"{span(one.horizon):>9}" for one in cards))
    yield _line("  warned of", "".join(f"{len(one.leads):>9}" for one in cards))
    yield _line("  by chance", "".join(f"{percent(one.recall_by_chance):>9}" for one in cards))


def _lead_times(card: Scorecard) -> str:
    leads = sorted(card.leads)
    if not leads:
        return ""
    if len(leads) <= _FEW:
        return f"; lead times: {', '.join(map(span, leads))}"
    return f"; lead times: {span(leads[0])} to {span(leads[-1])}"


def _of_anomalies(story: Story, budget_per_day: float) -> Iterator[str]:
    anomalies = story.labels.anomalies
    raised = [begin for begin, _ in story.alerts]
    n_found = sum(any(first <= time <= last for time in raised) for first, last in anomalies)
    n_outside = sum(not any(first <= time <= last for first, last in anomalies) for time in raised)
    whole = max(story.end - story.start, story.cadence)
    chance = 1 - fmean(
        missed_by_chance(len(raised), share=(last - first) / whole) for first, last in anomalies
    )
    yield _line("Anomalies", f"{len(anomalies)}, as labelled")
    yield _line(
        "Found", f"{n_found} ({percent(n_found / len(anomalies))}): an alert was raised inside"
    )
    yield _line("By chance", f"{percent(chance)}, {_AT_RANDOM}")
    yield _line("Missed", f"{len(anomalies) - n_found}")
    yield _line(
        "Nuisance alerts",
        f"{_per_day(n_outside, story)} a day, asked for: {budget_per_day:g} "
        f"({n_outside} of {len(raised)} alerts were raised outside)",
    )


def _unlabelled(story: Story, budget_per_day: float) -> Iterator[str]:
    n_alerts = len(story.alerts)
    yield (
        "Without labels nobody can tell which alerts were right; --label-column gives them."
        if story.labels.kind is None
        else "The labels tell of nothing in this part: every alert is a nuisance."
    )
    yield _line(
        "Alerts",
        f"{n_alerts}, {_per_day(n_alerts, story)} a day; asked for: {budget_per_day:g} false ones",
    )


def _card(story: Story, horizon: timedelta) -> Scorecard:
    return scorecard(
        story.alerts,
        story.labels.breaks,
        horizon=horizon,
        cadence=story.cadence,
        start=story.start,
        end=story.end,
        stood_still=story.stood_still,
    )


def _per_day(count: int, story: Story) -> str:
    """Count by days of running: the clock of a budget stands still with the machine."""
    return f"{count / max(story.running / _DAY, 1e-9):.1f}"


def _line(label: str, text: str) -> str:
    return f"{label:16} {text}"
