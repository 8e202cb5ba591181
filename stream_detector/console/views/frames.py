"""What every chart over time has: axes, events, stretches, and what is told at the pointer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.console.drawing import (
    Scale,
    Tick,
    longest_step,
    stretches,
    time_ticks,
    value_ticks,
)
from stream_detector.console.machine import MachineRecord
from stream_detector.console.views.events import Event, Kind, events_along
from stream_detector.console.words import Clock

LEFT, RIGHT, TOP, BOTTOM = 52.0, 14.0, 12.0, 26.0
"""Room around a chart, in pixels of its own."""

_N_HINTS: Final = 120
_TICK_EVERY: Final = 85


class Span(NamedTuple):
    """From here to there on the axis of time."""

    x: float
    width: float


class Hint(NamedTuple):
    """What is told where the pointer rests."""

    x: float
    width: float
    text: str


@dataclass(frozen=True)
class Frame:
    """What every chart over time has."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    times: tuple[Tick, ...]
    values: tuple[Tick, ...]
    events: tuple[Event, ...]
    hints: tuple[Hint, ...]
    zone: str


def make_frame(
    x: Scale,
    y: Scale,
    clock: Clock,
    machine: MachineRecord,
    *,
    height: float,
    hints: Iterable[Hint],
    raised_at: datetime | None = None,
) -> Frame:
    """Give what a chart has around its lines; the newest events are named first."""
    happened: list[tuple[Kind, float, str]] = [
        ("outcome", one.time.timestamp(), one.name) for one in reversed(machine.outcomes)
    ]
    if raised_at is not None:
        happened.insert(0, ("raised", raised_at.timestamp(), "raised"))
    return Frame(
        width=x.end + RIGHT,
        height=height,
        left=x.start,
        right=x.end,
        top=TOP,
        bottom=height - BOTTOM,
        times=tuple(time_ticks(x, clock.zone, n_most=int((x.end - x.start) / _TICK_EVERY))),
        values=tuple(value_ticks(y, n_most=4)),
        events=tuple(events_along(happened, x)),
        hints=tuple(hints),
        zone=f"{clock.local(x.high):%Z}",
    )


def hints_along(
    times: NDArray[np.float64], x: Scale, text: Callable[[int], str]
) -> tuple[Hint, ...]:
    """Tell, along the axis, of the reading that is next to the pointer."""
    width = (x.end - x.start) / _N_HINTS
    middles = x.low + (np.arange(_N_HINTS) + 0.5) * (x.high - x.low) / _N_HINTS
    after = np.clip(times.searchsorted(middles), 1, len(times) - 1) if len(times) > 1 else None
    if after is None:
        return (Hint(x.start, x.end - x.start, text(0)),)
    nearer = np.where(middles - times[after - 1] < times[after] - middles, after - 1, after)
    reach = max(longest_step(times), (x.high - x.low) / _N_HINTS)
    return tuple(
        Hint(round(x.start + i * width, 1), round(width, 1), text(int(place)))
        for i, place in enumerate(nearer.tolist())
        if abs(times[place] - middles[i]) <= reach
    )


def pixels(x: Scale, seconds: float) -> float:
    """Give how wide a span of time is drawn."""
    return seconds / (x.high - x.low) * (x.end - x.start) if x.high > x.low else seconds


def spans(
    times: NDArray[np.float64], flags: NDArray[np.bool_], x: Scale, step: float
) -> tuple[Span, ...]:
    """Give the stretches of flags; each reading stands until the next one is due."""
    found = []
    for first, last in stretches(flags):
        begin, finish = x(times[first]), x(times[last] + step)
        found.append(Span(begin, round(max(finish - begin, 1.5), 1)))
    return tuple(found)
