"""Times of a recording: how they are written, and what a clock on a wall means in UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.errors import RecordingError
from stream_detector.replay.times import TimeColumn, check_order, read_zone, to_utc

HELSINKI = ZoneInfo("Europe/Helsinki")


def column(*cells: str, time_format: str | None = None, zone: ZoneInfo | None = None) -> TimeColumn:
    times = TimeColumn(time_format=time_format, zone=zone)
    times.add(cells, range(2, 2 + len(cells)))
    return times


def utc(*cells: str, time_format: str | None = None, zone: ZoneInfo | None = None) -> list[str]:
    times = column(*cells, time_format=time_format, zone=zone).values()
    return [str(time) for time in times.astype("datetime64[s]")]


def test_iso_8601_is_read_without_a_format() -> None:
    assert utc("2024-05-01T06:00:00Z", "2024-05-01 08:02+02:00", " 20240501T060400Z ") == [
        "2024-05-01T06:00:00",
        "2024-05-01T06:02:00",
        "2024-05-01T06:04:00",
    ]


def test_a_format_tells_how_times_are_written() -> None:
    assert utc("5/1/99 0:02", time_format="%m/%d/%y %H:%M", zone=ZoneInfo("UTC")) == [
        "1999-05-01T00:02:00"
    ]


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("1714543200", "s"),
        ("1714543200.25", "s"),
        ("1.7145432E9", "s"),
        ("1714543200000", "ms"),
        ("1714543200000000", "us"),
        ("1714543200000000000", "ns"),
    ],
)
def test_a_number_since_1970_is_read_in_its_unit(cell: str, unit: str) -> None:
    assert utc(cell, time_format=unit) == ["2024-05-01T06:00:00"]


@pytest.mark.parametrize(
    ("cell", "unit"),
    [("1714543200", "ms"), ("1714543200000", "s"), ("nan", "s"), ("inf", "ms"), ("now", "s")],
)
def test_a_number_of_another_unit_is_refused(cell: str, unit: str) -> None:
    with pytest.raises(RecordingError, match=f"is not a number of {unit} since 1970"):
        column(cell, time_format=unit)


def test_an_offset_rules_over_the_zone() -> None:
    assert utc("2024-05-01T06:00:00+00:00", "2024-05-01T06:00:00", zone=HELSINKI) == [
        "2024-05-01T06:00:00",
        "2024-05-01T03:00:00",
    ]


def test_a_time_without_a_zone_is_refused_by_row() -> None:
    with pytest.raises(RecordingError, match=r"line 3: time .* has no time zone: .*--time-zone"):
        column("2024-05-01T06:00:00Z", "2024-05-01T06:02:00")


@pytest.mark.parametrize("cell", ["5/1/99 0:00", "", "1714543200", "Bad"])
def test_a_cell_that_is_no_time_is_refused_by_row_and_text(cell: str) -> None:
    with pytest.raises(RecordingError, match=f"line 2: time '{cell}' is not .*--time-format"):
        column(cell, zone=HELSINKI)


def test_a_cell_in_another_format_is_refused_with_the_format() -> None:
    with pytest.raises(RecordingError, match=r"line 2: time '2024-05-01' is not written as '%d.%m"):
        column("2024-05-01", time_format="%d.%m.%Y", zone=HELSINKI)


def test_of_an_hour_that_happens_twice_the_first_is_taken_and_noted() -> None:
    #  UTC        23:30   00:30   01:30   02:30
    #  Helsinki   02:30   03:30   03:30   04:30     27 October 2024: back at 04:00
    #  read as            00:30   00:30
    cells = [f"2024-10-27T0{hour}:30" for hour in (2, 3, 3, 4)]
    times = column(*cells, zone=HELSINKI)

    assert utc(*cells, zone=HELSINKI) == [
        "2024-10-26T23:30:00",
        "2024-10-27T00:30:00",
        "2024-10-27T00:30:00",
        "2024-10-27T02:30:00",
    ]
    assert times.notes() == [
        "times that happen twice when the clocks of Europe/Helsinki are set back: 2, first "
        "'2024-10-27T03:30' in line 3; the first of the two is taken",
    ]


def order(*numbers: float) -> list[str]:
    """Check rows so many minutes after three o'clock."""
    after = np.array([timedelta(minutes=number) for number in numbers], "timedelta64[us]")
    lines = np.arange(2, 2 + len(numbers))
    return check_order(np.datetime64("2026-11-22T03:00", "us") + after, lines)


def test_rows_in_order_are_not_spoken_of() -> None:
    assert order(0, 2, 4, 60) == []
    assert order(0) == []


def test_a_row_enters_nothing_until_it_is_the_newest_so_far() -> None:
    #  line     2   3   4   5   6   7   8   9 ... 21
    #  minute   0   2  10   4   6  10  12  14 ... 38
    #                    late late again
    assert order(0, 2, 10, 4, 6, 10, *range(12, 60, 2)) == [
        "rows not later than one before them, 3 of 30, enter nothing: most are behind line 4 at "
        "2026-11-22T03:10:00Z"
    ]


def test_repeats_of_many_rows_are_not_said_to_be_behind_one() -> None:
    #  line     2   3   4   5   6   7
    #  minute   0   0   2   2   4   4
    #             again   again   again
    assert order(0, 0, 2, 2, 4, 4) == [
        "rows not later than one before them, 3 of 6, enter nothing: the first is line 3 at "
        "2026-11-22T03:00:00Z"
    ]


def test_late_rows_here_and_there_are_refused_with_the_first() -> None:
    #  line     2   3   4   5   6   7
    #  minute   0   4   2   8   6  10
    #                late    late
    with pytest.raises(
        RecordingError,
        match=r"^2 of 6 rows are older than one before them, the first is line 4 at "
        r"2026-11-22T03:02:00Z: sort the rows by time, oldest first",
    ):
        order(0, 4, 2, 8, 6, 10)


def test_one_wrong_time_ahead_of_the_others_is_refused_by_its_line() -> None:
    fifty_years = 50 * 365 * 24 * 60

    with pytest.raises(
        RecordingError,
        match=r"^12 of 20 .* than line 9 at 2076-11-\d\dT03:00:00Z: correct its time",
    ):
        order(*range(7), fifty_years, *range(8, 20))


def test_rows_sorted_newest_first_are_told_to_be_sorted() -> None:
    with pytest.raises(RecordingError, match=r"^times run backwards: sort the rows by time"):
        order(*range(40, 0, -2))


def test_times_as_coarse_as_to_repeat_are_no_reason_to_refuse() -> None:
    assert len(order(0, 0, 1, 1, 2, 2)) == 1


def test_a_time_that_never_was_is_refused() -> None:
    # 31 March 2024: forward from 03:00 to 04:00.
    with pytest.raises(
        RecordingError, match=r"line 2: .* skipped by the clocks of Europe/Helsinki"
    ):
        column("2024-03-31T03:30", zone=HELSINKI)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(RecordingError, match="outside the years 1 to 9999"):
        column("0001-01-01T00:00:00+14:00")


@given(st.datetimes(min_value=datetime(1980, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_local_time_means_the_instant_it_was_shown_at(instant: datetime) -> None:
    shown = instant.astimezone(HELSINKI)

    read = to_utc(shown.replace(tzinfo=None, fold=0), HELSINKI)

    # In the hour that happens twice the first pass is taken: one hour early.
    assert (instant - read).total_seconds() == (3600 if shown.fold else 0)


@pytest.mark.parametrize("name", ["Helsinki", "", "Europe", "../../etc/passwd"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(RecordingError, match="there is no time zone"):
        read_zone(name)
