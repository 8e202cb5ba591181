"""Whom an alert calls, and what is to be told of it: from the alert as it stands.

An alert calls while it is open and nothing silences it. What is told of it one by one are the
entries of its history that matter to somebody who is elsewhere: it was raised, it was escalated,
it is over. Each has the name that it has on the alerts topic, alert and ``seq``, so a repeat is
known as one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, cast

import msgspec
from msgspec.structs import replace

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
    """The alert's newest message; None where another alert has followed it."""
    flood: dict[str, Any] | None = None


class Told(NamedTuple):
    """How far the history of a machine and rule was told: up to this entry."""

    alert_id: str
    seq: int
    calls: bool
    """Somebody was told of this alert, and not yet that it is over."""


def is_silenced(state: AlertState) -> bool:
    """Whether nobody shall be called for it now."""
    return state.held_back or state.state in _SILENT


def calls(state: AlertState, wants: Wants) -> bool:
    """Whether it is open and somebody shall know."""
    if state.alert is None or not state.open or is_silenced(state):
        return False
    return wants.of(state.rule, state.alert["priority"])


def before_newest(state: AlertState) -> Told:
    """Say that nothing was told of the newest alert, and all of those before it."""
    return Told("" if state.alert is None else state.alert["alert_id"], 0, calls=False)


def rest_of(state: AlertState, told: Told) -> AlertState:
    """Leave out of a state what was told, and what nobody is told: it may have to wait long."""
    return replace(state, history=tuple(_after(told, state)), past=())


def next_untold(state: AlertState, told: Told, wants: Wants) -> tuple[Notification | None, Told]:
    """Give what is to be told next, if anything is, and how far the history is told then.

    What silences an alert holds back what there is to tell of it as long as it is open; of one
    that was over by then nothing is told.

    Parameters
    ----------
    state : AlertState
    told : Told
        How far it was told before.
    wants : Wants
    """
    for entry in _after(told, state):
        called = told.calls and told.alert_id == entry.alert_id
        if entry.what == "cleared":
            is_due, called = called, False
        elif not is_silenced(state):
            is_due = wants.of(state.rule, _priority(entry))
            called = called or is_due
        elif state.open and _is_newest(entry, state):
            break
        else:
            is_due = False
        told = Told(entry.alert_id or "", entry.seq or 0, called)
        if is_due:
            return _notification(entry, state), told
    return None, told


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


def _after(told: Told, state: AlertState) -> Sequence[Entry]:
    """Give the entries that matter and that come after what was told."""
    entries = [one for one in state.history if one.what in _MATTER]
    same = [n for n, one in enumerate(entries) if one.alert_id == told.alert_id]
    passed = [n for n in same if (entries[n].seq or 0) <= told.seq]
    # Where nothing of it is left, so much has happened that all there is came after it.
    return entries[passed[-1] + 1 if passed else same[0] if same else 0 :]


def _is_newest(entry: Entry, state: AlertState) -> bool:
    return state.alert is not None and entry.alert_id == state.alert["alert_id"]


def _notification(entry: Entry, state: AlertState) -> Notification:
    alert = state.alert if _is_newest(entry, state) else None
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


def _priority(entry: Entry) -> Priority:
    """Give what a raise or an escalation came with."""
    return cast("Priority", entry.detail)
