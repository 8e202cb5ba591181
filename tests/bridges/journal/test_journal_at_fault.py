"""Files that are no journals, disks that are full, writers that are killed: nothing goes unsaid."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.journal.journaled import Progress
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import JournalError

ROOMY = 10**8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path, max_bytes=ROOMY) as opened:
        yield opened


def rows(start: int, stop: int) -> list[TagRow]:
    return [TagRow("PM3.SPEED", number, float(number)) for number in range(start, stop)]


def test_a_journal_has_one_owner(path: Path, journal: Journal) -> None:
    journal.append(rows(1, 2))

    with pytest.raises(JournalError, match=r"journal\.db' is open in another program"):
        Journal(path, max_bytes=ROOMY)


def test_a_journal_has_one_owner_among_programs(path: Path, journal: Journal) -> None:
    journal.append(rows(1, 2))

    other = run_child("Journal(path, max_bytes=10**6)", path)

    assert "is open in another program" in other.stderr


def test_a_text_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("the notes of somebody else\n" * 200)

    with pytest.raises(JournalError, match="is a file of another program, or damaged"):
        Journal(path, max_bytes=ROOMY)

    assert path.read_text() == "the notes of somebody else\n" * 200


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE rows (offset, tag, time_us, value)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(JournalError, match="a database of another program and no journal of ours"):
        Journal(path, max_bytes=ROOMY)

    assert path.read_bytes() == before


def test_a_damaged_journal_is_a_clear_error(path: Path) -> None:
    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(1, 2_000))
    content = bytearray(path.read_bytes())
    content[20_000:] = bytes(len(content) - 20_000)
    path.write_bytes(content)

    with (
        pytest.raises(JournalError, match=r"is damaged .* move it away"),
        Journal(path, max_bytes=ROOMY) as journal,
    ):
        journal.read(0, limit=5_000)


def test_a_place_where_nothing_can_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(tmp_path, max_bytes=ROOMY)


def test_a_folder_that_is_not_there_is_a_clear_error_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="has no folder"):
        Journal(tmp_path / "mistyped" / "journal.db", max_bytes=ROOMY)

    assert not (tmp_path / "mistyped").exists()


def test_nothing_that_was_appended_is_lost_when_the_writer_is_killed(path: Path) -> None:
    code = """
n = 0
while True:
    journal.append([TagRow("t", n + one, None) for one in range(7)])
    n += 7
    print(n, flush=True)
"""
    for lives in range(3):
        with child(f"journal = Journal(path, max_bytes=10**9){code}", path) as writer:
            assert writer.stdout is not None
            told = [writer.stdout.readline() for _ in range(50 + 23 * lives)]
            os.kill(writer.pid, signal.SIGKILL)
            told += writer.stdout.readlines()
            writer.wait(timeout=10)
        with Journal(path, max_bytes=ROOMY) as journal:
            found = journal.read(0, limit=100_000)
            # All or none of a batch; and of the one that was under way nobody was told.
            assert len(found.rows) - int(told[-1]) in {0, 7}
            assert [row.time_us for row in found.rows] == list(range(len(found.rows)))
            journal.note(Progress(found.next_offset, found.next_offset, b""))


def test_a_disk_that_is_full_refuses_the_rows_and_takes_them_again_when_it_is_not(
    path: Path,
) -> None:
    # A file that may not grow is to the process what a full disk is.
    done = run_child(
        """
import resource
journal = Journal(path, max_bytes=10**9)
journal.append([TagRow("t", 0, 1.0)])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
n, refused = 1, []
for _ in range(20):
    try:
        journal.append([TagRow("t", n + one, 1.0) for one in range(1_000)])
        n += 1_000
    except JournalError as error:
        refused.append(str(error))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
journal.append([TagRow("t", n, 1.0)])
found = journal.read(0, limit=100_000).rows
assert [row.time_us for row in found] == list(range(n + 1)), len(found)
print(len(refused), refused[0])
""",
        path,
    )

    n_refused, _, words = done.stdout.partition(" ")
    assert 5 < int(n_refused) < 20, done.stderr
    assert "journal.db' cannot be" in words
    with Journal(path, max_bytes=ROOMY) as journal:
        assert len(journal.read(0, limit=100_000).rows) == journal.next_offset - 1 > 1_000


def test_a_full_database_says_to_make_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def small(*arguments: object, **options: object) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        database.execute("PRAGMA max_page_count = 20")
        return database

    monkeypatch.setattr(sqlite3, "connect", small)
    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(1, 11))
        with pytest.raises(JournalError, match="is full; make room on the disk"):
            journal.append(rows(11, 10_000))
        journal.append(rows(11, 21))

        assert journal.read(0, limit=100)[:2] == (1, rows(1, 21))


_CHILD = """
import sys
from pathlib import Path
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import JournalError
path = Path(sys.argv[1])
"""


def child(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD + code, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_child(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _CHILD + code, path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
