"""Whom an alert calls, and what is to be told of it: from the alert as it stands.

An alert calls while it is open and nothing silences it. What is told of it one by one are the
entries of its history that matter to somebody who is elsewhere: it was raised, it was escalated,
it is over. Each has the name that it has on the alerts topic, alert and ``seq``, so a repeat is
known as one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, cast

import msgspec

from stream_detector.alerting.alert_state import AlertState, Entry, Flood, State
from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.rules import Notify, Priority, Rules, is_at_least

Channel = Literal["alertmanager", "webhook"]
Event = Literal["raised", "escalated", "cleared", "flood-began", "flood-ended"]

_MATTER: Final = frozenset({"raised", "escalated", "cleared"})

_SILENT: Final = frozenset({State.SHELVED, State.OUT_OF_SERVICE, State.SUPPRESSED})


class Wants:
    """Which alerts a channel is told of.

    Parameters
    ----------
    rules : Rules
    channel : "alertmanager" or "webhook"

    Examples
    --------
    >>> Wants(Rules(), "webhook").of("sheet-break", "medium")
    True
    """

    def __init__(self, rules: Rules, channel: Channel) -> None:
        self._lowest = {rule.name: getattr(rule.notify, channel) for rule in rules.rules}
        # A rule that is in the file no more may have alerts that stand.
        self._otherwise = getattr(Notify(), channel)

    def of(self, rule: str, priority: Priority) -> bool:
        """Tell whether it is told of such alerts."""
        return is_at_least(priority, self._lowest.get(rule, self._otherwise))

    def of_call(self, rule: str, entry: Entry) -> bool:
        """Tell whether it is told of a raise or an escalation."""
        return self.of(rule, _priority(entry))


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is told (``schemas/notification.v1.json``)."""

    schema: str = "notification/1.0"
    id: str
    """The same whenever it is sent again."""
    event: Event
    event_time: datetime
    alert_id: str | None = None
    machine: str | None = None
    rule: str | None = None
    priority: Priority | None = None
    """None where it is a clear of an alert that was followed by another one."""
    reason: str | None = None
    """Of a clear."""
    alert: dict[str, Any] | None = None
    """What it tells of, as it was sent, else the alert's newest message; None where another alert
    has followed it and nobody knows more."""
    flood: dict[str, Any] | None = None


def is_silenced(state: AlertState) -> bool:
    """Whether nobody shall be called for it now."""
    return state.held_back or state.state in _SILENT


def calls(state: AlertState, wants: Wants) -> bool:
    """Whether it is open and somebody shall know."""
    if state.alert is None or not state.open or is_silenced(state):
        return False
    return wants.of(state.rule, state.alert["priority"])


def that_matter(state: AlertState) -> Sequence[Entry]:
    """Give the entries of its history that are told one by one."""
    return [one for one in state.history if one.what in _MATTER]


def notification_of(
    entry: Entry, state: AlertState, message: dict[str, Any] | None = None
) -> Notification:
    """Tell of an entry that matters, by its message if that is known, as things stand now."""
    alert = message if message is not None or not state.is_newest(entry.alert_id) else state.alert
    cleared = entry.what == "cleared"
    newest_priority: Priority | None = None if alert is None else alert["priority"]
    return Notification(
        id=f"{entry.alert_id}/{entry.seq}",
        event=cast("Event", entry.what),  # only those that matter come here
        event_time=entry.event_time or entry.at,
        alert_id=entry.alert_id,
        machine=state.machine,
        rule=state.rule,
        priority=newest_priority if cleared else _priority(entry),
        reason=entry.detail if cleared else None,
        alert=alert,
    )


def of_flood(flood: Flood) -> Notification:
    """Tell that a flood began, or that it is over; that one lists all that were held back."""
    began, ended = flood.began_at, flood.ended_at
    event: Event = "flood-began" if flood.active else "flood-ended"
    return Notification(
        id=f"{event}.{rfc3339(began)}",
        event=event,
        event_time=ended or began,
        flood=msgspec.to_builtins(flood),
    )


def _priority(entry: Entry) -> Priority:
    """Give what a raise or an escalation came with."""
    return cast("Priority", entry.detail)
