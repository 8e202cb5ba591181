"""The journal: tag rows on disk, with offsets, for sources that forget what they have handed over.

A source is acknowledged when its rows are here, and the readings are made from here, so nothing is
lost between the two, whichever of them is away or killed. One SQLite file, which one program owns.
"""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import structlog

from stream_detector.bridges.journal.faults import told
from stream_detector.bridges.journal.journaled import Letter, Progress, Stretch
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import JournalError

log = structlog.get_logger()

_APPLICATION_ID: Final = 0x53444A31
"""Tells our files from those of others: "SDJ1"."""

_DROPPED_AT_ONCE: Final = 0.1
"""Share of the rows, so that a journal that stays full says so now and then, not with each row."""

# AUTOINCREMENT gives no offset twice, also when all rows are deleted. The value has no type: SQLite
# would make a number of a text that looks like one.
_TABLES: Final = (
    "CREATE TABLE rows (offset INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT NOT NULL,"
    " time_us INTEGER NOT NULL, value, logged_us INTEGER NOT NULL)",
    "CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), next_offset INTEGER NOT NULL,"
    " rewind_offset INTEGER NOT NULL, memory BLOB NOT NULL)",
    "CREATE TABLE letters (offset INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
    " value BLOB NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL)",
    "CREATE TABLE lost (one INTEGER PRIMARY KEY CHECK (one = 1), n_rows INTEGER NOT NULL)",
    "INSERT INTO lost VALUES (1, 0)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)


class Journal:
    """Keeps rows on disk, in order. Every method may be called in any thread.

    Parameters
    ----------
    path : Path
        The file; it is made if there is none. Its folder has to be there.
    max_bytes : int
        Where the rows take more, the oldest are dropped, and it is said how many were lost.

    Raises
    ------
    JournalError
        If its folder is not there, the file is not a journal, is damaged or cannot be written, or
        if another program has it open.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Journal(Path(folder, "j"), max_bytes=10**6) as journal:
    ...     journal.append([TagRow("speed", 1, 812.5), TagRow("speed", 2, None)])
    ...     journal.read(2, limit=100)
    Stretch(offset=2, rows=[TagRow(tag='speed', time_us=2, value=None)], logged_us=[...])
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._path = path
        # Looked up when rows come and go: who asks for them in an event loop must not wait for the
        # lock, which is held while a commit is on its way to the disk.
        self._n_bytes = self._n_lost = 0
        self._changed = threading.Condition()
        self._next_offset, self._logged_us = 1, 0
        # One that is made for a mistyped path would leave the rows that wait in the other journal.
        if not path.parent.is_dir():
            raise JournalError(
                f"the journal {str(path)!r} has no folder to stand in; correct journal.path, or "
                "make the folder"
            )
        with told(self._path):
            self._database = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
        try:
            with told(self._path):
                self._open()
        except JournalError:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        """Keep it open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._changed:
            self._database.close()

    @property
    def next_offset(self) -> int:
        """Offset that the next row will have; the first row of all has 1."""
        return self._next_offset

    @property
    def n_bytes(self) -> int:
        """Bytes that the rows take on disk."""
        return self._n_bytes

    @property
    def n_lost(self) -> int:
        """Rows and letters that were dropped, in all its time, before they were delivered."""
        return self._n_lost

    def append(self, rows: Iterable[TagRow], letters: Iterable[Letter] = ()) -> None:
        """Add rows and letters, all or none; they are on disk when this returns.

        Raises
        ------
        JournalError
            If the disk does not take them, as when it is full: none of them is in the journal
            then, their source must not be acknowledged, and it may be tried again.
        """
        with self._changed:
            with self._transaction():
                logged_us = max(self._logged_us, time.time_ns() // 1000)
                self._database.executemany(
                    "INSERT INTO rows (tag, time_us, value, logged_us) VALUES (?, ?, ?, ?)",
                    ((*row, logged_us) for row in rows),
                )
                self._database.executemany(
                    "INSERT INTO letters (topic, value, code, reason) VALUES (?, ?, ?, ?)", letters
                )
                dropped = self._make_room()
                next_offset, n_bytes = self._end(), self._used_bytes()
            self._next_offset, self._logged_us = next_offset, logged_us
            self._n_bytes, self._n_lost = n_bytes, self._n_lost + dropped
            self._changed.notify_all()
        if dropped:
            log.error(
                "journal.rows_lost",
                path=str(self._path),
                n_rows=dropped,
                max_bytes=self.max_bytes,
                reason="it is full; the oldest rows were dropped before they were delivered",
            )

    def read(self, offset: int, *, limit: int) -> Stretch:
        """Give at most `limit` rows from an offset on, or from the oldest one that is still there.

        Raises
        ------
        JournalError
            If the file is damaged.
        """
        with self._changed, told(self._path):
            found = self._database.execute(
                "SELECT offset, logged_us, tag, time_us, value FROM rows WHERE offset >= ?"
                " ORDER BY offset LIMIT ?",
                (offset, limit),
            ).fetchall()
            first = found[0][0] if found else max(offset, self._next_offset)
        return Stretch(first, [TagRow(*row[2:]) for row in found], [row[1] for row in found])

    def letters(self, *, limit: int) -> dict[int, Letter]:
        """Give the oldest letters by their offsets, `limit` at most.

        Raises
        ------
        JournalError
            If the file is damaged.
        """
        with self._changed, told(self._path):
            found = self._database.execute(
                "SELECT offset, topic, value, code, reason FROM letters ORDER BY offset LIMIT ?",
                (limit,),
            ).fetchall()
        return {row[0]: Letter(*row[1:]) for row in found}

    def forget_letters(self, offset: int) -> None:
        """Delete the letters before an offset: they are delivered.

        Raises
        ------
        JournalError
            If the disk does not take it: they are still there then.
        """
        with self._changed, self._transaction():
            self._database.execute("DELETE FROM letters WHERE offset < ?", (offset,))

    def wait_beyond(self, offset: int, *, timeout_seconds: float) -> bool:
        """Wait until there is a row with this offset or a later one; tell whether there is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._next_offset > offset, timeout_seconds)

    def progress(self) -> Progress | None:
        """Give what was noted last; None if nothing was yet.

        Raises
        ------
        JournalError
            If the file is damaged.
        """
        with self._changed, told(self._path):
            found = self._database.execute(
                "SELECT next_offset, rewind_offset, memory FROM progress"
            ).fetchone()
        return None if found is None else Progress(*found)

    def note(self, progress: Progress) -> None:
        """Write down how far the readings are delivered, and delete the rows nobody needs any more.

        Raises
        ------
        JournalError
            If the disk does not take it: what was noted before stands.
        """
        with self._changed, self._transaction():
            self._database.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)", progress)
            self._database.execute("DELETE FROM rows WHERE offset < ?", (progress.rewind_offset,))
            self._n_bytes = self._used_bytes()

    def _open(self) -> None:
        # Locked until it is closed, or its owner's process has ended in whatever way.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("BEGIN EXCLUSIVE")
        found = self._number("PRAGMA application_id")
        is_new = found == 0 and self._number("SELECT count(*) FROM sqlite_schema") == 0
        if not is_new and found != _APPLICATION_ID:
            raise JournalError(
                f"{str(self._path)!r} is a database of another program and no journal of ours; "
                "name another file"
            )
        for statement in _TABLES if is_new else ():
            self._database.execute(statement)
        self._database.execute("COMMIT")
        self._database.execute("PRAGMA journal_mode = WAL")
        # A commit is on disk when it returns. It costs 0.2 ms for 20 rows and 4 ms for 200 on a
        # disk of two shared cores; without it a power cut would take what was acknowledged.
        self._database.execute("PRAGMA synchronous = FULL")
        self._page_bytes = self._number("PRAGMA page_size")
        self._next_offset = self._end()
        self._n_bytes, self._n_lost = self._used_bytes(), self._number("SELECT n_rows FROM lost")
        self._logged_us = self._number(
            "SELECT coalesce((SELECT logged_us FROM rows ORDER BY offset DESC LIMIT 1), 0)"
        )

    def _end(self) -> int:
        return 1 + self._number(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'rows'"
        )

    def _make_room(self) -> int:
        """Drop letters and the oldest rows until the bound holds; count what was not delivered."""
        n_lost = 0
        if self._used_bytes() > self.max_bytes:
            # What nobody could read makes room first, for what somebody can.
            n_lost = self._database.execute("DELETE FROM letters").rowcount
        while self._used_bytes() > self.max_bytes:
            oldest, newest = self._database.execute(
                "SELECT min(offset), max(offset) FROM rows"
            ).fetchone()
            if oldest is None:
                break
            keep_from = oldest + 1 + int((newest - oldest) * _DROPPED_AT_ONCE)
            delivered = self._number("SELECT coalesce(max(next_offset), 0) FROM progress")
            n_lost += max(0, keep_from - max(oldest, delivered))
            self._database.execute("DELETE FROM rows WHERE offset < ?", (keep_from,))
        if n_lost:
            self._database.execute("UPDATE lost SET n_rows = n_rows + ?", (n_lost,))
        return n_lost

    def _used_bytes(self) -> int:
        pages = self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")
        return pages * self._page_bytes

    def _number(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with told(self._path):
            self._database.execute("BEGIN")
            try:
                yield
                self._database.execute("COMMIT")
            finally:
                # Some errors have ended the transaction already.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
