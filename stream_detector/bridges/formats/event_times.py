"""Event times as plants write them -> microseconds since 1970 in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from stream_detector.bridges.formats.settings import TimeUnit
from stream_detector.errors import RecordingError, RowError
from stream_detector.replay.times import PER_SECOND, to_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US = 365 * 86_400 * 1_000_000
"""The year 1971. Earlier is a clock that was never set, or a number of another unit: seconds that
are taken for milliseconds are in January 1970."""

_END_US = 253_402_300_800_000_000
"""The year 10000."""

_MAX_NUMBER = 1e20
"""Beyond the year 10000 in every unit."""

_MAX_BITS_SHOWN = 256


def time_reader(unit: TimeUnit, *, zone: ZoneInfo | None) -> Callable[[object], int]:
    """Make a function that reads an event time, and raises RowError ``time`` where it is none.

    Parameters
    ----------
    unit : TimeUnit
        How it is written. What a decoder already made a time is read with any unit.
    zone : ZoneInfo or None
        Of times that say none; without it they are refused.

    Examples
    --------
    >>> time_reader("rfc3339", zone=None)("2026-11-22T03:10:00.5Z")
    1795317000500000
    >>> time_reader("ms", zone=None)(1_795_317_000_500)
    1795317000500000
    >>> time_reader("ms", zone=None)(1_795_317_000)
    Traceback (most recent call last):
    stream_detector.errors.RowError: time: 1795317000 is no time in ms between the years 1971 and \
9999; correct the sender's clock, or time_unit
    """
    if unit == "rfc3339":
        return lambda raw: _read_text(raw, zone)
    per_second = PER_SECOND[unit]
    return lambda raw: _read_number(raw, unit, per_second=per_second, zone=zone)


def _read_text(raw: object, zone: ZoneInfo | None) -> int:
    if isinstance(raw, str):
        raw = _datetime(raw)
    if not isinstance(raw, datetime):
        raise RowError("time", f"the time is {shown(raw)}, expected one as 2026-11-22T03:10:00Z")
    return _bounded(_microseconds(raw, zone), raw, "rfc3339")


def _read_number(raw: object, unit: TimeUnit, *, per_second: int, zone: ZoneInfo | None) -> int:
    if isinstance(raw, datetime):
        return _bounded(_microseconds(raw, zone), raw, unit)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise RowError("time", f"the time is {shown(raw)}, expected a number ({unit})")
    if isinstance(raw, int):
        time_us = raw * 1_000_000 // per_second
    else:
        time_us = round(raw * 1_000_000 / per_second) if abs(raw) < _MAX_NUMBER else -1
    return _bounded(time_us, raw, unit)


def _datetime(text: str) -> datetime:
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise RowError("time", f"the time {shown(text)} is not as RFC 3339 writes it") from None


def _microseconds(time: datetime, zone: ZoneInfo | None) -> int:
    if time.tzinfo is None:
        if zone is None:
            raise RowError(
                "time", f"the time {time} says no zone; let the sender, or give time_zone"
            )
        try:
            time = to_utc(time, zone)
        except RecordingError as error:
            raise RowError("time", str(error)) from error
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _bounded(time_us: int, raw: object, unit: TimeUnit) -> int:
    if _FIRST_US <= time_us < _END_US:
        return time_us
    raise RowError(
        "time",
        f"{shown(raw)} is no time in {unit} between the years 1971 and 9999; correct the "
        "sender's clock, or time_unit",
    )


def shown(raw: object) -> str:
    """Write what was found into a reason: no more of it than fits there.

    Examples
    --------
    >>> shown("x" * 1000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    """
    if isinstance(raw, datetime):
        return raw.isoformat()
    # Longer integers are not written at all, and a long list would be written as a whole.
    if isinstance(raw, int) and raw.bit_length() > _MAX_BITS_SHOWN:
        return "a very long number"
    if isinstance(raw, dict | list):
        return "an object" if isinstance(raw, dict) else "a list"
    return repr(raw)[:60].encode(errors="replace").decode()
