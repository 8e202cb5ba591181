"""Which columns are sensors: those of true and false too, whatever a plant calls them."""

from pathlib import Path

import numpy as np
import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.recording import RecordingOptions, read_recording
from tests.replay.written import read

NAN = float("nan")


def test_a_column_of_true_and_false_is_the_state_of_a_pump(tmp_path: Path) -> None:
    recording = read(
        tmp_path,
        "pump,valve,mixed\nTRUE,False,1\nFalse,,true\nBad,false,0\ntrue,null,False\n",
        cadence=60.0,
    )

    assert recording.sensors == ("pump", "valve", "mixed")
    np.testing.assert_array_equal(
        recording.values, [[1, 0, 1], [0, NAN, 1], [NAN, 0, 0], [1, NAN, 0]]
    )
    assert recording.notes == (
        "column 'pump': 1 of 4 cells is not a number, first 'Bad' in line 4: taken as missing",
        "column 'valve': 1 of 4 cells is not a number, first 'null' in line 5: taken as missing",
    )


def test_true_among_measured_values_is_a_word_like_another(tmp_path: Path) -> None:
    # The first number comes in a later chunk than the first word.
    rows = "true,ok\n" * 300 + "2.5,true\n" * 300 + "7.5,ok\n"

    recording = read(tmp_path, "x,word\n" + rows, cadence=60.0)
    text = read(tmp_path, "y,x\n" + "1,true\n1,2.5\n1,false\n", cadence=60.0)

    assert recording.sensors == ("x",)
    assert recording.values[[300, 600], 0].tolist() == [2.5, 7.5]
    assert np.isnan(recording.values[:300]).all()
    assert recording.notes == (
        "column 'x': 300 of 601 cells are not numbers, first 'true' in line 2: taken as missing",
        "column 'word' is text (first 'ok' in line 2): not a sensor",
    )
    assert text.sensors == ("y",)


def test_a_column_that_may_name_machines_says_so(tmp_path: Path) -> None:
    recording = read(tmp_path, "x,machine\n" + "1,pm1\n2,pm2\n" * 20, cadence=60.0)

    (note,) = recording.notes
    assert note.startswith("column 'machine' is text (first 'pm1' in line 2): not a sensor; ")
    assert "its values are 'pm1', 'pm2': if these are machines, write a file for each" in note


@pytest.mark.parametrize("texts", [["ok"], [f"note {n}" for n in range(40)], ["a", "b", "c"]])
def test_one_that_does_not_is_merely_named(tmp_path: Path, texts: list[str]) -> None:
    rows = "".join(f"1,{text}\n" for text in texts)

    recording = read(tmp_path, "x,word\n" + rows, cadence=60.0)

    assert (
        recording.notes[-1] == f"column 'word' is text (first {texts[0]!r} in line 2): not a sensor"
    )


def test_a_boolean_column_of_parquet_is_a_sensor(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "pm3.parquet"
    table = pa.table({"x": [1.5, 2.5, 3.5], "pump": [True, None, False]})
    pytest.importorskip("pyarrow.parquet").write_table(table, path)

    recording = read_recording(path, RecordingOptions(cadence=60.0))

    assert recording.sensors == ("x", "pump")
    np.testing.assert_array_equal(recording.values[:, 1], [1, NAN, 0])
    assert recording.notes == ()


@pytest.mark.parametrize(
    "name", ['Pipe 4" flow', r"\\PISRV1\PM3.FLOW", "x, y", "Fl\u00f6\u00df (%)"]
)
def test_a_sensor_may_be_called_what_a_plant_calls_it(tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    assert read(tmp_path, f"{quoted}\n1\n", cadence=60.0).sensors == (name,)


def test_names_of_sensors_go_on_one_line(tmp_path: Path) -> None:
    text = 'time,"Flow\n(m3/h)","a\x1bb","remark\n2"\n2026-11-22T03:00Z,1,2,ok\n'

    with pytest.raises(RecordingError) as caught:
        read(tmp_path, text)

    assert str(caught.value).endswith(
        "the names of columns 'Flow\\n(m3/h)', 'a\\x1bb' hold a line break or another control "
        "character; rename them in the file, or --exclude them"
    )
