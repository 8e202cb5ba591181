"""The last readings of a run, as one contiguous array."""

from typing import Self

import numpy as np
from numpy.typing import NDArray


class SlidingWindow:
    """The last ``size`` rows of a run, oldest first; before there are as many, the first repeats.

    Rows are written twice, ``size`` apart, into a buffer of ``2 * size`` rows: so the
    window is always one contiguous view and nothing is ever shifted.

    Parameters
    ----------
    size : int
        Rows in the window.
    n_sensors : int
        Columns of a row.

    Examples
    --------
    >>> window = SlidingWindow(size=3, n_sensors=1)
    >>> window.start(np.array([1.0]))
    >>> window.push(np.array([2.0]))
    >>> window.rows.ravel()
    array([1., 1., 2.], dtype=float32)
    """

    __slots__ = ("_buffer", "_next", "_size")

    def __init__(self, *, size: int, n_sensors: int) -> None:
        self._size = size
        self._buffer = np.zeros((2 * size, n_sensors), np.float32)
        self._next = 0

    def start(self, row: NDArray[np.floating]) -> None:
        """Begin a run: ``row`` fills the whole window, as it did in training."""
        self._buffer[:] = row
        self._next = 0

    def push(self, row: NDArray[np.floating]) -> None:
        """Add the next row of the run; the oldest one leaves."""
        self._buffer[self._next :: self._size] = row
        self._next = (self._next + 1) % self._size

    @property
    def rows(self) -> NDArray[np.float32]:
        """The window, shape (size, n_sensors), oldest first: a view, valid until the next push."""
        return self._buffer[self._next : self._next + self._size]

    def snapshot(self) -> bytes:
        """Give the window as plain bytes (float32, oldest row first)."""
        return self.rows.tobytes()

    @classmethod
    def restore(cls, data: bytes, *, size: int, n_sensors: int) -> Self:
        """Take a snapshot back.

        Raises
        ------
        ValueError
            If the snapshot has another shape.
        """
        first, *others = np.frombuffer(data, np.float32).reshape(size, n_sensors)
        window = cls(size=size, n_sensors=n_sensors)
        window.start(first)
        for row in others:
            window.push(row)
        return window
