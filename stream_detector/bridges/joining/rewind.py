"""From where a log has to be read again so that an aligner gets all rows that still matter."""

from collections import deque
from typing import Final, Generic, NamedTuple, TypeVar

from stream_detector.bridges.joining.aligner import Aligner

Place = TypeVar("Place")
"""Of a log: an offset, or one for each partition."""

_MOST_MARKS: Final = 64
"""Then every second one is dropped: a little more is read again, and memory stays bounded."""


class Mark(NamedTuple, Generic[Place]):
    """A place of the log, and the log's time there."""

    place: Place
    clock_us: int
    newest_us: tuple[int, ...]
    """Of each machine the time of its newest row before the place."""


class Rewind(Generic[Place]):
    """Remembers places of the log behind which everything may still matter.

    Parameters
    ----------
    aligner : Aligner
    place : Place
        Where the reading begins.
    """

    def __init__(self, aligner: Aligner, place: Place) -> None:
        self._aligner = aligner
        self._marks = deque([self._mark(place)])

    def mark(self, place: Place) -> None:
        """Remember a place: the aligner has taken all that is before it, and nothing else."""
        self._marks.append(self._mark(place))
        if len(self._marks) > _MOST_MARKS:
            newest = self._marks.pop()
            self._marks = deque([*list(self._marks)[::2], newest])

    def start(self) -> Mark[Place]:
        """Give the last place such that no row before it can enter a reading to come."""
        needed = self._aligner.matters_from_us()
        while len(self._marks) > 1 and all(
            newest <= time_us
            for newest, time_us in zip(self._marks[1].newest_us, needed, strict=True)
        ):
            self._marks.popleft()
        return self._marks[0]

    def _mark(self, place: Place) -> Mark[Place]:
        return Mark(place, self._aligner.clock_us, self._aligner.newest_us())
