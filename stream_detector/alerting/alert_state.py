"""The alerts of one machine under one rule as they stand, with all that operators did.

What the alert book writes to its compacted topic, and all it needs to go on from there:
values only. How they come about, :mod:`stream_detector.alerting.book` says.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, get_args

import msgspec

from stream_detector.alerting.rules import Priority

MAX_HISTORY: Final = 50
"""Entries of a history. The topic before its compaction holds them all."""

MAX_PAST: Final = 20
"""Alerts that are remembered of a machine and rule, before the newest one."""

MAX_HELD_BACK: Final = 100
"""Alerts that a flood lists."""

FLOOD_KEY: Final = b"flood"
"""Of its message in the topic; keys of states have a slash."""

MARKER_KEY: Final = b""


class State(StrEnum):
    """How an alert stands; letters as in ISA-18.2."""

    NORMAL = "normal"
    """A: nothing is open."""
    UNACKNOWLEDGED = "unacknowledged"
    """B: it is open, and nobody has seen it."""
    ACKNOWLEDGED = "acknowledged"
    """C: it is open, and somebody has."""
    RETURNED_UNACKNOWLEDGED = "returned-unacknowledged"
    """D: it is over, and nobody has seen it."""
    SUPPRESSED = "suppressed"
    """H: it is open, but its newest message came in a mode in which its rule raises nothing."""
    SHELVED = "shelved"
    """G: of no interest for a while."""
    OUT_OF_SERVICE = "out-of-service"
    """I: of no interest until somebody puts it back."""


MOST_URGENT_FIRST: Final = (
    State.UNACKNOWLEDGED,
    State.RETURNED_UNACKNOWLEDGED,
    State.ACKNOWLEDGED,
    State.SUPPRESSED,
    State.SHELVED,
    State.OUT_OF_SERVICE,
    State.NORMAL,
)
"""The order in which to look at alerts: what nobody has seen, what stands, what is set aside."""

PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)[::-1]
"""Most urgent first."""

ClosedAs = Literal["early", "late", "nuisance", "unlabelled"]
"""What became of an alert, by what followed: the outcome came within the horizon in the same run;
it came later, while the alert still stood; nothing came; its rule names no outcome, or is gone."""

Label = Literal["useful", "late", "nuisance"]
"""What an operator says it was worth; it overrules the fate."""


class Note(msgspec.Struct, frozen=True):
    """Who did something, when, and why."""

    by: str
    at: datetime
    comment: str | None


class Shelving(msgspec.Struct, frozen=True):
    """Who shelved it, when, until when, and why."""

    by: str
    at: datetime
    until: datetime
    comment: str | None


class Labelling(msgspec.Struct, frozen=True):
    """Who said when what an alert was worth."""

    by: str
    at: datetime
    label: Label
    comment: str | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; ``at`` is Kafka's time, ``event_time`` the machine's."""

    at: datetime
    what: str
    by: str | None = None
    comment: str | None = None
    command_id: str | None = None
    alert_id: str | None = None
    seq: int | None = None
    event_time: datetime | None = None
    detail: str | None = None


class PastAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that was followed by a newer one."""

    alert_id: str
    raised_at: datetime
    cleared_at: datetime | None
    occurrence: int
    priority: Priority
    reason: str | None
    acknowledged_by: str | None
    label: Label | None
    fate: ClosedAs | None
    lead_s: float | None


class AlertState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one machine under one rule (``schemas/alert-state.v1.json``)."""

    schema: str = "alert-state/1.0"
    machine: str
    rule: str
    state: State = State.NORMAL
    change: str
    changed_at: datetime
    version: int
    open: bool = False
    alert: dict[str, Any] | None = None
    """The newest message of the newest alert, as it was sent."""
    acknowledged: Note | None = None
    shelved: Shelving | None = None
    out_of_service: Note | None = None
    stale: bool = False
    held_back: bool = False
    label: Labelling | None = None
    fate: ClosedAs | None = None
    lead_s: float | None = None
    history: tuple[Entry, ...] = ()
    past: tuple[PastAlert, ...] = ()

    @property
    def key(self) -> str:
        """Its key in the topic; a rule's name holds no slash."""
        return f"{self.machine}/{self.rule}"

    @property
    def alert_id(self) -> str | None:
        """The name of the newest alert; None where there was none."""
        if self.alert is None:
            return None
        name: str = self.alert["alert_id"]
        return name

    def is_newest(self, alert_id: str | None) -> bool:
        """Whether this is the newest alert."""
        return alert_id is not None and alert_id == self.alert_id

    def standing(self, suppressed_modes: Collection[str]) -> State:
        """Tell how it stands; of several states the one that says most to an operator."""
        if self.out_of_service is not None:
            return State.OUT_OF_SERVICE
        if self.shelved is not None:
            return State.SHELVED
        if self.open and self.alert is not None and self.alert["mode"] in suppressed_modes:
            return State.SUPPRESSED
        if self.alert is None or (self.acknowledged is not None and not self.open):
            return State.NORMAL
        if self.open:
            return State.ACKNOWLEDGED if self.acknowledged else State.UNACKNOWLEDGED
        return State.RETURNED_UNACKNOWLEDGED


def urgency(state: AlertState) -> tuple[int, int, float, str]:
    """Order alerts, the most urgent first: by state, by priority, the newest first, by name.

    What never had an alert comes after the lowest priority.
    """
    standing = MOST_URGENT_FIRST.index(state.state)
    if state.alert is None:
        return standing, len(PRIORITIES), 0.0, state.key
    raised_at = datetime.fromisoformat(state.alert["raised_at"])
    priority = PRIORITIES.index(state.alert["priority"])
    return standing, priority, -raised_at.timestamp(), state.key


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """More alerts than anybody can look at (``schemas/flood.v1.json``)."""

    schema: str = "flood/1.0"
    active: bool
    began_at: datetime
    ended_at: datetime | None
    n_raised: int
    alerts: tuple[str, ...]

    @property
    def lists_all(self) -> bool:
        """Whether those listed are surely all that are held back."""
        return len(self.alerts) < MAX_HELD_BACK


class BookMarker(msgspec.Struct, frozen=True, kw_only=True):
    """How far the book has read (``schemas/book-marker.v1.json``)."""

    schema: str = "book-marker/1.0"
    alerts: dict[str, int]
    """Of each partition, in decimal digits, the next offset."""
    commands: int
