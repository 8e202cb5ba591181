"""What the demo streams, and how it tells the trainer to read the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.options import recording_options
from stream_detector.replay.recording import RecordingOptions
from stream_detector.sandbox.demo.labels import read_labels
from stream_detector.sandbox.demo.recording import as_arguments, from_file, simulated
from tests.sandbox.demo.messages import at, recording


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


def test_the_latest_fifth_of_the_rows_is_streamed(tmp_path: Path) -> None:
    data = simulated(tmp_path, days=2, seed=1)

    n_rows = data.recording.n_rows
    assert data.streamed.n_rows == round(n_rows / 5)
    assert data.history.n_rows + data.streamed.n_rows == n_rows
    assert data.history.times[-1] < data.streamed.times[0]


def test_the_simulation_says_so_in_its_title_its_machine_and_its_units(tmp_path: Path) -> None:
    data = simulated(tmp_path / "new", days=1, seed=1)

    assert data.title.startswith("SIMULATED paper machine")
    assert data.recording.machine == "simulated-paper-machine"
    assert "kPa" in data.recording.units
    assert data.recording.modes is not None
    assert read_labels(data.recording).breaks
    assert data.cadence == timedelta(minutes=2)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RecordingError, match="file' cannot be written: File exists"):
        simulated(tmp_path / "file", days=1, seed=1)


def test_a_recording_of_ones_own_has_the_name_of_its_file(tmp_path: Path) -> None:
    simulated(tmp_path, days=1, seed=1).file.rename(tmp_path / "pm3.csv")

    data = from_file(tmp_path / "pm3.csv", RecordingOptions(exclude=("break",)))

    assert data.title == "pm3, from pm3.csv"
    assert str(read_labels(data.recording)) == "no labels"


def test_labels_say_how_many_there_are() -> None:
    rows = (0, 2, 4, 6, 8)

    assert str(read_labels(recording(*rows, labelled=(2, 4)))) == "breaks: 2"
    stretches = read_labels(recording(*rows, labelled=(0, 2, 8), kind="rows"))
    assert stretches.anomalies == ((at(0), at(2)), (at(8), at(8)))
    assert str(stretches) == "stretches labelled as anomalous: 2"
