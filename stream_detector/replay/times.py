"""The times of a recording: what a text says, in which zone, in UTC."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import RecordingError

PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""Of the units in which times are written as a number since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FIRST_YEAR = 1971
"""Earlier is a number of another unit: seconds taken for milliseconds are in January 1970."""

_MOST_LATE = 0.1
"""Share of late rows above which a recording is refused."""


class TimeColumn:
    """The column of times, brought to UTC.

    Parameters
    ----------
    time_format : str or None
        For ``datetime.strptime``; or ``s``, ``ms``, ``us``, ``ns`` for a number of these since
        1970, in UTC; None for ISO 8601.
    zone : ZoneInfo or None
        Zone of the times that carry no offset; None refuses them.

    Notes
    -----
    When clocks are set back, an hour of local time happens twice and its texts do not
    say which is meant: the first is taken, and ``notes`` says so. The rows of the second
    are then late ones. A time skipped when clocks are set forward is refused: the
    machine's clock never showed it, so the zone is not the recording's.

    Examples
    --------
    >>> column = TimeColumn(time_format="%d.%m.%Y %H:%M", zone=ZoneInfo("Europe/Helsinki"))
    >>> column.add(["01.07.2024 12:00", "01.07.2024 12:02"], [2, 3])
    >>> column.values()
    array(['2024-07-01T09:00:00.000000', '2024-07-01T09:02:00.000000'],
          dtype='datetime64[us]')
    """

    def __init__(self, *, time_format: str | None, zone: ZoneInfo | None) -> None:
        self._format = time_format
        self._zone = zone
        self._chunks: list[NDArray[np.datetime64]] = []
        self._n_repeated = 0
        self._first_repeated = ""

    def add(self, cells: Sequence[str], lines: Sequence[int], /) -> None:
        """Take the next cells as times; RecordingError for a cell that is none."""
        times = [self._read(cell.strip(), line) for line, cell in zip(lines, cells, strict=True)]
        self._chunks.append(np.array(times, dtype="datetime64[us]"))

    def _read(self, text: str, line: int) -> datetime:
        """Read one cell as UTC, without a zone because numpy knows none."""
        time = self._parse(text, line)
        try:
            utc = to_utc(time, self._zone)
        except RecordingError as error:
            raise RecordingError(f"line {line}: {error}") from None
        if time.tzinfo is None and self._zone and utc != _instants(time, self._zone)[1]:
            self._first_repeated = self._first_repeated or f"first {text!r} in line {line}"
            self._n_repeated += 1
        return utc.replace(tzinfo=None)

    def _parse(self, text: str, line: int) -> datetime:
        try:
            if self._format is None:
                return datetime.fromisoformat(text)
            if self._format in PER_SECOND:
                return _since_1970(text, self._format)
            return datetime.strptime(text, self._format)  # noqa: DTZ007 -- to_utc adds the zone
        except (ValueError, ArithmeticError):
            raise RecordingError(
                f"line {line}: time {reprlib.repr(text)} is not {self._expected}; tell how times "
                "are written with --time-format, e.g. '%m/%d/%y %H:%M', or ms for milliseconds "
                "since 1970"
            ) from None

    @property
    def _expected(self) -> str:
        if self._format in PER_SECOND:
            return f"a number of {self._format} since 1970, of the years {_FIRST_YEAR} to 9999"
        return f"written as {self._format!r}" if self._format else "an ISO 8601 time"

    def values(self) -> NDArray[np.datetime64]:
        """Give one UTC time per row, in microseconds."""
        return np.concatenate(self._chunks)

    def notes(self) -> list[str]:
        """Say which times may be an hour off."""
        if not self._n_repeated:
            return []
        return [
            f"times that happen twice when the clocks of {self._zone} are set back: "
            f"{self._n_repeated}, {self._first_repeated}; the first of the two is taken"
        ]


@dataclass(frozen=True)
class Clock:
    """The times of a recording without any: row i is at ``start`` + i times ``cadence`` seconds.

    Examples
    --------
    >>> Clock(datetime(2000, 1, 1, tzinfo=UTC), 0.5).values(2)
    array(['2000-01-01T00:00:00.000000', '2000-01-01T00:00:00.500000'],
          dtype='datetime64[us]')
    """

    start: datetime
    cadence: float

    def values(self, n_rows: int) -> NDArray[np.datetime64]:
        """Give one UTC time per row, in microseconds."""
        # Rounded after multiplying: a cadence like 1/3 s must not drift.
        elapsed = np.rint(np.arange(n_rows) * self.cadence * 1e6).astype("timedelta64[us]")
        start = np.datetime64(self.start.astimezone(UTC).replace(tzinfo=None), "us")
        times: NDArray[np.datetime64] = start + elapsed
        return times


def _since_1970(text: str, unit: str) -> datetime:
    """Read a number of seconds, or parts of them; ValueError or ArithmeticError if it is none."""
    time = _EPOCH + timedelta(microseconds=int(Decimal(text) * 1_000_000 / PER_SECOND[unit]))
    if time.year < _FIRST_YEAR:
        raise ValueError(text)
    return time


def usual_step(times: NDArray[np.datetime64]) -> timedelta | None:
    """Give the pace of readings: the median of the steps that go forward; None without any.

    Examples
    --------
    >>> minutes = np.array([0, 2, 4, 3, 5, 60], "timedelta64[m]")
    >>> usual_step(np.datetime64("2026-11-22T03:00", "us") + minutes)
    datetime.timedelta(seconds=120)
    """
    steps = np.diff(times)
    forward = steps[steps > np.timedelta64(0)]
    if not len(forward):
        return None
    step: timedelta = np.median(forward).astype("timedelta64[us]").item()
    return step


def check_order(times: NDArray[np.datetime64], lines: NDArray[np.int64]) -> list[str]:
    """Say which rows are late or repeat a time: they enter nothing, as live.

    Raises
    ------
    RecordingError
        If more than a tenth of the rows are late. That is no machine with some late
        readings: the rows are not sorted, or one wrong time is ahead of them all.

    Examples
    --------
    >>> minutes = np.array([0, 2, 4, 4, 6, 8], "timedelta64[m]")
    >>> check_order(np.datetime64("2026-11-22T03:00", "us") + minutes, np.arange(2, 8))
    ['rows not later than one before them, 1 of 6, enter nothing: most are behind line 4 at
     2026-11-22T03:04:00Z']
    """
    newest, n_rows = np.maximum.accumulate(times), len(times)
    behind = 1 + np.flatnonzero(times[1:] <= newest[:-1])
    if not len(behind):
        return []
    late = behind[times[behind] < newest[behind]]
    if len(late) > _MOST_LATE * n_rows:
        if np.count_nonzero(np.diff(times) < np.timedelta64(0)) > n_rows / 2:
            raise RecordingError("times run backwards: sort the rows by time, oldest first")
        jump = _before_most(late, newest)
        raise RecordingError(
            f"{len(late)} of {n_rows} rows are older than one before them, "
            + (
                f"the first is {_place(late[0], times, lines)}: "
                if jump is None
                else f"most of them than {_place(jump, times, lines)}: correct its time if it is "
                "wrong, else "
            )
            + "sort the rows by time, oldest first"
        )
    jump = _before_most(behind, newest)
    return [
        f"rows not later than one before them, {len(behind)} of {n_rows}, enter nothing: "
        + (
            f"the first is {_place(behind[0], times, lines)}"
            if jump is None
            else f"most are behind {_place(jump, times, lines)}"
        )
    ]


def _before_most(rows: NDArray[np.intp], newest: NDArray[np.datetime64]) -> np.intp | None:
    """Find the one row that most of these, not later than it, come after; None without one."""
    n_behind = np.bincount(np.searchsorted(newest, newest[rows]))
    row = n_behind.argmax()
    return row if n_behind[row] > len(rows) / 2 else None


def _place(row: np.intp, times: NDArray[np.datetime64], lines: NDArray[np.int64]) -> str:
    return f"line {lines[row]} at {times[row].item().isoformat()}Z"


def read_zone(name: str) -> ZoneInfo:
    """Look up a time zone by its IANA name, e.g. ``Europe/Helsinki``.

    Raises
    ------
    RecordingError
        If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RecordingError(
            f"there is no time zone {name!r}: expected an IANA name, e.g. UTC or Europe/Helsinki"
        ) from None


def to_utc(time: datetime, zone: ZoneInfo | None) -> datetime:
    """Bring a time to UTC; one without an offset is what a clock in ``zone`` shows.

    Raises
    ------
    RecordingError
        If it has no offset and there is no zone, or no clock of the zone ever shows it.

    Examples
    --------
    >>> to_utc(datetime(2024, 7, 1, 12, 0), ZoneInfo("Europe/Helsinki")).isoformat()
    '2024-07-01T09:00:00+00:00'
    """
    try:
        if time.tzinfo is not None:
            return time.astimezone(UTC)
        if zone is not None:
            first, second = _instants(time, zone)
            if first <= second:
                return first
    except OverflowError:
        raise RecordingError(f"time '{time}' is outside the years 1 to 9999 in UTC") from None
    if zone is None:
        raise RecordingError(
            f"time '{time}' has no time zone: say which one with --time-zone, e.g. UTC"
        )
    raise RecordingError(
        f"time '{time}' is skipped by the clocks of {zone}: the recording is in another zone, "
        "perhaps in standard time all year, e.g. --time-zone Etc/GMT-2 for UTC+2"
    )


def _instants(time: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the instants that a clock's reading can mean: almost always the same one twice.

    The first is the earlier one for a reading that happens twice because clocks are set
    back, and the later one for a reading that is skipped (PEP 495).
    """
    local = time.replace(tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
