"""What the alert book reads of the alerts topic: changes of alerts, and outcomes."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from stream_detector.alerting.rules import Priority
from stream_detector.errors import UNREADABLE, AlertError

MAX_ALERT_BYTES: Final = 200_000
"""Longer alerts are passed over: Kafka would not take their states. One has about 2 kB, and the
response from the rules file."""

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class _Warning(msgspec.Struct, frozen=True):
    outcome: str | None
    horizon_s: Annotated[float, msgspec.Meta(ge=0, le=30 * 86400)]


class AlertNews(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an alert, as far as the book takes part in it."""

    event: Literal["raised", "updated", "escalated", "cleared"]
    alert_id: _Text
    machine: _Text
    rule: _Text
    seq: Annotated[int, msgspec.Meta(ge=1)]
    occurrence: Annotated[int, msgspec.Meta(ge=1)]
    priority: Priority
    mode: str | None
    event_time: _Time
    raised_at: _Time
    reason: str | None
    warning: _Warning


class OutcomeNews(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule warns of has happened."""

    machine: _Text
    rule: _Text
    event_time: _Time
    run_start: _Time | None


def decode_news(data: bytes | None) -> tuple[AlertNews, dict[str, Any]] | OutcomeNews | None:
    """Read a message of the alerts topic; an alert comes with all that was sent of it.

    None is what the book has no use for, such as data-quality events.

    Raises
    ------
    AlertError
        If it says that it is an alert or an outcome and is none, or is not even JSON.

    Examples
    --------
    >>> decode_news(b'{"schema": "data-quality/1.0"}') is None
    True
    """
    if data is None or len(data) > MAX_ALERT_BYTES:
        raise AlertError("it has no value" if data is None else f"it has {len(data)} bytes")
    try:
        value = msgspec.json.decode(data)
        kind = str(value.get("schema")).partition("/")[0] if isinstance(value, dict) else ""
        match kind:
            case "alert":
                return msgspec.convert(value, AlertNews), value
            case "outcome":
                return msgspec.convert(value, OutcomeNews)
    except UNREADABLE as error:
        raise AlertError(str(error)) from error
    return None


def news_of(alert: dict[str, Any]) -> AlertNews:
    """Read an alert that the book has kept."""
    return msgspec.convert(alert, AlertNews)
