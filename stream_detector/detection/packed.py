"""Rows of numbers as bytes, in the machine's own byte order.

A machine's state keeps its rows so: they are put together to a batch's array by one
join, a fraction of what NumPy takes row by row, and a snapshot is made of them.
"""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.float64, np.int32)


def join_rows(rows: Iterable[bytes], dtype: type[Number], *shape: int) -> NDArray[Number]:
    """Put rows, or parts of rows, together to an array of items of this shape; read only.

    Raises
    ------
    ValueError
        If they do not fill whole items.

    Examples
    --------
    >>> rows = cut_rows(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> join_rows(rows, np.float64, 2)
    array([[1., 2.],
           [3., 4.]])
    """
    return np.frombuffer(b"".join(rows), dtype).reshape(-1, *shape)


def cut_rows(array: NDArray[Number]) -> list[bytes]:
    """Take an array of shape (n, p) apart into its n rows.

    >>> [len(row) for row in cut_rows(np.zeros((2, 3)))]
    [24, 24]
    """
    data, width = array.tobytes(), array.itemsize * array.shape[1]
    return [data[begin : begin + width] for begin in range(0, len(data), width)]
