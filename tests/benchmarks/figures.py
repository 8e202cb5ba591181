"""A cost over its repeats, and the row of a table it stands in."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_LABEL_WIDTH, _CELL_WIDTH = 42, 18


@dataclass(frozen=True)
class Cost:
    """CPU µs per reading, over the repeats."""

    minimum: float
    median: float

    @classmethod
    def of(cls, repeats: Sequence[float]) -> "Cost":
        return cls(round(min(repeats), 2), round(median(repeats), 2))

    def __str__(self) -> str:
        digits = 0 if self.minimum >= 1000 else 1
        return f"{self.minimum:.{digits}f} ({self.median:.{digits}f})"


def row(label: str, cells: Sequence[object]) -> str:
    """Lay out a line of a table, a network a column."""
    return f"{label:{_LABEL_WIDTH}}" + "".join(f"{cell!s:>{_CELL_WIDTH}}" for cell in cells)
