"""What people do about alerts: from a wish on the page to commands, and back to words."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from stream_detector.alerting.commands import (
    MAX_COMMENT,
    NEEDS_A_REASON,
    OF_AN_ALERT,
    Command,
    CommandName,
    LabelWord,
    Reply,
)
from stream_detector.console.parts import Commands
from stream_detector.console.plant import Standing
from stream_detector.console.sessions import Person
from stream_detector.console.users import Role
from stream_detector.errors import ServiceError, SettingsError, counted

_AT_ONCE: Final = 20
"""Commands in flight: a hundred alerts are acknowledged in a second or two."""

_REASONS_TOLD: Final = 3

LABELS: Final[dict[LabelWord, str]] = {
    "useful": "useful: it was right, and in time",
    "late": "late: it was right, but too late",
    "nuisance": "nuisance: nothing was wrong",
    "unclear": "unclear: take my label back",
}


@dataclass(frozen=True)
class Wish:
    """What somebody wants done about some alerts."""

    command: CommandName
    comment: str = ""
    hours: float | None = None
    label: LabelWord | None = None


@dataclass(frozen=True)
class ActionResult:
    """What became of it, in words."""

    text: str
    is_good: bool


async def carry_out(
    wish: Wish, targets: Sequence[Standing], *, person: Person | None, commands: Commands
) -> ActionResult:
    """Send a command for each alert in the name of a person, and sum up the replies."""
    if person is None:
        return ActionResult("Not done: the session is over; sign in again.", is_good=False)
    if person.role < Role.OPERATOR:
        return ActionResult(
            f"Not done: {person.name} is a {person.role}; ask an operator.", is_good=False
        )
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def one(target: Standing) -> Reply | str:
        async with at_once:
            try:
                command = command_for(wish, target, by=person.name, now=datetime.now(UTC))
                reply = await commands.send(command)
            except (SettingsError, ServiceError) as error:
                return str(error)
            return reply if reply.status == "done" else (reply.reason or "no reason given")

    found = await asyncio.gather(*map(one, targets))
    refusals = [reason for reason in found if isinstance(reason, str)]
    notes = [reply.note for reply in found if isinstance(reply, Reply) and reply.note]
    text = f"{wish.command}: {counted(len(found) - len(refusals), 'alert')} done"
    text += f", {len(notes)} with a note: {_in_short(notes)}" if notes else ""
    text += f", {len(refusals)} not: {_in_short(refusals)}" if refusals else ""
    return ActionResult(text, is_good=not refusals)


def command_for(wish: Wish, target: Standing, *, by: str, now: datetime) -> Command:
    """Write the command for one alert.

    Raises
    ------
    SettingsError
        If it lacks what it needs.
    """
    state, message = target.state, target.message
    of_alert = wish.command in OF_AN_ALERT
    if of_alert and message is None:
        raise SettingsError(f"{state.machine}/{state.rule} has no alert to {wish.command}")
    comment = wish.comment.strip()
    if len(comment) > MAX_COMMENT:
        raise SettingsError(f"the comment has {len(comment)} characters, at most {MAX_COMMENT} go")
    if wish.command in NEEDS_A_REASON and not comment:
        raise SettingsError(f"{wish.command} needs a comment that says why")
    return Command(
        command_id=str(uuid.uuid4()),
        command=wish.command,
        by=by,
        at=now,
        alert_id=message.alert_id if of_alert and message else None,
        machine=None if of_alert else state.machine,
        rule=None if of_alert else state.rule,
        until=None if wish.hours is None else now + timedelta(hours=wish.hours),
        label=wish.label,
        comment=comment or None,
    )


def _in_short(told: Sequence[str]) -> str:
    return "; ".join(list(dict.fromkeys(told))[:_REASONS_TOLD])
