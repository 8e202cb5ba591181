"""One reader of recordings: what a file means, and what is said about the rest of it."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.recording import RecordingOptions, read_recording
from tests.replay.written import read, times

NAN = float("nan")


def test_numbers_become_sensors_in_the_order_of_the_file(tmp_path: Path) -> None:
    recording = read(
        tmp_path,
        "steam,time,speed\n2.5,2024-05-01T06:00:00Z,8.1\n,2024-05-01T08:02:00+02:00,8.3\n",
    )

    assert recording.machine == "pm3"
    assert recording.sensors == ("steam", "speed")
    np.testing.assert_array_equal(recording.values, [[2.5, 8.1], [NAN, 8.3]])
    np.testing.assert_array_equal(recording.times, times("2024-05-01T06:00", "2024-05-01T06:02"))
    assert recording.times.dtype == np.dtype("datetime64[us]")
    assert recording.time(1) == datetime(2024, 5, 1, 6, 2, tzinfo=UTC)
    assert (recording.modes, recording.labels, recording.notes) == (None, None, ())


def test_modes_and_labels_are_no_sensors(tmp_path: Path) -> None:
    recording = read(
        tmp_path,
        "time,grade,y,x\n2024-05-01T06:00Z,80 g,0,1\n2024-05-01T06:02Z,,1,2\n",
        mode_column="grade",
        label_column="y",
        label_kind="rows",
    )

    assert recording.sensors == ("x",)
    assert recording.modes == ("80 g", None)
    assert recording.labels is not None
    assert recording.labels.tolist() == [False, True]
    assert recording.label_kind == "rows"


def test_a_label_may_be_written_in_several_ways(tmp_path: Path) -> None:
    cells = ["0", "1", "0.0", "1.0", "true", "False", "", " 1 "]
    rows = "".join(f"{cell},5\n" for cell in cells)

    recording = read(tmp_path, "y,x\n" + rows, cadence=60.0, label_column="y")

    assert recording.labels is not None
    assert recording.labels.tolist() == [False, True, False, True, True, False, False, True]


def test_any_other_label_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="line 3: label '2' in column 'y' is not 0, 1"):
        read(tmp_path, "y,x\n0,5\n2,5\n", cadence=60.0, label_column="y")


def test_a_line_is_counted_as_an_editor_does(tmp_path: Path) -> None:
    #  line 1 has the names; 2 is empty; the row of line 3 has a cell that goes on in line 4
    text = 'remark,x\n\n"felt\nchanged",1\nnone,Bad\nnone,2\n'

    recording = read(tmp_path, text, cadence=60.0)

    assert recording.lines is not None
    assert recording.lines.tolist() == [3, 5, 6]
    np.testing.assert_array_equal(recording.slice(1, 3).lines, [5, 6])
    assert "column 'x': 1 of 3 cells is not a number, first 'Bad' in line 5: taken as missing" in (
        recording.notes
    )


def test_text_among_numbers_becomes_missing_and_is_noted(tmp_path: Path) -> None:
    recording = read(tmp_path, "x\n1\nI/O Timeout\n2\n-\n3\n", cadence=60.0)

    np.testing.assert_array_equal(recording.values[:, 0], [1, NAN, 2, NAN, 3])
    assert recording.notes == (
        "column 'x': 2 of 5 cells are not numbers, first 'I/O Timeout' in line 3: taken as missing",
    )


@pytest.mark.parametrize(
    "text", ["inf", "-Infinity", "nan", "NaN", "1e999", "1_000", "NULL", "Bad"]
)
def test_no_value_is_ever_infinite_or_made_up(tmp_path: Path, text: str) -> None:
    recording = read(tmp_path, f"x\n1\n{text}\n2\n", cadence=60.0)

    np.testing.assert_array_equal(recording.values[:, 0], [1, NAN, 2])
    assert f"first {text!r} in line 3" in recording.notes[0]


def test_a_column_is_a_sensor_if_half_of_its_texts_are_numbers(tmp_path: Path) -> None:
    recording = read(tmp_path, "half,less\n1,1\nBad,Bad\n,Bad\n", cadence=60.0)

    assert recording.sensors == ("half",)
    assert recording.notes[1] == "column 'less' is text (first 'Bad' in line 3): not a sensor"


def test_a_sparse_laboratory_value_is_a_sensor(tmp_path: Path) -> None:
    recording = read(tmp_path, "x,moisture\n1,NA\n1,NA\n1,6.5\n1,null\n", cadence=60.0)

    assert recording.sensors == ("x", "moisture")


def test_a_column_without_any_value_is_no_sensor(tmp_path: Path) -> None:
    recording = read(tmp_path, "x,empty,nan\n1,,NaN\n2, ,NaN\n", cadence=60.0)

    assert recording.sensors == ("x",)
    assert recording.notes == (
        "column 'empty' has no value at all: not a sensor",
        "column 'nan' has no value at all: not a sensor",
    )


def test_a_file_without_sensors_says_why(tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as caught:
        read(tmp_path, "x,operator\nfast,Ada\n", cadence=60.0)

    assert str(caught.value) == (
        f"'{tmp_path / 'pm3.csv'}': no column is a sensor: column 'x' is text (first 'fast' in "
        "line 2): not a sensor; column 'operator' is text (first 'Ada' in line 2): not a sensor"
    )


def test_a_sensors_name_is_no_longer_than_a_reading_may_have_it(tmp_path: Path) -> None:
    longest = "x" * 200
    assert read(tmp_path, f"{longest}\n1\n", cadence=60.0).sensors == (longest,)

    with pytest.raises(RecordingError, match=r"'x{50}'… has a name of over 200 characters"):
        read(tmp_path, f"{longest}x\n1\n", cadence=60.0)


def test_excluded_columns_are_as_if_not_there(tmp_path: Path) -> None:
    # A broken clock is a reason to exclude the times and give the cadence.
    recording = read(tmp_path, "time,x,y\n?,1,2\n?,3,4\n", exclude=("time", "y"), cadence=1.0)

    assert recording.sensors == ("x",)
    assert recording.notes == ()


@pytest.mark.parametrize(
    "options", [{"exclude": ("sped",)}, {"mode_column": "sped"}, {"label_column": "sped"}]
)
def test_a_misspelt_column_is_refused_with_what_is_alike(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(RecordingError, match="there is no column 'sped'; did you mean 'speed'"):
        read(tmp_path, "speed,steam\n1,2\n", cadence=60.0, **options)


def test_one_column_cannot_be_two_things(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="must be different columns, got 'time', 'y', 'y'"):
        read(tmp_path, "y,x\n1,2\n", cadence=60.0, mode_column="y", label_column="y")


def test_tags_give_units_and_limits_and_change_no_value(tmp_path: Path) -> None:
    tags = tmp_path / "tags.csv"
    tags.write_text("sensor,unit,low,high\nspeed,m/min,0,1500\nx9,,,\nsteam,,-1.5,\n")

    recording = read(tmp_path, "steam,speed,free\n-3,9999,1\n", cadence=60.0, tags=tags)

    assert recording.units == (None, "m/min", None)
    assert recording.low.tolist() == [-1.5, 0, -np.inf]
    assert recording.high.tolist() == [np.inf, 1500, np.inf]
    assert recording.values.tolist() == [[-3, 9999, 1]]
    assert recording.notes == ("tag 'x9' is no sensor of this recording",)


def test_columns_without_a_name_are_not_read(tmp_path: Path) -> None:
    recording = read(tmp_path, ",x,\n0,1,\n1,2,\n", cadence=60.0)

    assert recording.sensors == ("x",)
    assert recording.notes == ("2 of 3 columns have no name: not read",)


def test_a_missing_line_of_names_is_suspected(tmp_path: Path) -> None:
    recording = read(tmp_path, "0.25,3642.6\n0.26,3694.8\n", cadence=60.0)

    assert recording.notes == ("all column names are numbers: is the line of names missing?",)


def test_the_machine_is_named_by_the_file_or_the_option(tmp_path: Path) -> None:
    path = tmp_path / "mill-a.pm3.csv.gz"
    path.write_bytes(gzip.compress(b"x\n1\n"))

    named_by_file = read_recording(path, RecordingOptions(cadence=1.0))
    named_by_option = read_recording(path, RecordingOptions(cadence=1.0, machine="pm3"))

    assert named_by_file.machine == "mill-a"
    assert named_by_option.machine == "pm3"


def test_a_file_without_a_stem_names_no_machine(tmp_path: Path) -> None:
    path = tmp_path / ".csv"
    path.write_text("x\n1\n")

    with pytest.raises(RecordingError, match="give it with --machine"):
        read_recording(path, RecordingOptions(cadence=1.0))


def test_a_slice_takes_the_same_rows_of_everything(tmp_path: Path) -> None:
    recording = read(
        tmp_path, "m,y,x\na,0,1\nb,1,2\nc,0,3\n", cadence=60.0, mode_column="m", label_column="y"
    )

    part = recording.slice(1, 3)

    assert part.n_rows == 2
    assert part.modes == ("b", "c")
    assert part.labels is not None
    assert part.labels.tolist() == [True, False]
    assert part.values.tolist() == [[2], [3]]
    assert part.times.tolist() == recording.times[1:].tolist()
    assert part.sensors == recording.sensors


def test_a_long_file_is_read_across_chunks(tmp_path: Path) -> None:
    cells = [str(row) for row in range(1000)]
    cells[700] = "Bad"
    rows = "".join(f"{cell},{row % 2}\n" for row, cell in enumerate(cells))

    recording = read(tmp_path, "x,y\n" + rows, cadence=1.0, label_column="y")

    expected = np.arange(1000.0)
    expected[700] = NAN
    np.testing.assert_array_equal(recording.values[:, 0], expected)
    assert recording.labels is not None
    assert recording.labels.sum() == 500
    assert "first 'Bad' in line 702" in recording.notes[0]


def test_a_file_of_decimal_commas_is_not_read_for_its_whole_numbers(tmp_path: Path) -> None:
    rows = "time;x;y;count\n2024-05-01T06:00Z;3,14;1;7\n2024-05-01T06:02Z;3,15;2,5;8\n"
    most = rows.replace(";1;", ";1,0;")

    assert read(tmp_path, rows, delimiter=";").sensors == ("y", "count")
    with pytest.raises(RecordingError, match="2 of 3 columns hold numbers with a decimal comma"):
        read(tmp_path, most, delimiter=";")


def test_a_column_cannot_be_a_label_and_excluded(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="'y' is to be read as mode or label, and excluded"):
        read(tmp_path, "time,y,x\n2024-05-01T06:00Z,0,1\n", label_column="y", exclude=("y",))


def test_a_file_whose_sensors_are_all_excluded_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none is left besides .* what is excluded"):
        read(tmp_path, "time,x\n2024-05-01T06:00Z,1\n", exclude=("x",))
