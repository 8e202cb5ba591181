"""Readings that end the worker: found one by one, and left out.

A reading that crashes the process (or makes it hang, until the watchdog ends it) comes
again after the restart, and again. So the marker of a partition counts, before anything is
judged, how often a worker has begun at one offset. After some times in vain the partition
is suspect: its readings are judged one at a time, and before each is written which one it
is. Which one it was more than once at the end of a worker is guilty.
"""

import msgspec

MOST_BEGINS = 2
"""Begins in vain at one offset, before a partition is suspect. A broker that restarts or a machine
that is switched off now and then is no reason."""

MOST_ENDS = 2
"""Ends of a worker at one reading, before that is guilty: one may be a coincidence."""


class Suspicion(msgspec.Struct, frozen=True):
    """What is known of a partition's crashes.

    Parameters
    ----------
    began_at : int or None
        The offset at which a worker began, and has not got on yet.
    n_begins : int
        How often.
    tried : int or None
        The reading that is judged alone now, or was when the worker ended.
    ends : dict of int to int
        How often a worker ended at a reading.
    skipped : tuple of int
        The guilty ones. They are never judged again.

    Examples
    --------
    >>> suspicion = Suspicion().begin(700).begin(700).begin(700)
    >>> suspicion.is_suspect
    True
    >>> for _ in range(2):  # the worker ends at 705, and another one begins
    ...     suspicion = suspicion.try_reading(704).try_reading(705).begin(700)
    >>> suspicion.is_guilty(704), suspicion.is_guilty(705)
    (False, True)
    >>> suspicion.skip(705).skipped
    (705,)
    """

    began_at: int | None = None
    n_begins: int = 0
    tried: int | None = None
    ends: dict[int, int] = {}
    skipped: tuple[int, ...] = ()

    @property
    def is_suspect(self) -> bool:
        """Whether readings are to be judged one at a time."""
        return self.n_begins > MOST_BEGINS or bool(self.ends)

    def begin(self, offset: int) -> "Suspicion":
        """Note that a worker begins at this offset; where the one before ended is known."""
        ends = self.ends
        if self.tried is not None:
            ends = {**ends, self.tried: ends.get(self.tried, 0) + 1}
        return Suspicion(
            began_at=offset,
            n_begins=self.n_begins + 1 if offset == self.began_at else 1,
            ends=ends,
            skipped=self.skipped,
        )

    def try_reading(self, offset: int) -> "Suspicion":
        """Note that this reading will be judged now, alone."""
        return msgspec.structs.replace(self, tried=offset)

    def acquit(self) -> "Suspicion":
        """Note that what was tried was judged, and the worker lives."""
        return msgspec.structs.replace(self, tried=None)

    def is_guilty(self, offset: int) -> bool:
        """Whether this reading has ended workers too often."""
        return self.ends.get(offset, 0) >= MOST_ENDS

    def skip(self, offset: int) -> "Suspicion":
        """Note that this reading is guilty."""
        ends = {one: times for one, times in self.ends.items() if one != offset}
        skipped = (*self.skipped, offset)
        return msgspec.structs.replace(self, tried=None, ends=ends, skipped=skipped)

    def clear(self) -> "Suspicion":
        """Note that the worker got on, or left in peace."""
        return Suspicion(skipped=self.skipped)
