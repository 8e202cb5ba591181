"""The options of a recording on the command line."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stream_detector.replay.options import recording_options
from stream_detector.replay.recording import RecordingOptions


def parse(*arguments: str) -> RecordingOptions:
    options = command.main(["file.csv", *arguments], standalone_mode=False)
    assert isinstance(options, RecordingOptions)
    return options


@click.command()
@click.argument("file")
@recording_options
def command(file: str, *, options: RecordingOptions) -> RecordingOptions:
    """Give the options back."""
    assert file == "file.csv"
    return options


def test_without_options_the_defaults_hold() -> None:
    assert parse() == RecordingOptions()


def test_every_option_arrives(tmp_path: Path) -> None:
    tags = tmp_path / "tags.csv"
    tags.touch()

    options = parse(
        *("--time-column", "when", "--time-format", "%m/%d/%y %H:%M", "--time-zone", "UTC"),
        *("--cadence", "2min", "--start", "2024-05-01T06:00Z", "--delimiter", ";"),
        *("--machine", "pm3", "--mode-column", "grade", "--label-column", "y"),
        *("--label-kind", "rows", "--exclude", "a, b", "--exclude", "c", "--tags", str(tags)),
    )

    assert options == RecordingOptions(
        machine="pm3",
        time_column="when",
        time_format="%m/%d/%y %H:%M",
        time_zone="UTC",
        cadence=120.0,
        start=datetime(2024, 5, 1, 6, tzinfo=UTC),
        delimiter=";",
        mode_column="grade",
        label_column="y",
        label_kind="rows",
        exclude=("a", "b", "c"),
        tags=tags,
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("2min", 120),
        ("5m", 300),
        ("1s", 1),
        ("0.5 s", 0.5),
        ("1m30s", 90),
        (" 1.5 ", 1.5),
    ],
)
def test_a_cadence_may_have_a_unit(text: str, seconds: float) -> None:
    assert parse("--cadence", text).cadence == seconds


@pytest.mark.parametrize("text", ["tab", r"\t", "\t"])
def test_a_tab_can_be_spelled(text: str) -> None:
    assert parse("--delimiter", text).delimiter == "\t"


def test_an_excluded_name_with_a_comma_is_quoted() -> None:
    assert parse("--exclude", '"flow, left",b').exclude == ("flow, left", "b")


def test_a_start_without_an_offset_is_in_the_zone() -> None:
    arguments = ("--cadence", "1s", "--start", "2024-07-01", "--time-zone", "Europe/Helsinki")

    assert parse(*arguments).start == datetime(2024, 6, 30, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cadence", "2 weeks"), "'2 weeks' is no span of time, expected e.g. 2min"),
        (("--cadence", "0"), "must be above zero"),
        (("--cadence", "9" * 400), "must be above zero"),
        (("--delimiter", ";;"), "';;' is not one character"),
        (("--delimiter", ""), "'' is not one character"),
        (("--time-zone", "Helsinki"), "there is no time zone 'Helsinki'"),
        (("--time-format", "%Q"), "'%Q' is not a strptime format"),
        (("--time-format", "%H:%M"), "'%H:%M' has no year, month and day"),
        (("--label-kind", "row"), "'row' is not one of 'event', 'rows'"),
        (("--tags", "no-such-file.csv"), "'no-such-file.csv' does not exist"),
        (("--start", "2024-05-01T06:00Z"), "it needs --cadence"),
        (("--start", "noon", "--cadence", "1s"), "'noon' is not an ISO 8601 time"),
        (("--start", "2024-05-01", "--cadence", "1s"), "has no time zone"),
        (("--exclude", '"a'), "is not a list of names"),
        (("--machine", ""), "machine is '', expected a name of 1 to 200 characters"),
        (("--machine", "x" * 201), "expected a name of 1 to 200 characters on one line"),
        (("--machine", "pm\n3"), r"machine is 'pm\n3', expected a name of"),
    ],
)
def test_a_wrong_value_is_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(command, ["file.csv", *arguments], terminal_width=200)

    assert result.exit_code == 2
    assert said in result.output


def test_help_tells_of_every_option() -> None:
    result = CliRunner().invoke(command, ["--help"])

    for field in fields(RecordingOptions):
        assert f"--{field.name.replace('_', '-')} " in result.output
    assert "[default: 2000-01-01T00:00:00Z]" in " ".join(result.output.split())
