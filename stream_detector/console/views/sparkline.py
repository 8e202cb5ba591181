"""The last readings of a machine in a few pixels."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stream_detector.console import words
from stream_detector.console.drawing import Scale, line, stretches
from stream_detector.console.machine import MachineRecord

_READINGS: Final = 60
_WIDTH, _HEIGHT = 240.0, 56.0
_HIGHEST: Final = 2.0
"""Times the threshold; the line of the threshold is at half the height, on every machine."""


@dataclass(frozen=True)
class Sparkline:
    """The last readings: score over threshold, whose line is always at the same height."""

    width: float
    height: float
    threshold_y: float
    path: str
    over: tuple[str, ...]
    """Paths of the stretches over the threshold, from its line up."""
    end: tuple[float, float] | None
    text: str


def sparkline(machine: MachineRecord) -> Sparkline | None:
    """Draw the last readings of a machine; None where there are none."""
    rows = machine.scores.newest(_READINGS)
    if not len(rows):
        return None
    x = Scale(0.0, _READINGS - 1.0, 0.0, _WIDTH - 4)
    y = Scale(0.0, _HIGHEST, _HEIGHT - 2, 2.0)
    at = x.all(np.arange(len(rows), dtype=np.float64) + (_READINGS - len(rows)))
    ratio = np.asarray(rows["score"] / rows["threshold"], dtype=np.float64)
    height, level = y.all(ratio), y(1.0)
    over = []
    for first, last in stretches(np.nan_to_num(ratio) > 1.0):
        top = "".join(f"L{at[i]:g} {height[i]:g}" for i in range(first, last + 1))
        over.append(f"M{at[first]:g} {level:g}{top}L{at[last]:g} {level:g}Z")
    newest = rows[-1]
    seen = not np.isnan(newest["score"])
    return Sparkline(
        width=_WIDTH,
        height=_HEIGHT,
        threshold_y=level,
        path=line(at, height),
        over=tuple(over),
        end=(float(at[-1]), float(height[-1])) if seen else None,
        text=f"score {words.score(newest['score'])}, threshold {words.score(newest['threshold'])}",
    )
