"""Which sensors made up the score, over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from stream_detector.console import words
from stream_detector.console.drawing import Scale, usual_step
from stream_detector.console.machine import NO_SENSOR, MachineRecord
from stream_detector.console.views.frames import BOTTOM, RIGHT, TOP, Frame, make_frame
from stream_detector.console.words import Clock

_WIDTH: Final = 800.0
_LEFT: Final = 150.0
_MAX_COLUMNS: Final = 120
_N_SENSORS: Final = 15
_N_LEVELS: Final = 5
_ROW_HEIGHT: Final = 24.0


class HeatCell(NamedTuple):
    """A stretch of time of a sensor."""

    x: float
    level: int
    """1 to 5."""
    over: bool
    """The score was over the threshold."""
    text: str


class HeatRow(NamedTuple):
    """A sensor in the heat map."""

    sensor: str
    y: float
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class HeatMap:
    """Which sensors made up the score, over time."""

    frame: Frame
    cell_width: float
    row_height: float
    rows: tuple[HeatRow, ...]


def heat_map(machine: MachineRecord, *, start: float, end: float, clock: Clock) -> HeatMap | None:
    """Draw, per sensor and stretch of time, the largest part it had in the score; None without any.

    A part is its share times score over threshold: 1 is a sensor that reaches the threshold
    by itself. Only the top ones of each reading are known; the others had less.
    """
    rows = machine.contributions.rows(start, end)
    scores = machine.scores.rows(start, end)
    place = scores["time"].searchsorted(rows["time"])
    known = place < len(scores)
    rows, judged = rows[known], scores[place[known]]
    if not len(rows):
        return None
    part = rows["share"] * (judged["score"] / judged["threshold"])[:, None]
    x = Scale(start, end, _LEFT, _WIDTH - RIGHT)
    # A column for each reading, while there is room for that.
    usual = usual_step(rows["time"]) or end - start
    n_columns = min(max(round((end - start) / usual), 1), _MAX_COLUMNS)
    column = ((rows["time"] - start) / max(end - start, 1.0) * n_columns).astype(int)
    column = np.minimum(column, n_columns - 1)
    highest = np.zeros((len(machine.sensors), n_columns))
    present = rows["sensor"] != NO_SENSOR
    np.maximum.at(
        highest,
        (rows["sensor"][present], np.broadcast_to(column[:, None], present.shape)[present]),
        np.nan_to_num(part)[present],
    )
    over = np.zeros(n_columns, dtype=bool)
    over[column[judged["score"] > judged["threshold"]]] = True
    order = np.argsort(-highest.max(axis=1), kind="stable")[:_N_SENSORS]
    shown = [int(number) for number in order if _level(highest[number].max())]
    if not shown:
        return None
    width = (_WIDTH - RIGHT - _LEFT) / n_columns
    step = (end - start) / n_columns
    heat_rows = tuple(
        HeatRow(
            machine.sensors[number],
            TOP + i * _ROW_HEIGHT,
            tuple(
                HeatCell(
                    round(_LEFT + c * width, 1),
                    _level(value),
                    bool(over[c]),
                    f"{machine.sensors[number]}, {clock.short(start + c * step)}: "
                    f"{words.percent(value)} of the threshold",
                )
                for c, value in enumerate(highest[number].tolist())
                if _level(value)
            ),
        )
        for i, number in enumerate(shown)
    )
    height = TOP + len(shown) * _ROW_HEIGHT + BOTTOM
    drawn = make_frame(
        x, Scale(0, 1, height - BOTTOM, TOP), clock, machine, height=height, hints=()
    )
    return HeatMap(drawn, round(width, 1), _ROW_HEIGHT, heat_rows)


def _level(part: float) -> int:
    """Five levels: to a tenth of the threshold none, from a half of it on the highest."""
    return min(int(part * 10), _N_LEVELS)


def top_sensors(machine: MachineRecord, *, start: float, end: float, n: int) -> Sequence[str]:
    """Name the sensors with the largest part in the scores of a stretch of time."""
    rows = machine.contributions.rows(start, end)
    total = np.zeros(len(machine.sensors) + 1)
    np.add.at(total, rows["sensor"], rows["share"])  # NO_SENSOR is the one behind the last
    order = np.argsort(-total[:-1], kind="stable")[:n]
    return [machine.sensors[int(number)] for number in order if total[number] > 0]
