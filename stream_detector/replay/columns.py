"""What the cells of a column mean: a sensor's values, modes or labels.

Every class gathers one column, chunk by chunk, and keeps values, not text. Nothing is
repaired silently: what a column had to leave out, its ``notes`` say, with the line of the file.
"""

import re
import reprlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import RecordingError, listed

# How programs write that there is no value. Such a cell is missing like any other text in
# a column of numbers, but does not count as text when we ask whether it is one: a
# laboratory value that is "NA" in 59 of 60 rows is a sensor still.
_NO_VALUE = frozenset({"nan", "null", "none", "na", "n/a", "-"})
# What true and false mean, the whole column tells. Until then they are kept as what no value is.
_TRUTHS = {"true": np.inf, "false": -np.inf}
_FEW_KINDS = 5
_OFTEN = 10
"""So few texts that come so often each on average may name machines."""
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_LABELS = {"": False, "0": False, "0.0": False, "false": False} | dict.fromkeys(
    ("1", "1.0", "true"), True
)


class Column(Protocol):
    """Gathers the cells of one column."""

    def add(self, cells: Sequence[str], lines: Sequence[int], /) -> None:
        """Take the next cells; ``lines`` says where each stands in the file."""

    def notes(self) -> list[str]:
        """Say what was left out, and why; a sentence each, for people."""


