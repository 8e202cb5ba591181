"""What operators want done with alerts: commands from anywhere, and what is replied.

Strict where a mistake would be carried out as something else, and with a reason for each
refusal; what is merely new is ignored. Whether a command can be carried out, the book says.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from stream_detector.errors import UNREADABLE, CommandError

MAX_COMMAND_BYTES: Final = 64_000
"""Longer messages are refused unread. The longest command has about 12 kB."""

MAX_COMMENT: Final = 1000
"""Characters of a comment."""

MAX_SHELVING: Final = timedelta(hours=12)
"""Longer is not shelving but forgetting: take the rule out of service, with a reason."""

_LONGEST_REASON: Final = 300

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Other times are refused: arithmetic on them overflows."""

CommandName = Literal[
    "acknowledge", "comment", "label", "shelve", "unshelve", "out-of-service", "in-service"
]
LabelWord = Literal["useful", "late", "nuisance", "unclear"]

OF_AN_ALERT: Final = frozenset({"acknowledge", "comment", "label"})
"""Commands about one alert; the others are about a machine and rule."""

NEEDS_A_REASON: Final = frozenset({"comment", "shelve", "out-of-service"})
"""Commands whose comment says why; whoever comes next has to know."""

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_CommandId = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Who = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Word = Annotated[str, msgspec.Meta(max_length=100)]


class RefusalCode(StrEnum):
    """Why a command is refused; programs match on it."""

    MALFORMED = "malformed"
    UNKNOWN_ALERT = "unknown-alert"
    UNKNOWN_RULE = "unknown-rule"
    UNKNOWN_RULE_OF_MACHINE = "unknown-rule-of-machine"
    OTHER_SITE = "other-site"
    LATE = "late"
    TOO_LONG = "too-long"
    NOT_SHELVED = "not-shelved"
    NOT_OUT_OF_SERVICE = "not-out-of-service"
    TOO_MANY = "too-many"
    FAULT = "fault"
    """The book failed at it: a bug of ours."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants (``schemas/command.v1.json``)."""

    schema: Annotated[str, msgspec.Meta(pattern=r"^command/1\.[0-9]+$")] = "command/1.0"
    command_id: _CommandId
    """Sent again under the same one, it is carried out once."""
    command: CommandName
    by: _Who
    at: _Time
    alert_id: Annotated[str, msgspec.Meta(min_length=1, max_length=400)] | None = None
    machine: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    site: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    until: _Time | None = None
    label: LabelWord | None = None
    comment: Annotated[str, msgspec.Meta(max_length=MAX_COMMENT)] | None = None

    @property
    def key(self) -> str:
        """The key it is sent under: what it is about."""
        return self.alert_id or f"{self.machine}/{self.rule}"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command (``schemas/reply.v1.json``)."""

    schema: str = "reply/1.0"
    command_id: str | None
    command: str | None
    status: Literal["done", "refused"]
    reason_code: str | None
    reason: str | None
    alert_id: str | None
    machine: str | None
    rule: str | None
    by: str | None
    at: datetime
    note: str | None = None
    """What to look at though it is done."""


_commands = msgspec.json.Decoder(Command)


def decode_command(data: bytes | None) -> Command:
    """Read a command.

    Raises
    ------
    CommandError
        With code ``malformed``: it is not JSON, too long, a property is missing or wrong, or
        one that its kind of command needs.

    Examples
    --------
    >>> decode_command(
    ...     b'{"command_id": "1", "command": "acknowledge", "by": "anna",'
    ...     b' "at": "2026-11-22T03:12:00Z", "alert_id": "pm3.sheet-break.2026-11-22T03:10:00Z"}'
    ... ).by
    'anna'
    """
    if not data:
        raise _malformed("the message has no value")
    if len(data) > MAX_COMMAND_BYTES:
        raise _malformed(f"the message has {len(data)} bytes, at most {MAX_COMMAND_BYTES} go")
    try:
        command = _commands.decode(data)
    except UNREADABLE as error:
        raise _malformed(str(error)) from error
    if missing := ", ".join(_missing(command)):
        raise _malformed(f"{command.command} needs {missing}")
    _check_text(command)
    return msgspec.structs.replace(
        command, at=_utc("at", command.at), until=command.until and _utc("until", command.until)
    )


def decode_sender(data: bytes | None) -> tuple[str | None, str | None, str | None]:
    """Give what can be read of a message that is no command: its id, what it wants, and who.

    Examples
    --------
    >>> decode_sender(b'{"command_id": "1", "command": "destroy", "by": "anna"}')
    ('1', 'destroy', 'anna')
    >>> decode_sender(b'{"command_id": "1", "command": "label", "by": ""}')
    ('1', 'label', None)
    >>> decode_sender(b"destroy")
    (None, None, None)
    """
    properties: dict[str, msgspec.Raw] = {}
    if data and len(data) <= MAX_COMMAND_BYTES:
        with suppress(*UNREADABLE):
            properties = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    # Each by itself: who waits for the reply knows it by its id, whatever else is wrong.
    return (
        _readable(properties.get("command_id"), _CommandId),
        _readable(properties.get("command"), _Word),
        _readable(properties.get("by"), _Who),
    )


def _readable(written: msgspec.Raw | None, kind: Any) -> str | None:
    if written is None:
        return None
    try:
        text: str = msgspec.json.decode(written, type=kind)
        text.encode()
    except (*UNREADABLE, UnicodeEncodeError):
        return None
    return text


def _missing(command: Command) -> list[str]:
    """Name what this kind of command needs besides."""
    wanted = ["alert_id"] if command.command in OF_AN_ALERT else ["machine", "rule"]
    if command.command == "label":
        wanted.append("label")
    if command.command == "shelve":
        wanted.append("until")
    missing = [name for name in wanted if getattr(command, name) is None]
    if command.command in NEEDS_A_REASON and not (command.comment or "").strip():
        missing.append("a comment")
    return missing


def _check_text(command: Command) -> None:
    r"""Refuse half a surrogate pair (``\\ud800``): JSON can escape it, UTF-8 cannot write it."""
    try:
        msgspec.json.encode(command)
    except UnicodeEncodeError as error:
        raise _malformed(f"{error.object[:100]!r} is not valid Unicode") from error


def _utc(name: str, time: datetime) -> datetime:
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise _malformed(f"{name} is {time.isoformat()}, expected a time of our days")
    return time.astimezone(UTC)


def _malformed(reason: str) -> CommandError:
    # It may quote what was sent, however long, and in whatever characters.
    readable = reason.encode(errors="replace").decode()
    return CommandError(RefusalCode.MALFORMED, readable[:_LONGEST_REASON])
