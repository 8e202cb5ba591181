"""What comes first on a screen, and the marks that say so without colour."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from stream_detector.alerting.alert_state import State, urgency
from stream_detector.console.plant import Standing

STATE_WORDS: Final = {
    State.UNACKNOWLEDGED: "UNACKNOWLEDGED",
    State.ACKNOWLEDGED: "acknowledged",
    State.RETURNED_UNACKNOWLEDGED: "returned, not acknowledged",
    State.SUPPRESSED: "suppressed by mode",
    State.SHELVED: "shelved",
    State.OUT_OF_SERVICE: "out of service",
    State.NORMAL: "normal",
}

UNSEEN: Final = frozenset({State.UNACKNOWLEDGED, State.RETURNED_UNACKNOWLEDGED})
"""To be acknowledged."""

SET_ASIDE: Final = frozenset({State.SUPPRESSED, State.SHELVED, State.OUT_OF_SERVICE})
"""Of no interest for now: never coloured."""

OPEN: Final = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED_UNACKNOWLEDGED})
"""To be looked at."""


class Mark(StrEnum):
    """A shape that says what kind of abnormal something is; colour only repeats it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    FEED = "feed"
    """Something is wrong with the data, not with the machine."""
    ASIDE = "aside"
    """Shelved, suppressed or out of service."""
    NONE = "none"


def mark_of(standing: Standing) -> Mark:
    """Give the mark of an alert."""
    if standing.state.state in SET_ASIDE:
        return Mark.ASIDE
    if standing.state.state is State.NORMAL or standing.message is None:
        return Mark.NONE
    return Mark(standing.message.priority)


def heads(standing: Iterable[Standing]) -> list[Standing]:
    """Choose the alerts that speak for all, the gravest first, then any that is more urgent.

    So none is hidden by one that is seen already, or by one of a lower priority.
    """
    found: list[Standing] = []
    for one in sorted(standing, key=lambda one: (urgency(one.state)[1], urgency(one.state))):
        if not found or urgency(one.state)[0] < urgency(found[-1].state)[0]:
            found.append(one)
    return found
