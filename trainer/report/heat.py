"""Heat maps of a few levels, told by how much of one colour lies on the page."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from trainer.report.style import legend

_LONGEST_NAME = 24

_RECTANGLE = (Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY)


def opacities(n_levels: int) -> list[float]:
    """Give how much of the colour each level has, the first one little.

    >>> opacities(3)
    [0.22, 0.61, 1.0]
    """
    return [round(opacity, 2) for opacity in np.linspace(0.22, 1.0, n_levels).tolist()]


def heat(
    axes: Axes,
    edges: NDArray[np.float64],
    values: NDArray[np.float64],
    levels: Sequence[float],
    color: str,
) -> None:
    """Fill the cells whose value reaches a level; the first row of values is the uppermost.

    Cells of one level are one path, and neighbours in a row one rectangle: what would be
    thousands of elements is a handful.

    Parameters
    ----------
    axes : Axes
    edges : float64 array, shape (k + 1,)
        Of the columns.
    values : float64 array, shape (r, k)
        NaN is left empty.
    levels : sequence of float
        Rising.
    color : str
    """
    reached = np.searchsorted(levels, np.nan_to_num(values, nan=-np.inf), side="right")
    corners: list[list[tuple[float, float]]] = [[] for _ in levels]
    for row, of_row in enumerate(reached):
        column = 0
        for level, cells in groupby(of_row.tolist()):
            begin, column = column, column + len(list(cells))
            if level:
                left, right, low, high = edges[begin], edges[column], row + 0.04, row + 0.96
                corners[level - 1] += [
                    (left, low),
                    (right, low),
                    (right, high),
                    (left, high),
                    (left, low),
                ]
    for points, opacity in zip(corners, opacities(len(levels)), strict=True):
        if points:
            path = Path(points, _RECTANGLE * (len(points) // 5))
            axes.add_patch(PathPatch(path, facecolor=(color, opacity), edgecolor="none"))
    axes.set(xlim=(edges[0], edges[-1]), ylim=(len(values), 0))
    axes.grid(visible=False)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of the rows."""
    axes.set_yticks(np.arange(len(names)) + 0.5, [_short(name) for name in names], fontsize=7.5)
    axes.tick_params(axis="y", length=0)


def explain_levels(axes: Axes, entries: Sequence[tuple[str, float, str]]) -> None:
    """Explain colours above the axes; an entry is a colour, how much of it, and words."""
    handles = [
        Patch(facecolor=(color, opacity), edgecolor=color, linewidth=0.4, label=label)
        for color, opacity, label in entries
    ]
    legend(axes, columns=len(handles), handles=handles)


def _short(name: str) -> str:
    """Shorten a name; a dollar would begin a formula."""
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return shown.replace("$", r"\$")
