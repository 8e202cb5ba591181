"""What a replay writes is whole, or not there."""

import os
from pathlib import Path

import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.output import OutputFile


def write(path: Path, *texts: str) -> None:
    with OutputFile(path) as file:
        for text in texts:
            file.write(text)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("of the day before")

    with OutputFile(path) as file:
        file.write("today's")
        assert path.read_text() == "of the day before"

    assert path.read_text() == "today's"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_what_was_there_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("of the day before")

    with pytest.raises(ZeroDivisionError), OutputFile(path) as file:
        file.write(f"{1 / 0}")

    assert path.read_text() == "of the day before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("length", [1, 100_000])
def test_a_full_disk_is_told_by_the_name_of_the_file(length: int) -> None:
    # A short text is noticed when the file is closed, a long one while it is written.
    with pytest.raises(RecordingError, match="'/dev/full' cannot be written: No space left"):
        write(Path("/dev/full"), "x" * length)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "scores.csv"

    with pytest.raises(RecordingError, match=r"scores\.csv' cannot be written: No such file"):
        write(path, "x")


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    write(path, "row,", "score")

    assert os.read(reader, 100) == b"row,score"
    os.close(reader)
    assert path.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    place, link = tmp_path / "place.csv", tmp_path / "link.csv"
    link.symlink_to(place)

    write(link, "x")

    assert link.is_symlink()
    assert place.read_text() == "x"
