"""The list of alerts: filtered, the most urgent first, a page at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from stream_detector.alerting.alert_state import PRIORITIES, State, urgency
from stream_detector.console import words
from stream_detector.console.plant import Key, Plant, Standing
from stream_detector.console.views.urgency import (
    OPEN,
    SET_ASIDE,
    STATE_WORDS,
    UNSEEN,
    Mark,
    mark_of,
)
from stream_detector.console.words import Clock

ROWS_PER_PAGE: Final = 50

SHOWN: Final[Mapping[str, tuple[str, Callable[[Standing], bool]]]] = {
    "open": ("open or not acknowledged", lambda one: one.state.state in OPEN),
    "unacknowledged": ("to acknowledge", lambda one: one.state.state in UNSEEN),
    "aside": ("shelved, suppressed, out of service", lambda one: one.state.state in SET_ASIDE),
    "stale": ("stale: standing for a day", lambda one: one.state.stale and one.state.open),
    "unlabelled": (
        "over, without a label",
        lambda one: not one.state.open and one.message is not None and one.state.label is None,
    ),
    "normal": (
        "back to normal",
        lambda one: one.state.state is State.NORMAL and one.message is not None,
    ),
    "all": ("all", lambda _: True),
}
"""What can be asked for: how it is called, and what belongs to it."""


@dataclass(frozen=True)
class Filter:
    """What somebody wants to see of the alerts."""

    shown: str = "open"
    priority: str = ""
    """None below this one; empty is all."""
    text: str = ""
    """In the name of the machine, the rule or a top sensor."""
    page: int = 0

    def matches(self, one: Standing) -> bool:
        """Tell whether an alert is wanted."""
        if not SHOWN[self.shown][1](one):
            return False
        message = one.message
        if self.priority and (
            message is None or PRIORITIES.index(message.priority) > PRIORITIES.index(self.priority)
        ):
            return False
        if not self.text:
            return True
        sensors = [] if message is None else [top.sensor for top in message.contributors]
        return any(
            self.text.casefold() in name.casefold()
            for name in (one.state.machine, one.state.rule, *sensors)
        )


@dataclass(frozen=True)
class Row:
    """An alert in the list."""

    key: Key
    mark: Mark
    needs_acknowledging: bool
    machine: str
    rule: str
    priority: str
    state: str
    raised: str
    raised_utc: str
    lasting: str
    score: str
    threshold: str
    sensors: str
    note: str

    @property
    def name(self) -> str:
        """By which a browser says which one is clicked on, wherever it has moved by then."""
        return f"{self.machine}/{self.rule}"


@dataclass(frozen=True)
class AlertList:
    """A page of the list."""

    rows: tuple[Row, ...]
    n_found: int
    n_all: int
    page: int
    n_pages: int
    flood: str | None


def alert_list(plant: Plant, wanted: Filter, *, now: float, clock: Clock) -> AlertList:
    """Make a page of the list; beyond the last page it is the last."""
    matching = (one for one in plant.alerts.values() if wanted.matches(one))
    found = sorted(matching, key=lambda one: urgency(one.state))
    n_pages = max(-(-len(found) // ROWS_PER_PAGE), 1)
    page = min(max(wanted.page, 0), n_pages - 1)
    first = page * ROWS_PER_PAGE
    return AlertList(
        rows=tuple(_row(plant, one, now, clock) for one in found[first : first + ROWS_PER_PAGE]),
        n_found=len(found),
        n_all=len(plant.alerts),
        page=page,
        n_pages=n_pages,
        flood=_flood(plant, clock),
    )


def state_words(standing: Standing, clock: Clock) -> str:
    """Say how an alert stands, and by whom."""
    state = standing.state
    said = STATE_WORDS[state.state]
    match state.state:
        case State.ACKNOWLEDGED if state.acknowledged:
            return f"{said} by {state.acknowledged.by}"
        case State.SHELVED if state.shelved:
            return f"{said} until {clock.short(state.shelved.until)} by {state.shelved.by}"
        case State.OUT_OF_SERVICE if state.out_of_service:
            return f"{said}, by {state.out_of_service.by}"
    return said


def lasting(plant: Plant, standing: Standing, now: float) -> str:
    """Say how long an alert has stood, or stood, by the machine's own time.

    While the machine says nothing, its time goes on all the same.
    """
    message = standing.message
    if message is None:
        return words.NOTHING
    if not standing.state.open:
        return words.span(message.duration_s or 0.0)
    machine_time = plant.machine_time(message.machine, now)
    return words.span(max(message.event_time, machine_time) - message.raised_at)


def _row(plant: Plant, one: Standing, now: float, clock: Clock) -> Row:
    state, message, reason = one.state, one.message, plant.reason(one)
    notes = [
        *(["STALE"] if state.stale and state.open else []),
        *(["held back: flood"] if state.held_back else []),
        *([f"came {message.occurrence} times"] if message and message.occurrence > 1 else []),
        *([f"label: {state.label.label}"] if state.label else []),
        *([f"fate: {state.fate}"] if state.fate and not state.label else []),
    ]
    return Row(
        key=one.key,
        mark=mark_of(one),
        needs_acknowledging=state.state in UNSEEN,
        machine=state.machine,
        rule=state.rule,
        priority=message.priority if message else words.NOTHING,
        state=state_words(one, clock),
        raised=clock.short(message.raised_at) if message else words.NOTHING,
        raised_utc=""
        if message is None or clock.is_utc
        else f"{message.raised_at.astimezone(UTC):%H:%M UTC}",
        lasting=lasting(plant, one, now),
        score=words.score(reason.score if reason else None),
        threshold=words.score(reason.threshold if reason else None),
        sensors=", ".join(
            f"{top.sensor} {words.percent(top.share)}"
            for top in (reason.contributors[:2] if reason else ())
        ),
        note=", ".join(notes),
    )


def _flood(plant: Plant, clock: Clock) -> str | None:
    flood = plant.flood
    if flood is None or not flood.active:
        return None
    at_least = "" if flood.lists_all else "at least "
    return (
        f"FLOOD since {clock.short(flood.began_at)}: {flood.n_raised} alerts raised; "
        f"{at_least}{len(flood.alerts)} of low priority held back from notifications"
    )
