"""The trainer reads what it is told just as it was meant."""

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from stream_detector.replay.options import recording_options
from stream_detector.replay.recording import RecordingOptions
from stream_detector.sandbox.demo.training import as_arguments


@pytest.mark.parametrize(
    "options",
    [
        RecordingOptions(),
        RecordingOptions(machine="pm 3", time_column="t", time_format="%d.%m.%y", delimiter="\t"),
        RecordingOptions(time_zone="Europe/Helsinki", mode_column="grade", label_column="y"),
        RecordingOptions(cadence=0.5, start=datetime(2026, 1, 1, 3, tzinfo=UTC)),
        RecordingOptions(cadence=86400.0, label_column="y", label_kind="rows"),
        RecordingOptions(exclude=("flow", 'a "quoted" name', "level, upper")),
    ],
)
def test_another_command_reads_the_options_back(options: RecordingOptions) -> None:
    read: list[RecordingOptions] = []

    @click.command()
    @recording_options
    def command(options: RecordingOptions) -> None:
        read.append(options)

    command.main(as_arguments(options), standalone_mode=False)

    assert read == [options]


def test_options_that_are_as_always_are_left_out() -> None:
    assert as_arguments(RecordingOptions(tags=Path("t.csv"))) == ["--tags", "t.csv"]
