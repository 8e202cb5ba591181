"""The files of the simulated paper machine, and the command that writes them."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.recording import RecordingOptions, read_recording
from stream_detector.replay.tags import Tag, read_tags
from stream_detector.sandbox import simulate as command
from stream_detector.sandbox.paper_machine import simulate
from stream_detector.sandbox.paper_sensors import SENSORS, write_tags

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_one_seed_gives_one_file_and_another_seed_another(tmp_path: Path) -> None:
    files = [tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"]
    for file in files:
        simulate(days=1, seed=5, start=START).write_csv(file)
    other = tmp_path / "other.csv"
    simulate(days=1, seed=6, start=START).write_csv(other)

    plain, again, zipped, zipped_again = [file.read_bytes() for file in files]
    assert plain == again
    assert zipped == zipped_again
    assert gzip.decompress(zipped) == plain
    assert other.read_bytes() != plain


def test_our_reader_reads_the_recording_back(tmp_path: Path) -> None:
    recording = simulate(days=2, seed=5, start=START)
    recording.write_csv(tmp_path / "pm3.csv.gz")
    write_tags(tmp_path / "tags.csv")

    read = read_recording(
        tmp_path / "pm3.csv.gz",
        RecordingOptions(mode_column="grade", label_column="break", tags=tmp_path / "tags.csv"),
    )

    assert read.sensors == recording.sensors
    assert read.units == tuple(unit or None for unit in recording.units)
    assert read.modes == tuple(recording.modes)
    assert read.labels is not None
    np.testing.assert_array_equal(read.times, recording.times)
    np.testing.assert_array_equal(read.labels, recording.breaks)
    np.testing.assert_allclose(read.values, recording.values, rtol=1e-6)


def test_a_file_looks_as_the_manual_says(tmp_path: Path) -> None:
    simulate(days=1, seed=5, start=START).write_csv(tmp_path / "pm.csv")

    header, first, *_ = (tmp_path / "pm.csv").read_text().splitlines()

    assert header.startswith("time,break,grade,stock_flow,stock_consistency,")
    assert first.startswith("2026-01-01T00:00:00Z,0,grade-")


def test_the_tags_give_units_and_the_ends_of_the_scales(tmp_path: Path) -> None:
    write_tags(tmp_path / "tags.csv")

    tags = read_tags(tmp_path / "tags.csv")

    assert tuple(tags) == tuple(sensor.name for sensor in SENSORS)
    assert tags["headbox_pressure"] == Tag("kPa", 0.0, np.inf)
    assert tags["sheet_moisture"] == Tag("%", 0.0, 100.0)
    assert tags["save_all_in_service"] == Tag(None, 0.0, 1.0)


def test_the_command_says_that_the_data_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, tags = tmp_path / "pm.csv.gz", tmp_path / "tags.csv"

    command.run(days=2, seed=5, csv=out, tags=tags)

    recording = simulate(days=2, seed=5, start=START)
    assert capsys.readouterr().err == (
        f"SIMULATED data, no real machine: {len(recording.times)} rows, {len(SENSORS)} sensors, "
        f"{recording.breaks.sum()} breaks in {out}\n"
    )
    assert out.exists()
    assert tags.exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"pm\.csv' cannot be written: No such file"):
        command.run(days=0.1, seed=5, csv=tmp_path / "nowhere" / "pm.csv")


def test_a_full_disk_is_named() -> None:
    with pytest.raises(RecordingError, match=r"'/dev/full' cannot be written: No space left"):
        command.run(days=0.1, seed=5, csv=Path("/dev/full"))
