"""Cells far outside of everything else in their column: what a sender writes for no value, faults.

They are numbers like any other, so they are taken; but a single one can take a sensor from a
model, whose scale becomes too coarse to see anything else.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_RARE = 0.01
"""More cells of a column than this share are no exception, on either side."""

_FAR = 100.0
"""Ranges of all other cells between these and the rare ones. The tail of a heavy-tailed sensor
thins out gradually, and leaves no such gap."""


def notes_on_far_cells(
    names: Sequence[str],
    values: NDArray[np.float64],
    *,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    lines: Sequence[int] | NDArray[np.int64],
) -> list[str]:
    """Tell of the far cells of p columns, shape (n, p), that their limits let through."""
    notes = []
    for name, column, least, most in zip(names, values.T, low, high, strict=True):
        rows = far_cells(np.where((column < least) | (column > most), np.nan, column))
        if len(rows):
            cells = "1 cell is" if len(rows) == 1 else f"{len(rows)} cells are"
            notes.append(
                f"column {name!r}: {cells} far outside of everything else, first "
                f"{column[rows[0]]:g} in line {lines[rows[0]]}: taken as read; if that is no "
                "reading, clear it, or give the sensor limits with --tags"
            )
    return notes


def far_cells(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find the cells of a column, shape (n,), that are far outside of all others; rows, rising.

    >>> values = np.sin(np.arange(300.0))
    >>> values[[7, 9]] = -9999
    >>> far_cells(values)
    array([7, 9])
    """
    known = np.sort(values[~np.isnan(values)])
    n_rare = int(_RARE * len(known))
    if not n_rare:
        return np.array([], np.intp)
    # A difference of the largest numbers is infinite, which is as far.
    with np.errstate(over="ignore"):
        above, below = _far_above(known, n_rare), -_far_above(-known[::-1], n_rare)
    return np.flatnonzero((values >= above) | (values <= below))


def _far_above(rising: NDArray[np.float64], n_rare: int) -> float:
    """Give the least value behind a gap among the highest ones; infinity without one."""
    highest = rising[-1 - n_rare :]
    # Not from the lowest values: those may be far out themselves.
    ranges = highest[:-1] - rising[n_rare]
    is_far = (np.diff(highest) > _FAR * ranges) & (ranges > 0)
    return float(highest[1:][is_far].min(initial=np.inf))
