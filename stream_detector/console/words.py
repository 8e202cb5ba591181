"""Times, spans and numbers as the page writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from stream_detector.errors import SettingsError

NOTHING: Final = "-"


def zone(name: str) -> ZoneInfo:
    """Find a time zone.

    Raises
    ------
    SettingsError
        If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"time zone is {name!r}, expected a name like Europe/Helsinki; if that is one, this "
            "machine has no list of them: install tzdata"
        ) from error


@dataclass(frozen=True)
class Clock:
    """Writes times in the plant's time zone and in UTC.

    Examples
    --------
    >>> clock = Clock(zone("Europe/Helsinki"))
    >>> time = datetime(2026, 11, 22, 3, 10, 5, tzinfo=UTC)
    >>> clock.plant(time), clock.utc(time)
    ('22 Nov 05:10:05 EET', '22 Nov 03:10:05 UTC')
    >>> clock.short(time)
    '22 Nov 05:10'
    """

    zone: tzinfo

    @property
    def is_utc(self) -> bool:
        """Whether one of the two says all."""
        return str(self.zone) == "UTC"

    def plant(self, time: datetime | float) -> str:
        """Write a time in the plant's zone, to the second."""
        return f"{self.local(time):%d %b %H:%M:%S %Z}"

    def utc(self, time: datetime | float) -> str:
        """Write a time in UTC, to the second."""
        return f"{self.local(time).astimezone(UTC):%d %b %H:%M:%S UTC}"

    def short(self, time: datetime | float) -> str:
        """Write a time in the plant's zone, to the minute."""
        return f"{self.local(time):%d %b %H:%M}"

    def local(self, time: datetime | float) -> datetime:
        """Give a time in the plant's zone."""
        if isinstance(time, float):
            time = datetime.fromtimestamp(time, UTC)
        return time.astimezone(self.zone)


def span(length: timedelta | float) -> str:
    """Write a length of time in the one or two units that suit it.

    Examples
    --------
    >>> span(42.0), span(timedelta(minutes=6)), span(timedelta(hours=5, minutes=7))
    ('42 s', '6 min', '5 h 07 min')
    >>> span(timedelta(days=2, hours=3)), span(-3.0)
    ('2 d 3 h', '0 s')
    """
    seconds = int(max(length.total_seconds() if isinstance(length, timedelta) else length, 0))
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004 - two days
        return f"{hours} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24} h"


def score(value: float | None) -> str:
    """Write a score or a threshold.

    Examples
    --------
    >>> score(3.3671), score(None)
    ('3.37', '-')
    """
    return NOTHING if value is None or value != value else f"{value:.2f}"  # noqa: PLR0124 - nan


def number(value: float | None, unit: str | None = None) -> str:
    """Write a sensor's value.

    Examples
    --------
    >>> number(47.1234, "kPa"), number(1255.0), number(None)
    ('47.12 kPa', '1255', '-')
    """
    if value is None or value != value:  # noqa: PLR0124 - nan
        return NOTHING
    text = plain(value, 4) if abs(value) < 1e4 else f"{value:,.0f}"  # noqa: PLR2004 - 5 digits
    return f"{text} {unit}" if unit else text


def plain(value: float, n_digits: int = 12) -> str:
    """Write a number with so many significant digits, and never with an exponent.

    What is less than a millionth of a millionth is 0.

    Examples
    --------
    >>> plain(183.82, 3), plain(6.0), plain(0.00002), plain(9999.7, 4)
    ('184', '6', '0.00002', '10000')
    """
    return np.format_float_positional(
        round(value, 12), precision=n_digits, fractional=False, trim="-"
    )


def threshold(source: Mapping[str, object]) -> str:
    """Write what was asked of a threshold.

    >>> threshold({"kind": "budget", "per_day": 6.0})
    'budget 6'
    """
    return " ".join(
        plain(part) if isinstance(part, float) else str(part) for part in source.values()
    )


def percent(share: float) -> str:
    """Write a share of 1.

    >>> percent(0.343)
    '34 %'
    """
    return f"{100 * share:.0f} %"