class SensorColumn:
    """A column that is a sensor if at least half of its texts are numbers.

    Any other text, and infinity, becomes a missing value. Where there is no other number
    than 0 and 1, true and false are 1 and 0: the state of a pump.

    Examples
    --------
    >>> column = SensorColumn("speed")
    >>> column.add(["8.1", "Bad", "", "8.3"], [2, 3, 4, 5])
    >>> column.is_sensor
    True
    >>> column.values()
    array([8.1, nan, nan, 8.3])
    >>> column.notes()
    ["column 'speed': 1 of 4 cells is not a number, first 'Bad' in line 3: taken as missing"]
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._chunks: list[NDArray[np.float64]] = []
        self._n_numbers = 0
        self._n_words = 0
        self._of_truths = _Texts()
        self._of_others = _Texts()

    def add(self, cells: Sequence[str], lines: Sequence[int], /) -> None:
        """Take the next cells as numbers."""
        values = _numbers(cells)
        missing = np.flatnonzero(~np.isfinite(values))
        values[missing] = np.nan
        for row in missing.tolist():
            if not (text := cells[row].strip()):
                continue
            word = text.lower()
            if word in _TRUTHS:
                values[row] = _TRUTHS[word]
                self._of_truths.add(text, lines[row])
            else:
                self._of_others.add(text, lines[row])
                self._n_words += word not in _NO_VALUE
        self._chunks.append(values)
        self._n_numbers += len(cells) - len(missing)

    @property
    def is_sensor(self) -> bool:
        """Whether it has numbers, at least as many as words."""
        n_truths = self._of_truths.count
        if self._has_truths:
            return self._n_numbers + n_truths >= self._n_words
        return 0 < self._n_numbers >= self._n_words + n_truths

    @property
    def has_decimal_commas(self) -> bool:
        """Whether it would be a sensor if its decimals were written with a point."""
        first = self._texts.first
        return _DECIMAL_COMMA.fullmatch(first) is not None and not self.is_sensor

    def values(self) -> NDArray[np.float64]:
        """Give one number per row, NaN where the value is missing."""
        values = np.concatenate(self._chunks)
        if self._of_truths.count:
            truths = np.flatnonzero(np.isinf(values))
            values[truths] = values[truths] > 0 if self._has_truths else np.nan
        return values

    def notes(self) -> list[str]:
        """Say which texts were left out, or why it is no sensor."""
        texts = self._texts
        if not self.is_sensor and not self._n_words and not self._of_truths.count:
            return [f"column {self.name!r} has no value at all: not a sensor"]
        if not self.is_sensor:
            return [f"column {self.name!r} is text ({texts.told}): not a sensor{texts.may_divide}"]
        if not texts.count:
            return []
        n_rows = sum(map(len, self._chunks))
        are = "is not a number" if texts.count == 1 else "are not numbers"
        return [
            f"column {self.name!r}: {texts.count} of {n_rows} cells {are}, "
            f"{texts.told}: taken as missing"
        ]

    @property
    def _has_truths(self) -> bool:
        """Whether its true and false are values: nothing else is measured."""
        return self._of_truths.count > 0 and all(
            np.isin(values[np.isfinite(values)], (0.0, 1.0)).all() for values in self._chunks
        )

    @property
    def _texts(self) -> "_Texts":
        """Texts that are no values."""
        return self._of_others if self._has_truths else self._of_others.and_(self._of_truths)


@dataclass
class _Texts:
    """Cells with a text that is no number: how many, and the first one with its line."""

    count: int = 0
    first: str = ""
    line: int = 0
    kinds: set[str] = field(default_factory=set)
    """The first of them that differ."""

    def add(self, text: str, line: int) -> None:
        """Count one more."""
        if not self.count:
            self.first, self.line = text, line
        self.count += 1
        if len(self.kinds) <= _FEW_KINDS:
            self.kinds.add(text)

    def and_(self, others: "_Texts") -> "_Texts":
        """Count these and others together."""
        one, *_ = sorted([self, others], key=lambda texts: (not texts.count, texts.line))
        return _Texts(self.count + others.count, one.first, one.line, self.kinds | others.kinds)

    @property
    def may_divide(self) -> str:
        """Say so where few texts come again and again: the rows may be of several machines."""
        if not 1 < len(self.kinds) <= min(_FEW_KINDS, self.count / _OFTEN):
            return ""
        return (
            f"; its values are {listed(sorted(self.kinds))}: if these are machines, write a file "
            "for each, as one model is of one machine's rows"
        )

    @property
    def told(self) -> str:
        """The first one, in words."""
        comma = "; write decimals with a point" if _DECIMAL_COMMA.fullmatch(self.first) else ""
        return f"first {reprlib.repr(self.first)} in line {self.line}{comma}"


def _numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    """Read cells as numbers, anything else as a value that is not finite."""
    # Python reads "2024_117" as a number, grouped by underscores; a batch name is none.
    if "_" not in "".join(cells):
        try:
            return np.array([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            pass
    return np.array([number(cell) for cell in cells])


def number(cell: str) -> float:
    """Read one cell as a number, anything else as NaN."""
    try:
        return np.nan if "_" in cell else float(cell)
    except ValueError:
        return np.nan


def sensors_of(columns: Sequence[SensorColumn], notes: Sequence[str]) -> list[SensorColumn]:
    """Keep the columns that are sensors; refuse the rest of a file whose numbers were not read."""
    sensors = [column for column in columns if column.is_sensor]
    with_commas = [column.name for column in columns if column.has_decimal_commas]
    if len(with_commas) > len(sensors):
        raise RecordingError(
            f"{len(with_commas)} of {len(columns)} columns hold numbers with a decimal comma, "
            f"first {with_commas[0]!r}: write decimals with a point"
        )
    if not sensors:
        why = "; ".join(notes) or "none is left besides time, mode, label and what is excluded"
        raise RecordingError(f"no column is a sensor: {why}")
    return sensors


class ModeColumn:
    """The mode the machine ran in (a paper grade, a product); None where the cell is empty."""

    def __init__(self) -> None:
        self.values: list[str | None] = []

    def add(self, cells: Sequence[str], _lines: Sequence[int], /) -> None:
        """Take the next cells as names of modes."""
        # Few modes, many rows: interned, each name is held once.
        self.values += [sys.intern(cell.strip()) or None for cell in cells]

    def notes(self) -> list[str]:
        """Give none: any text may name a mode."""
        return []


class LabelColumn:
    """Marks of 0 and 1, also written as 0.0, 1.0, true, false; empty is 0."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.values: list[bool] = []

    def add(self, cells: Sequence[str], lines: Sequence[int], /) -> None:
        """Take the next cells as marks; RecordingError for anything else."""
        for line, cell in zip(lines, cells, strict=True):
            label = _LABELS.get(cell.strip().lower())
            if label is None:
                raise RecordingError(
                    f"line {line}: label {reprlib.repr(cell)} in column {self._name!r} "
                    "is not 0, 1, true, false or empty"
                )
            self.values.append(label)

    def notes(self) -> list[str]:
        """Give none: a cell is a mark or an error."""
        return []


def header_notes(header: Sequence[str]) -> list[str]:
    """Tell what is odd about the names of columns, a sentence each."""
    notes = []
    if "" in header:
        notes.append(f"{header.count('')} of {len(header)} columns have no name: not read")
    if not any(np.isnan(number(name)) for name in header):
        notes.append("all column names are numbers: is the line of names missing?")
    return notes
