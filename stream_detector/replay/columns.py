"""What the cells of a column mean: a sensor's values, modes or labels.

Every class gathers one column, chunk by chunk, and keeps values, not text. Nothing is
repaired silently: what a column had to leave out, its ``notes`` say, with the line of the file.
"""

import re
import reprlib
import sys
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import RecordingError

# How programs write that there is no value. Such a cell is missing like any other text in
# a column of numbers, but does not count as text when we ask whether it is one: a
# laboratory value that is "NA" in 59 of 60 rows is a sensor still.
_NO_VALUE = frozenset({"nan", "null", "none", "na", "n/a", "-"})
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

    Any other text, and infinity, becomes a missing value.

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
        self._n_texts = 0
        self._n_words = 0
        self._first_text = ""
        self._has_comma = False

    def add(self, cells: Sequence[str], lines: Sequence[int], /) -> None:
        """Take the next cells as numbers."""
        values = _numbers(cells)
        missing = np.flatnonzero(~np.isfinite(values))
        values[missing] = np.nan
        self._chunks.append(values)
        texts = [(row, text) for row in missing.tolist() if (text := cells[row].strip())]
        if texts and not self._n_texts:
            row, text = texts[0]
            self._first_text = f"first {reprlib.repr(text)} in line {lines[row]}"
            self._has_comma = _DECIMAL_COMMA.fullmatch(text) is not None
            if self._has_comma:
                self._first_text += "; write decimals with a point"
        self._n_numbers += len(cells) - len(missing)
        self._n_texts += len(texts)
        self._n_words += sum(text.lower() not in _NO_VALUE for _, text in texts)

    @property
    def is_sensor(self) -> bool:
        """Whether it has numbers, at least as many as words."""
        return 0 < self._n_numbers >= self._n_words

    @property
    def has_decimal_commas(self) -> bool:
        """Whether it would be a sensor if its decimals were written with a point."""
        return self._has_comma and not self.is_sensor

    def values(self) -> NDArray[np.float64]:
        """Give one number per row, NaN where the value is missing."""
        return np.concatenate(self._chunks)

    def notes(self) -> list[str]:
        """Say which texts were left out, or why it is no sensor."""
        if not self._n_numbers and not self._n_words:
            return [f"column {self.name!r} has no value at all: not a sensor"]
        if not self.is_sensor:
            return [f"column {self.name!r} is text ({self._first_text}): not a sensor"]
        if not self._n_texts:
            return []
        n_rows = sum(map(len, self._chunks))
        are = "is not a number" if self._n_texts == 1 else "are not numbers"
        return [
            f"column {self.name!r}: {self._n_texts} of {n_rows} cells {are}, "
            f"{self._first_text}: taken as missing"
        ]


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
