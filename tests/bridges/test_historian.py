"""A historian's export to the wide CSV of a machine, as its live bridge would make it."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from stream_detector.cli import main_group
from stream_detector.errors import RecordingError, SettingsError
from stream_detector.replay.recording import RecordingOptions, read_recording

CONFIGURATION = """\
name = "mill"
mapping = "tags.csv"
[machines."*"]
cadence_seconds = 10
hold_seconds = 20
lateness_seconds = 0
"""

MAPPING = """\
tag,machine,sensor,kind,scale,meaning
A,pm3,a,,,
B,pm3,b,,2,
G,pm3,,mode,,
S,pm3,,event,,1=break
C,pm4,c,,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mill.toml").write_text(CONFIGURATION)
    (tmp_path / "tags.csv").write_text(MAPPING)
    return tmp_path


def convert(folder: Path, export: str, *options: str) -> Result:
    (folder / "export.csv").write_text(export)
    arguments = ["--config", str(folder / "mill.toml"), "--csv", str(folder / "export.csv")]
    out = ["--out", str(folder / "wide.csv")]
    return CliRunner().invoke(main_group, ["bridge", "convert", *arguments, *out, *options])


def test_an_export_tag_by_tag_becomes_a_line_per_instant(folder: Path) -> None:
    done = convert(
        folder,
        "tag,time,value\n"
        "A,2026-01-01T00:00:05Z,1\nA,2026-01-01T00:00:15Z,Bad\nA,2026-01-01T00:00:25Z,3\n"
        "B,2026-01-01T00:00:10Z,5\nother,2026-01-01T00:00:10Z,5\n"
        "G,2026-01-01T00:00:01Z,light\nS,2026-01-01T00:00:12Z,1\n",
        *("--machine", "pm3"),
    )

    assert done.exit_code == 0, done.output
    assert (folder / "wide.csv").read_text().splitlines() == [
        "time,a,b,mode,break",
        "2026-01-01T00:00:10+00:00,1.0,10.0,light,0",
        "2026-01-01T00:00:20+00:00,,10.0,light,1",
        "2026-01-01T00:00:30+00:00,3.0,10.0,light,0",
    ]
    assert "note: rows of other tags: 1, left out\n" in done.output
    assert "note: values that are no numbers: 1, taken as no data\n" in done.output
    assert "--machine pm3 --mode-column mode --label-column break --out model" in done.output


def test_what_it_wrote_is_read_by_what_trains_and_replays(folder: Path) -> None:
    convert(
        folder,
        "Zeit;Tag;Wert\n01.01.2026 01:00:05;C;1\n01.01.2026 01:00:15;C;2\n",
        *("--machine", "pm4", "--time-column", "Zeit", "--tag-column", "Tag"),
        *("--value-column", "Wert", "--time-format", "%d.%m.%Y %H:%M:%S"),
        *("--time-zone", "Europe/Berlin", "--delimiter", ";"),
    )

    recording = read_recording(folder / "wide.csv", RecordingOptions())
    assert recording.sensors == ("c",)
    assert recording.values.tolist() == [[1.0], [2.0]]
    assert str(recording.times[0]) == "2026-01-01T00:00:10.000000"


@pytest.mark.parametrize(
    ("export", "options", "said"),
    [
        ("tag,time,value\nA,2026-01-01T00:00:05Z,1\n", (), "the machines 'pm3', 'pm4'; say with"),
        ("tag,time\nA,1\n", ("--machine", "pm3"), "there is no column 'value', only 'tag', 'time'"),
        ("tag,time,value\nA,noon,1\n", ("--machine", "pm3"), "line 2: time 'noon' is not an ISO"),
        ("tag,time,value\nX,2026-01-01T00:00Z,1\n", ("--machine", "pm3"), "no row is of a tag"),
        (
            'tag,time,value\nA,2026-01-01T00:00Z,"1,5"\n',
            ("--machine", "pm3"),
            "so there is no reading; tags without a row, so their columns are empty: 'B', 'G', "
            "'S'; values that are no numbers: 1, taken as no data",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_reason(
    folder: Path, export: str, options: tuple[str, ...], said: str
) -> None:
    done = convert(folder, export, *options)

    assert isinstance(done.exception, RecordingError)
    assert said in str(done.exception)
    assert not (folder / "wide.csv").exists()


def test_a_tag_without_a_row_is_told_of(folder: Path) -> None:
    rows = "A,2026-01-01T00:00:05Z,1\nG,2026-01-01T00:00:05Z,light\nS,2026-01-01T00:00:05Z,0\n"

    done = convert(folder, f"tag,time,value\n{rows}", "--machine", "pm3")

    assert "note: tags without a row, so their columns are empty: 'B'\n" in done.output


@pytest.mark.parametrize(
    ("line", "name"),
    [("M,pm3,mode,,,", "mode"), ("T,pm3,time,,,", "time"), ("K,pm3,break,,,", "break")],
)
def test_two_columns_of_one_name_are_refused(folder: Path, line: str, name: str) -> None:
    (folder / "tags.csv").write_text(f"{MAPPING}{line}\n")

    done = convert(folder, "tag,time,value\nA,2026-01-01T00:00:05Z,1\n", "--machine", "pm3")

    assert isinstance(done.exception, RecordingError)
    assert f"two columns would be called '{name}'" in str(done.exception)
    assert not (folder / "wide.csv").exists()


def test_a_table_of_a_machine_without_tags_is_refused(folder: Path) -> None:
    (folder / "mill.toml").write_text(CONFIGURATION + "[machines.pm9]\ncadence_seconds = 1\n")

    done = convert(folder, "tag,time,value\nA,2026-01-01T00:00:05Z,1\n", "--machine", "pm3")

    assert isinstance(done.exception, SettingsError)
    assert "names 'pm9'" in str(done.exception)


def test_every_command_of_the_group_shows_an_example() -> None:
    group = main_group.get_command(click.Context(main_group), "bridge")
    assert isinstance(group, click.Group)
    for name in group.commands:
        shown = CliRunner().invoke(main_group, ["bridge", name, "--help"])
        assert f"Example: stream-detector bridge {name}" in shown.output
