"""The mapping file: what a line says, and what is said of a wrong one."""

from pathlib import Path

import pytest

from stream_detector.bridges.joining.mapping import Target, read_mapping
from stream_detector.bridges.joining.units import Conversion
from stream_detector.errors import SettingsError

HEADER = "tag,machine,sensor,kind,from_unit,to_unit,scale,offset,hold_seconds,meaning\n"


def written(path: Path, text: str) -> Path:
    file = path / "tags.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_line_says_what_a_tag_is(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        HEADER + "PM3.P,pm3,x1,,,,0.1,-1,60,\n"
        "PM3.SPEED,pm3,x2,sensor,m/s,m/min,,,,\n"
        "PM3.GRADE,pm3,,mode,,,,,,1=light; 2=heavy\n"
        "PM3.STATE,pm3,,event,,,,,,1=break\n",
    )

    assert read_mapping(file).targets == {
        "PM3.P": Target("pm3", "sensor", "x1", Conversion(0.1, -1.0), hold_us=60_000_000),
        "PM3.SPEED": Target("pm3", "sensor", "x2", Conversion(60.0, 0.0)),
        "PM3.GRADE": Target("pm3", "mode", None, meaning={"1": "light", "2": "heavy"}),
        "PM3.STATE": Target("pm3", "event", None, meaning={"1": "break"}),
    }


def test_two_columns_do_and_the_sensor_has_the_name_of_its_tag(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, "\ufeffmachine;tag\npm4;A\n\npm3;B\npm4;C\n"))

    assert mapping.targets["A"] == Target("pm4", "sensor", "A")
    assert mapping.machines == ("pm4", "pm3")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("A,pm3,x1,,,,,,,\nB,pm3,x2,,,,,,,\nA,pm3,x3,,,,,,,\n", "line 4: tag 'A' stands in line 2"),
        ("A,pm\x013,x1,,,,,,,\n", "line 2: machine is 'pm\\x013', expected a name of 1 to 200"),
        (
            "A,pm3,x1,,,,,,,\n\nB,pm3,x1,,,,,,,\n",
            "line 4: sensor 'x1' of machine 'pm3' is given by the tag in line 2 already; delete",
        ),
        (
            "A,pm3,,mode,,,,,,\nB,pm3,,mode,,,,,,\n",
            "line 3: the mode of machine 'pm3' is given by the tag in line 2",
        ),
        (
            "A,pm3,x1,,furlong,m,,,,\n",
            "line 2: the unit 'furlong' is unknown; give scale and offset",
        ),
        (
            "A,pm3,x1,,bar,degC,,,,\n",
            "line 2: 'bar' is a unit of pressure and 'degC' one of temperature",
        ),
        ("A,pm3,x1,,bar,,,,,\n", "line 2: from_unit and to_unit go together"),
        ("A,pm3,x1,,bar,kPa,2,,,\n", "line 2: units and scale or offset are given"),
        ("A,pm3,x1,,,,0,,,\n", "line 2: scale is 0"),
        ('A,pm3,x1,,,,"0,1",,,\n', "line 2: scale is '0,1', expected a number, decimals with a p"),
        ("A,pm3,x1,,,,,nan,,\n", "line 2: offset is 'nan'"),
        ("A,pm3,x1,,,,,,-1,\n", "line 2: hold_seconds is '-1', expected 0 to"),
        ("A,pm3,x1,grade,,,,,,\n", "line 2: kind is 'grade', expected sensor, mode, event"),
        ("A,pm3,x1,mode,,,,,,\n", "line 2: a tag of kind 'mode' is no sensor"),
        ("A,pm3,,mode,,,2,,,\n", "line 2: a tag of kind 'mode' has no unit"),
        ("A,pm3,,event,,,,,,\n", "line 2: an event needs a meaning"),
        ("A,pm3,,event,,,,,,1=a;1=b\n", "line 2: meaning is '1=a;1=b', expected each value once"),
        ("A,pm3,x1,,,,,,,1=a\n", "line 2: a sensor's values have no meaning"),
        ("A,,x1,,,,,,,\n", "line 2: machine is '', expected a name of 1 to 200"),
        (",pm3,x1,,,,,,,\n", "line 2 names no tag"),
        ("A,pm3,x1\n", "line 2 has 3 cells, the first line names 10 columns"),
        ("", "there is no line below the names of the columns"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(tmp_path: Path, lines: str, said: str) -> None:
    file = written(tmp_path, HEADER + lines)

    with pytest.raises(SettingsError) as caught:
        read_mapping(file)

    assert str(caught.value).startswith(f"mapping file '{file}': {said}")


def test_a_machine_has_no_more_sensors_than_a_reading_has_values(tmp_path: Path) -> None:
    lines = "".join(f"T{n},pm3,x{n},,,,,,,\n" for n in range(10_001))

    with pytest.raises(SettingsError, match="line 10002: machine 'pm3' has over 10000 sensors"):
        read_mapping(written(tmp_path, HEADER + lines))


@pytest.mark.parametrize("header", ["tag,sensor", "tag,machine,unit", "tag,machine,tag", ""])
def test_other_columns_are_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(SettingsError, match=f"the first line is '{header}', expected the columns"):
        read_mapping(written(tmp_path, header + "\nA,pm3,x\n"))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_mapping(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"tag,machine\nTemp\xe9rature,pm3\n")
    with pytest.raises(SettingsError, match="is no CSV in UTF-8"):
        read_mapping(tmp_path / "latin.csv")


def test_a_hundred_thousand_tags_are_read(tmp_path: Path) -> None:
    lines = "".join(f"T{n},m{n // 100},x{n % 100},,bar,kPa,,,,\n" for n in range(100_000))

    mapping = read_mapping(written(tmp_path, HEADER + lines))

    assert len(mapping.targets) == 100_000
    assert len(mapping.machines) == 1000
