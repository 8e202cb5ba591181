"""The last readings of a run, as the graph wants them."""

from collections import deque
from typing import Self

import numpy as np

from stream_detector.detection.packed import cut_rows, join_rows


class SlidingWindow:
    """The last ``size`` rows of a run, oldest first; before there are as many, the first repeats.

    A row is the bytes of its float32 values (see ``packed``).

    Parameters
    ----------
    size : int
        Rows in the window.

    Examples
    --------
    >>> window = SlidingWindow(size=3)
    >>> window.start(np.array([1.0], np.float32).tobytes())
    >>> window.push(np.array([2.0], np.float32).tobytes())
    >>> join_rows(window.rows, np.float32, 3, 1).ravel()
    array([1., 1., 2.], dtype=float32)
    """

    __slots__ = ("rows",)

    def __init__(self, *, size: int) -> None:
        self.rows: deque[bytes] = deque(maxlen=size)

    def start(self, row: bytes) -> None:
        """Begin a run: ``row`` fills the whole window, as it did in training."""
        self.rows.extend([row] * (self.rows.maxlen or 0))

    def push(self, row: bytes) -> None:
        """Add the next row of the run; the oldest one leaves."""
        self.rows.append(row)

    def snapshot(self) -> bytes:
        """Give the window as plain bytes (float32, oldest row first)."""
        return b"".join(self.rows)

    @classmethod
    def restore(cls, data: bytes, *, size: int, n_sensors: int) -> Self:
        """Take a snapshot back.

        Raises
        ------
        ValueError
            If the snapshot has another shape.
        """
        window = cls(size=size)
        rows = cut_rows(join_rows([data], np.float32, n_sensors))
        if len(rows) not in (0, size):
            raise ValueError(f"the snapshot has a window of {len(rows)} readings, not of {size}")
        window.rows.extend(rows)
        return window
