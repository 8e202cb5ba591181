"""The rows of a recording in time: as the file says, or at a cadence."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_detector.errors import RecordingError
from tests.replay.written import read, times


def test_rows_without_times_follow_the_cadence(tmp_path: Path) -> None:
    recording = read(tmp_path, "x\n1\n2\n3\n", cadence=0.5)

    np.testing.assert_array_equal(
        recording.times,
        times("2000-01-01T00:00:00", "2000-01-01T00:00:00.5", "2000-01-01T00:00:01"),
    )


def test_rows_without_times_start_where_told(tmp_path: Path) -> None:
    start = datetime.fromisoformat("2024-05-01T08:00:00+02:00")

    recording = read(tmp_path, "x\n1\n2\n", cadence=120.0, start=start)

    np.testing.assert_array_equal(recording.times, times("2024-05-01T06:00", "2024-05-01T06:02"))


def test_times_of_the_file_win_over_a_cadence(tmp_path: Path) -> None:
    recording = read(tmp_path, "time,x\n2024-05-01T06:00Z,1\n", cadence=120.0)

    assert recording.time(0) == datetime(2024, 5, 1, 6, tzinfo=UTC)
    assert recording.notes == ("times are those of column 'time': cadence not used",)


@pytest.mark.parametrize("options", [{}, {"time_column": "tme", "cadence": 120.0}])
def test_a_missing_time_column_names_both_ways_out(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(RecordingError, match=r"among 'when', 'x': .*--time-column.*--cadence"):
        read(tmp_path, "when,x\n2024-05-01T06:00Z,1\n", **options)


def test_rows_stay_in_the_order_of_the_file(tmp_path: Path) -> None:
    #  line     2   3   4   5   6 ... 13
    #  minute   0   4   2   4   5 ... 12
    #                late repeats the minute of line 3
    minutes = [0, 4, 2, 4, *range(5, 13)]
    lines = [f"2024-05-01T06:{minute:02}Z,{row}\n" for row, minute in enumerate(minutes)]

    recording = read(tmp_path, "time,x\n" + "".join(lines))

    assert recording.values[:, 0].tolist() == list(range(12))
    assert recording.notes == (
        "rows not later than one before them, 2 of 12, enter nothing: most are behind line 3 at "
        "2024-05-01T06:04:00Z",
    )


def test_a_file_sorted_newest_first_is_refused_by_name(tmp_path: Path) -> None:
    lines = [f"2024-05-01T06:{minute:02}Z,1\n" for minute in (4, 2, 0)]

    with pytest.raises(RecordingError, match=r"pm3\.csv': times run backwards: sort the rows"):
        read(tmp_path, "time,x\n" + "".join(lines))
