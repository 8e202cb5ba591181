"""A span of Kafka's time, as people type it."""

from datetime import datetime
from typing import NamedTuple

from stream_detector.errors import SettingsError


class TimeRange(NamedTuple):
    """A span of Kafka's time, its end not included.

    Parameters
    ----------
    start, end : datetime or None
        None is the log's begin, or its end as it is now.
    """

    start: datetime | None
    end: datetime | None


def parse_range(text: str) -> TimeRange:
    """Read ``START/END``: two times with a zone, each of which may be left out.

    Raises
    ------
    SettingsError
        If it is anything else.

    Examples
    --------
    >>> parse_range("2026-11-22T03:00:00Z/").end is None
    True
    """
    try:
        start, end = (_instant(one) if one else None for one in text.split("/"))
    except ValueError as error:
        raise SettingsError(
            f"range is {text!r}, expected START/END, e.g. 2026-11-22T03:00:00Z/ or / for all"
        ) from error
    if start is not None and end is not None and start >= end:
        raise SettingsError(f"range is {text!r}, but its end is not after its start")
    return TimeRange(start, end)


def _instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return time
