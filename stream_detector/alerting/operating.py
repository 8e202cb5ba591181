"""What a command does to the state it is about."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec.structs import replace

from stream_detector.alerting.alert_state import AlertState, Label, Labelling, Note, Shelving
from stream_detector.alerting.commands import MAX_SHELVING, Command, RefusalCode
from stream_detector.alerting.life import rfc3339
from stream_detector.errors import CommandError

_HOUR: Final = timedelta(hours=1)

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""Whoever shelves for 12 hours counts them by a clock of their own, which may be ahead of Kafka's;
so little beyond the longest time is taken for it."""


class Done(NamedTuple):
    """A command carried out: the state then, and what its history says of it."""

    state: AlertState
    change: str
    alert_id: str | None = None
    detail: str | None = None


def operate(state: AlertState, command: Command, at: datetime) -> Done | None:
    """Carry a command out; None where it is so already.

    Parameters
    ----------
    state : AlertState
        Of the alert, or of the machine and rule, that the command is about.
    command : Command
    at : datetime
        Kafka's time of it.

    Raises
    ------
    CommandError
        If it cannot be carried out.
    """
    return _ACTIONS[command.command](state, command, at)


def _acknowledge(state: AlertState, command: Command, at: datetime) -> Done | None:
    if not state.is_newest(command.alert_id):
        raise CommandError(
            RefusalCode.LATE,
            f"{command.alert_id!r} was followed by a newer alert; acknowledge that",
        )
    if state.acknowledged is not None:
        return None
    note = Note(command.by, at, command.comment)
    return Done(replace(state, acknowledged=note), "acknowledged", command.alert_id)


def _comment(state: AlertState, command: Command, _: datetime) -> Done:
    return Done(state, "commented", command.alert_id)


def _label(state: AlertState, command: Command, at: datetime) -> Done:
    word = command.label
    label: Label | None = None if word is None or word == "unclear" else word
    if state.is_newest(command.alert_id):
        labelling = label and Labelling(command.by, at, label, command.comment)
        state = replace(state, label=labelling)
    else:
        past = tuple(
            replace(one, label=label) if one.alert_id == command.alert_id else one
            for one in state.past
        )
        state = replace(state, past=past)
    return Done(state, "labelled", command.alert_id, word)


def _shelve(state: AlertState, command: Command, at: datetime) -> Done:
    until = command.until or at
    if until <= at:
        raise CommandError(
            RefusalCode.LATE, f"until is {rfc3339(until)}, which is over: it is {rfc3339(at)}"
        )
    if until - at > MAX_SHELVING + _CLOCKS_DIFFER:
        raise CommandError(
            RefusalCode.TOO_LONG,
            f"until is {rfc3339(until)}, {(until - at) / _HOUR:.1f} hours from {rfc3339(at)}; at "
            f"most {MAX_SHELVING / _HOUR:.0f} hours go: take the rule out of service instead",
        )
    until = min(until, at + MAX_SHELVING)
    shelving = Shelving(command.by, at, until, command.comment)
    return Done(replace(state, shelved=shelving), "shelved", detail=rfc3339(until))


def _unshelve(state: AlertState, _: Command, __: datetime) -> Done:
    if state.shelved is None:
        raise CommandError(RefusalCode.NOT_SHELVED, f"{state.key!r} is not shelved")
    since = rfc3339(state.shelved.at)
    return Done(replace(state, shelved=None), "unshelved", detail=since)


def _out_of_service(state: AlertState, command: Command, at: datetime) -> Done:
    note = Note(command.by, at, command.comment)
    return Done(replace(state, out_of_service=note), "out-of-service")


def _in_service(state: AlertState, _: Command, __: datetime) -> Done:
    if state.out_of_service is None:
        raise CommandError(RefusalCode.NOT_OUT_OF_SERVICE, f"{state.key!r} is in service")
    since = rfc3339(state.out_of_service.at)
    return Done(replace(state, out_of_service=None), "in-service", detail=since)


_ACTIONS: Final[dict[str, Callable[[AlertState, Command, datetime], Done | None]]] = {
    "acknowledge": _acknowledge,
    "comment": _comment,
    "label": _label,
    "shelve": _shelve,
    "unshelve": _unshelve,
    "out-of-service": _out_of_service,
    "in-service": _in_service,
}
