"""What the database and the disk have against a journal, in our words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stream_detector.errors import JournalError


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise a JournalError, which says what to do, for what goes wrong within."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"the journal {str(path)!r} {_complaint(error)}") from error


def _complaint(error: Exception) -> str:
    match getattr(error, "sqlite_errorcode", None):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "is open in another program; one bridge has one journal: name another file"
        case sqlite3.SQLITE_NOTADB:
            return "is a file of another program, or damaged; name another file, or move it away"
        case sqlite3.SQLITE_CORRUPT:
            return f"is damaged ({error}); move it away, and a new one is made: its rows are lost"
        case sqlite3.SQLITE_FULL:
            return f"cannot be written: {error}; make room on the disk"
    return f"cannot be used: {error}; see to the disk, and to whether we may write there"
