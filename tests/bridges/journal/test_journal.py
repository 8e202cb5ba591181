"""Tag rows on disk: what was appended is there, in order, whatever happens to the process."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.journal.journaled import Letter, Progress
from stream_detector.bridges.rows import TagRow
from tests.waiting import wait_until

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


def test_rows_come_back_in_order_and_as_they_were(journal: Journal) -> None:
    given = [TagRow("a", 1, 812.5), TagRow("b", 1, "12"), TagRow("c", 2, None), TagRow("a", 1, 1e9)]
    journal.append(given[:3])
    journal.append(given[3:])

    found = journal.read(1, limit=10)

    assert found[:2] == (1, given)
    assert [type(row.value) for row in found.rows] == [float, str, type(None), float]
    assert (found.next_offset, journal.next_offset) == (5, 5)


def test_a_stretch_is_no_longer_than_asked_for(journal: Journal) -> None:
    journal.append(rows(1, 6))

    assert journal.read(2, limit=2)[:2] == (2, rows(2, 4))


def test_each_row_knows_when_it_was_logged(journal: Journal) -> None:
    before_us = time.time_ns() // 1000
    journal.append(rows(1, 3))
    journal.append(rows(3, 4))
    after_us = time.time_ns() // 1000

    first, second, third = journal.read(1, limit=3).logged_us

    assert before_us <= first == second <= third <= after_us


def test_beyond_the_end_there_is_an_empty_stretch(journal: Journal) -> None:
    journal.append(rows(1, 3))

    assert journal.read(3, limit=10)[:2] == (3, [])


def test_a_journal_that_is_opened_again_goes_on_where_it_was(path: Path) -> None:
    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(1, 4))
        journal.note(Progress(3, 2, b"memory"))

    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(4, 5))

        assert journal.progress() == Progress(3, 2, b"memory")
        assert journal.read(0, limit=10)[:2] == (2, rows(2, 5))


def test_letters_are_kept_until_they_are_delivered(path: Path) -> None:
    one = Letter("plant/a", b"\xff\x00", "not-json", "it is no JSON")
    two = Letter("plant/b", b"", "empty", "there is nothing")
    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(1, 3), [one, two])
        assert journal.letters(limit=1) == {1: one}
        journal.forget_letters(2)

    with Journal(path, max_bytes=ROOMY) as journal:
        assert journal.letters(limit=10) == {2: two}
        assert journal.next_offset == 3


def test_letters_make_room_before_rows_do(path: Path) -> None:
    with Journal(path, max_bytes=100_000) as journal:
        journal.append(rows(1, 101))
        for _ in range(30):
            journal.append([], [Letter("plant/a", bytes(5_000), "not-json", "it is no JSON")])

        assert journal.read(0, limit=1_000)[:2] == (1, rows(1, 101))
        assert journal.n_lost + len(journal.letters(limit=100)) == 30
        assert journal.n_bytes <= 100_000


def test_a_new_journal_has_no_progress(journal: Journal) -> None:
    assert journal.progress() is None


def test_an_offset_is_never_given_twice_though_all_rows_are_deleted(path: Path) -> None:
    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(1, 4))
        journal.note(Progress(4, 4, b""))
        assert journal.read(0, limit=10)[:2] == (4, [])

    with Journal(path, max_bytes=ROOMY) as journal:
        journal.append(rows(4, 5))

        assert journal.read(0, limit=10)[:2] == (4, rows(4, 5))


def test_over_its_bound_the_oldest_rows_are_dropped_and_counted(path: Path) -> None:
    with Journal(path, max_bytes=100_000) as journal:
        for start in range(1, 10_001, 100):
            journal.append(rows(start, start + 100))
            assert journal.n_bytes <= 100_000

        kept = journal.read(0, limit=20_000)

        assert kept.rows == rows(kept.offset, 10_001)
        assert journal.n_lost == 10_000 - len(kept.rows)
        assert 1_000 < len(kept.rows) < 5_000
    assert path.stat().st_size < 300_000  # with the pages of one transaction more
    with Journal(path, max_bytes=100_000) as journal:
        assert journal.n_lost == 10_000 - len(kept.rows)


def test_rows_that_were_delivered_are_not_lost_when_they_are_dropped(path: Path) -> None:
    with Journal(path, max_bytes=100_000) as journal:
        for start in range(1, 10_001, 100):
            journal.append(rows(start, start + 100))
            journal.note(Progress(start + 100, 1, b""))

        assert journal.n_lost == 0


def test_who_waits_is_told_of_new_rows(journal: Journal) -> None:
    writer = threading.Timer(0.1, journal.append, [rows(1, 2)])
    writer.start()

    assert journal.wait_beyond(1, timeout_seconds=10)
    writer.join()


def test_who_waits_goes_on_when_nothing_comes(journal: Journal) -> None:
    journal.append(rows(1, 2))

    assert not journal.wait_beyond(2, timeout_seconds=0.01)
    assert journal.wait_beyond(1, timeout_seconds=0)


def test_many_threads_write_and_read_at_once(journal: Journal) -> None:
    def write() -> None:
        for start in range(1, 501, 10):
            journal.append(rows(start, start + 10))

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    seen: list[TagRow] = []

    def read_on() -> bool:
        seen.extend(journal.read(len(seen) + 1, limit=64).rows)
        return len(seen) == 1_500

    wait_until(read_on, "all rows of the three writers are read", limit_seconds=60)
    for writer in writers:
        writer.join()
    assert sorted(row.time_us for row in seen) == sorted(list(range(1, 501)) * 3)
