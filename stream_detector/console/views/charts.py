"""Score with threshold, and a sensor with what was expected of it, over time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from stream_detector.console import words
from stream_detector.console.drawing import (
    Scale,
    bounds,
    highest_per_column,
    line,
    longest_step,
    usual_step,
)
from stream_detector.console.machine import ALARM, BAD, HEAD_ALARM, MachineRecord
from stream_detector.console.views.frames import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Frame,
    Span,
    hints_along,
    make_frame,
    pixels,
    spans,
)
from stream_detector.console.words import Clock

_WIDTH: Final = 800.0
_HEIGHT: Final = 230.0
_SENSOR_WIDTH: Final = 560.0
_SENSOR_HEIGHT: Final = 130.0


@dataclass(frozen=True)
class ScoreChart:
    """Score and threshold over time, with what was in alarm and what could not be judged."""

    frame: Frame
    score: str
    threshold: str
    alarms: tuple[Span, ...]
    unjudged: tuple[Span, ...]


@dataclass(frozen=True)
class SensorChart:
    """One sensor: what it gave, and what the others led to expect."""

    sensor: str
    unit: str
    frame: Frame
    actual: str
    expected: str
    dots: tuple[tuple[float, float], ...]
    latest: str


def score_chart(
    machine: MachineRecord,
    *,
    start: float,
    end: float,
    clock: Clock,
    raised_at: datetime | None = None,
    of_head: bool = False,
) -> ScoreChart | None:
    """Draw score and threshold from ``start`` to ``end``; None where no score is kept.

    Those of the supervised head, where an alert went by it; with when that was raised.
    """
    rows = machine.scores.rows(start, end)
    if not len(rows):
        return None
    names = ("head", "head_threshold") if of_head else ("score", "threshold")
    times, scores, thresholds = rows["time"], rows[names[0]], rows[names[1]]
    x = Scale(start, end, LEFT, _WIDTH - RIGHT)
    highest = float(np.nanmax(np.concatenate((scores, thresholds * 1.25))))
    y = Scale(0.0, highest * 1.05, _HEIGHT - BOTTOM, TOP)
    gap = longest_step(times)
    shown = highest_per_column(times, scores, n_columns=int(_WIDTH))
    limits = highest_per_column(times, thresholds, n_columns=int(_WIDTH))
    step = usual_step(times)
    hints = hints_along(
        times,
        x,
        lambda i: (
            f"{clock.plant(float(times[i]))}: score {words.score(scores[i])}, "
            f"threshold {words.score(thresholds[i])}"
        ),
    )
    return ScoreChart(
        frame=make_frame(x, y, clock, machine, height=_HEIGHT, hints=hints, raised_at=raised_at),
        score=line(x.all(shown[0]), y.all(shown[1]), longest_step=pixels(x, gap)),
        threshold=line(x.all(limits[0]), y.all(limits[1]), longest_step=pixels(x, gap)),
        alarms=spans(times, (rows["flags"] & (HEAD_ALARM if of_head else ALARM)) > 0, x, step),
        unjudged=spans(times, (rows["flags"] & BAD) > 0, x, step),
    )


def sensor_chart(
    machine: MachineRecord, sensor: str, *, start: float, end: float, clock: Clock
) -> SensorChart | None:
    """Draw a sensor: its readings, and what was expected where it was among the top ones."""
    told_at, told, expected = machine.expected(sensor, start=start, end=end)
    read_at, read = machine.values(sensor, start=start, end=end)
    n_read, n_told = np.isfinite(read).sum(), np.isfinite(told).sum()
    times, actual = (read_at, read) if n_read >= n_told else (told_at, told)
    if not np.isfinite(actual).any():
        return None
    unit = machine.units.get(sensor, "")
    x = Scale(start, end, LEFT, _SENSOR_WIDTH - RIGHT)
    y = Scale(*bounds(actual, expected, at_least=1e-6), _SENSOR_HEIGHT - BOTTOM, TOP)
    seen = np.isfinite(expected)
    shown = highest_per_column(times, actual, n_columns=int(_SENSOR_WIDTH))
    latest = actual[np.isfinite(actual)][-1]
    hints = hints_along(
        times, x, lambda i: f"{clock.plant(float(times[i]))}: {words.number(actual[i], unit)}"
    )
    return SensorChart(
        sensor=sensor,
        unit=unit,
        frame=make_frame(x, y, clock, machine, height=_SENSOR_HEIGHT, hints=hints),
        actual=line(x.all(shown[0]), y.all(shown[1]), longest_step=pixels(x, longest_step(times))),
        expected=line(
            x.all(told_at[seen]),
            y.all(expected[seen]),
            longest_step=pixels(x, longest_step(times)),
        ),
        dots=tuple(zip(x.all(told_at[seen]).tolist(), y.all(expected[seen]).tolist(), strict=True)),
        latest=words.number(float(latest), unit),
    )
