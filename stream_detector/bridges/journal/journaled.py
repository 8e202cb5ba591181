"""What a journal gives back: stretches of rows, letters, and how far all that is delivered."""

from typing import NamedTuple

from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError


class Stretch(NamedTuple):
    """Rows that follow each other."""

    offset: int
    """Of the first row; the others follow without a gap."""
    rows: list[TagRow]
    logged_us: list[int]
    """Of each row, when it was appended, in microseconds since 1970; never less than before."""

    @property
    def next_offset(self) -> int:
        """Offset of what comes after them."""
        return self.offset + len(self.rows)


class Letter(NamedTuple):
    """A message of a source that is no tag rows, or not all of it: for the dead letters."""

    topic: str
    """Where it came from, in the source's words."""
    value: bytes
    """As received."""
    code: str
    reason: str

    @property
    def error(self) -> RowError:
        """What was wrong with it."""
        return RowError(self.code, self.reason)


class Progress(NamedTuple):
    """How far the readings that were made of the rows are delivered."""

    next_offset: int
    """The first row that may have more to say than was delivered."""
    rewind_offset: int
    """The first row that later readings may still need; what is before it is deleted."""
    memory: bytes
    """What whoever makes the readings has to know again; to the journal these are bytes."""
