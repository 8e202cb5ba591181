"""What the demo learns from and streams."""

from datetime import timedelta
from pathlib import Path

import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.recording import RecordingOptions
from stream_detector.sandbox.demo.labels import read_labels
from stream_detector.sandbox.demo.recording import from_file, simulated


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


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RecordingError, match="file' cannot be made: File exists"):
        simulated(tmp_path / "file", days=1, seed=1)


def test_a_recording_of_ones_own_has_the_name_of_its_file(tmp_path: Path) -> None:
    simulated(tmp_path, days=1, seed=1).file.rename(tmp_path / "pm3.csv")

    data = from_file(tmp_path / "pm3.csv", RecordingOptions(exclude=("break",)))

    assert data.title == "pm3, from pm3.csv"
    assert str(read_labels(data.recording)) == "no labels"
