"""The newest rows of something that goes on for ever."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FIRST_ROWS: Final = 64


class Ring:
    """Keeps the newest ``capacity`` rows, in the order in which they came.

    Memory grows with what is in it: most machines of a new plant have a short past.

    Parameters
    ----------
    dtype : numpy dtype
        Of a row; with a field ``time``, in seconds since 1970, which never falls.
    capacity : int

    Examples
    --------
    >>> ring = Ring(np.dtype([("time", "f8"), ("score", "f8")]), capacity=2)
    >>> for time in (1.0, 2.0, 3.0):
    ...     ring.append((time, 10 * time))
    >>> ring.rows()["score"].tolist(), len(ring)
    ([20.0, 30.0], 2)
    >>> ring.rows(start=2.5)["score"].tolist()
    [30.0]
    """

    def __init__(self, dtype: np.dtype[Any], capacity: int) -> None:
        self._capacity = capacity
        self._rows = np.zeros(min(_FIRST_ROWS, capacity), dtype)
        self._n_seen = 0

    def __len__(self) -> int:
        """Count the rows that are kept."""
        return min(self._n_seen, len(self._rows))

    def append(self, row: tuple[Any, ...]) -> None:
        """Take in the next row."""
        if self._n_seen == len(self._rows) < self._capacity:
            self._rows = np.resize(self._rows, min(2 * len(self._rows), self._capacity))
        self._rows[self._n_seen % len(self._rows)] = row
        self._n_seen += 1

    def rows(self, start: float | None = None, end: float | None = None) -> NDArray[Any]:
        """Give the rows from ``start`` to ``end``, both included; oldest first."""
        first = self._n_seen % len(self._rows) if self._n_seen > len(self._rows) else 0
        kept = self._rows[: len(self)]
        rows = np.concatenate((kept[first:], kept[:first])) if first else kept.copy()
        times = rows["time"]
        low = 0 if start is None else int(times.searchsorted(start, side="left"))
        high = len(rows) if end is None else int(times.searchsorted(end, side="right"))
        return rows[low:high]

    def newest(self, count: int) -> NDArray[Any]:
        """Give the newest rows, oldest first."""
        places = np.arange(self._n_seen - min(count, len(self)), self._n_seen)
        return self._rows[places % len(self._rows)]
