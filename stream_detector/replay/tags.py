"""The tags file: what the plant knows of its sensors, unit and physical limits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stream_detector.errors import RecordingError
from stream_detector.replay.columns import number
from stream_detector.replay.table import Table, open_table

_HEADER = ("sensor", "unit", "low", "high")


@dataclass(frozen=True)
class Tag:
    """One sensor. A value outside ``low`` to ``high`` is a fault of the instrument.

    There is no default limit: an excursion is what we look for.
    """

    unit: str | None = None
    low: float = -np.inf
    high: float = np.inf


def read_tags(path: Path) -> dict[str, Tag]:
    """Read a CSV ``sensor,unit,low,high``; every cell but the sensor may be empty.

    Raises
    ------
    RecordingError
        If it has other columns, names a sensor twice, or a limit is no number or a low
        one above the high one.
    """
    try:
        with open_table(path) as table:
            return _tags(table)
    except RecordingError as error:
        raise RecordingError(f"tags file {str(path)!r}: {error}") from error.__cause__


def _tags(table: Table) -> dict[str, Tag]:
    if table.names != _HEADER:
        raise RecordingError(
            f"the first line is {','.join(table.names)!r}, expected {','.join(_HEADER)!r}"
        )
    tags: dict[str, Tag] = {}
    for chunk in table.chunks:
        for cells in zip(*chunk.columns, strict=True):
            sensor, unit, low, high = (cell.strip() for cell in cells)
            if sensor in tags:
                raise RecordingError(f"sensor {sensor!r} has two lines, expected one")
            tags[sensor] = _tag(sensor, unit=unit, low=low, high=high)
    return tags


def _tag(sensor: str, *, unit: str, low: str, high: str) -> Tag:
    limits = Tag(unit or None, number(low or "-inf"), number(high or "inf"))
    # Negated, so that a limit that is not a number is caught, too.
    if not limits.low <= limits.high:
        raise RecordingError(
            f"sensor {sensor!r} has limits {low!r} to {high!r}: "
            "expected numbers, the low one not above the high one"
        )
    return limits
