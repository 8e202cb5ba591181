"""What became of alerts and outcomes, what warnings were worth, and what they asked of people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stream_detector.alerting.figures import AlertLine, Figures, OutcomeLine
from stream_detector.alerting.kpi import Kpis
from stream_detector.alerting.scorecards import PlantCard
from stream_detector.console import words
from stream_detector.console.plant import Plant
from stream_detector.console.words import Clock

LINES_PER_PAGE: Final = 50


@dataclass(frozen=True)
class CardRow:
    """How well outcomes were foretold so far ahead."""

    ahead: str
    outcomes: int
    warned: int
    missed: int
    recall: str
    by_chance: str
    lead: str
    nuisance_per_day: str
    in_alarm: str


@dataclass(frozen=True)
class KpiRow:
    """A figure beside what the standard finds acceptable."""

    name: str
    value: str
    acceptable: str
    is_above: bool


@dataclass(frozen=True)
class Line:
    """An alert, or an outcome."""

    time: str
    machine: str
    rule: str
    what: str
    became: str


@dataclass(frozen=True)
class LedgerView:
    """A page of the ledger, and the figures above it."""

    span: str
    cards: tuple[CardRow, ...]
    calls_span: str
    kpis: tuple[KpiRow, ...]
    lines: tuple[Line, ...]
    n_found: int
    page: int
    n_pages: int


def ledger(
    figures: Figures, plant: Plant, *, now: float, clock: Clock, text: str = "", page: int = 0
) -> LedgerView:
    """Make a page of the ledger, newest first.

    Parameters
    ----------
    figures : Figures
    plant : Plant
        Knows what time it is for each machine: until then an open alert has stood.
    now : float
        Seconds since 1970.
    clock : Clock
    text : str
        Only lines of machines with this in their name; the figures are those of the plant.
    page : int
        From 0; beyond the last it is the last.
    """
    wanted = text.casefold()
    found: list[tuple[datetime, AlertLine | OutcomeLine]] = [
        (one.raised_at, one) for one in figures.ledger.alerts if wanted in one.machine.casefold()
    ]
    found += [
        (one.event_time, one) for one in figures.ledger.outcomes if wanted in one.machine.casefold()
    ]
    found.sort(key=lambda entry: entry[0], reverse=True)
    n_pages = max(-(-len(found) // LINES_PER_PAGE), 1)
    page = min(max(page, 0), n_pages - 1)
    shown = found[page * LINES_PER_PAGE : (page + 1) * LINES_PER_PAGE]
    return LedgerView(
        span=_span(figures.ledger.start, figures.ledger.end, clock),
        cards=tuple(map(_card, figures.ledger.scorecards)),
        calls_span=_span(figures.kpis.start, figures.kpis.end, clock),
        kpis=tuple(_kpis(figures.kpis)),
        lines=tuple(
            _line(one, time, plant.machine_time(one.machine, now), clock) for time, one in shown
        ),
        n_found=len(found),
        page=page,
        n_pages=n_pages,
    )


def _span(start: datetime, end: datetime, clock: Clock) -> str:
    return f"{clock.short(start)} to {clock.short(end)}, {words.span(end - start)}"


def _card(card: PlantCard) -> CardRow:
    return CardRow(
        ahead=words.span(card.horizon_s),
        outcomes=card.n_outcomes,
        warned=card.n_warned,
        missed=card.n_missed,
        recall=_percent(card.recall),
        by_chance=_percent(card.recall_by_chance),
        lead=words.NOTHING if card.median_lead_s is None else words.span(card.median_lead_s),
        nuisance_per_day=f"{card.nuisance_per_day:.1f}",
        in_alarm=words.percent(card.alarm_share),
    )


def _kpis(kpis: Kpis) -> Iterator[KpiRow]:
    """Give the figures in the order in which somebody who is called too often asks."""
    yield _rate("Calls an hour", kpis.per_hour, 6)
    yield _rate("Calls a day", kpis.per_day, 144)
    yield _number("Most in 10 minutes", kpis.most_in_10_min, 10)
    yield _share("10-minute periods with more than 10", kpis.flood_periods_share)
    yield _share("Hours with more than 30", kpis.busy_hours_share)
    yield _share("Time in a flood", kpis.flood_share)
    longest = words.span(kpis.longest_flood_s) if kpis.n_floods else words.NOTHING
    yield KpiRow("Longest flood", longest, "", is_above=False)
    top = words.percent(kpis.top_10_share)
    # A plant with few machines has no more than ten, which is no fault of theirs.
    yield KpiRow("Calls by the ten most frequent", top, "5 % in a large plant", is_above=False)
    names = ", ".join(kpis.chattering) or "none"
    yield KpiRow("Chattering", names, "none", is_above=bool(kpis.chattering))
    yield _number("Over within a minute", kpis.n_fleeting, 0)
    yield _number("Open for more than a day", kpis.n_stale, 4)
    yield KpiRow("Open now", str(kpis.n_standing), "", is_above=False)
    yield KpiRow("Open, not acknowledged", str(kpis.n_unacknowledged), "", is_above=False)
    over = str(kpis.n_returned_unacknowledged)
    yield KpiRow("Over, not acknowledged", over, "", is_above=False)
    yield KpiRow("Shelved", str(kpis.n_shelved), "", is_above=False)
    yield KpiRow("Out of service", str(kpis.n_out_of_service), "", is_above=False)
    shares = ", ".join(f"{one} {words.percent(share)}" for one, share in kpis.by_priority.items())
    yield KpiRow("Calls by priority", shares, "", is_above=False)


def _rate(name: str, value: float | None, most: float) -> KpiRow:
    if value is None:
        return KpiRow(name, words.NOTHING, f"at most {most}", is_above=False)
    return KpiRow(name, f"{value:,.1f}", f"at most {most}", value > most)


def _number(name: str, value: int, most: int) -> KpiRow:
    return KpiRow(name, f"{value:,}", f"at most {most}" if most else "none", value > most)


def _share(name: str, value: float | None) -> KpiRow:
    if value is None:
        return KpiRow(name, words.NOTHING, "below 1 %", is_above=False)
    return KpiRow(name, f"{100 * value:.1f} %", "below 1 %", value >= 0.01)  # noqa: PLR2004


def _line(one: AlertLine | OutcomeLine, time: datetime, until: datetime, clock: Clock) -> Line:
    if isinstance(one, AlertLine):
        span = words.span((one.cleared_at or until) - one.raised_at)
        what = f"raised {one.n_raised} times in {span}" if one.n_raised > 1 else span
        what = f"{one.priority} alert, {what}"
        became = _lead(one.closed_as, one.lead_s) + (" (labelled)" if one.labelled else "")
    else:
        what = "OUTCOME"
        became = _lead("warned of", one.lead_s) if one.warned else "MISSED"
    return Line(clock.short(time), one.machine, one.rule, what, became)


def _lead(told: str, lead_s: float | None) -> str:
    return told if lead_s is None else f"{told}, {words.span(lead_s)} ahead"


def _percent(share: float | None) -> str:
    return words.NOTHING if share is None else words.percent(share)
