"""Lines, axes and cells for SVG: numbers in, text of paths out. No colours: those are CSS's."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.console import words

_GAP: Final = 5.0
"""Times the usual step between readings; over a longer one no line is drawn."""

_TIME_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200),
        *(86400, 2 * 86400, 7 * 86400),
    )
)


class Tick(NamedTuple):
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """From values to pixels, linear; what is outside is drawn at the edge.

    Examples
    --------
    >>> scale = Scale(low=0.0, high=4.0, start=100.0, end=20.0)
    >>> [scale(value) for value in (0.0, 1.0, 9.0)]
    [100.0, 80.0, 20.0]
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Give where a value is drawn."""
        width = self.high - self.low
        share = (value - self.low) / width if width > 0 else 0.5
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start), 1)

    def all(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give where values are drawn; NaN stays NaN."""
        width = self.high - self.low
        shares = (values - self.low) / width if width > 0 else np.full(len(values), 0.5)
        found: NDArray[np.float64] = self.start + np.clip(shares, 0, 1) * (self.end - self.start)
        return found.round(1)


def line(x: NDArray[np.float64], y: NDArray[np.float64], *, longest_step: float = math.inf) -> str:
    """Write the path through points; broken at NaN, and where x steps further than that.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 9.0])
    >>> line(x, np.array([5.0, np.nan, 6.0, 7.5]), longest_step=3.0)
    'M0 5M2 6M9 7.5'
    >>> line(x, np.array([5.0, 5.0, 6.0, 7.5]))
    'M0 5L1 5L2 6L9 7.5'
    """
    if not np.isnan(y).any() and not (np.diff(x) > longest_step).any():
        points = zip(x.tolist(), y.tolist(), strict=True)
        return "M" + "L".join([f"{at:g} {value:g}" for at, value in points]) if len(x) else ""
    parts = []
    pen_up, before = True, 0.0
    for at, value in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(value):
            pen_up = True
            continue
        pen_up = pen_up or at - before > longest_step
        parts.append(f"{'M' if pen_up else 'L'}{at:g} {value:g}")
        pen_up, before = False, at
    return "".join(parts)


def stretches(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Give the first and last index of each stretch of flags.

    Examples
    --------
    >>> list(stretches(np.array([True, True, False, True])))
    [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    yield from ((int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True))


def usual_step(times: NDArray[np.float64]) -> float:
    """Give the middle step between times; 0 where there is none."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def longest_step(times: NDArray[np.float64]) -> float:
    """Give the longest step over which a line is drawn."""
    return _GAP * usual_step(times) or math.inf


def highest_per_column(
    times: NDArray[np.float64], values: NDArray[np.float64], *, n_columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thin out points to one per column, the highest: a peak is never lost.

    Examples
    --------
    >>> times, values = np.arange(4.0), np.array([1.0, 9.0, 3.0, 2.0])
    >>> highest_per_column(times, values, n_columns=2)
    (array([1., 2.]), array([9., 3.]))
    """
    if len(times) <= n_columns:
        return times, values
    column = np.floor((times - times[0]) / (times[-1] - times[0]) * n_columns)
    column[-1] = n_columns - 1
    starts = np.flatnonzero(np.diff(column, prepend=-1.0))
    filled = np.where(np.isnan(values), -np.inf, values)
    ends = np.append(starts[1:], len(times))
    best = [a + int(filled[a:b].argmax()) for a, b in zip(starts, ends, strict=True)]
    return times[best], values[best]


def value_ticks(scale: Scale, *, n_most: int = 5) -> list[Tick]:
    """Mark an axis of values at round numbers.

    Examples
    --------
    >>> [tick.text for tick in value_ticks(Scale(0.0, 4.2, 100.0, 0.0))]
    ['0', '1', '2', '3', '4']
    """
    width = scale.high - scale.low
    if not width > 0:
        return [Tick(scale(scale.low), words.plain(scale.low, 6))]
    rough = width / n_most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step + 1e-9)
    return [Tick(scale(i * step), words.plain(i * step)) for i in range(first, last + 1)]


def time_ticks(scale: Scale, zone: tzinfo, *, n_most: int = 8) -> list[Tick]:
    """Mark an axis of times (seconds since 1970) at round times of a zone.

    Examples
    --------
    >>> from datetime import UTC
    >>> start = datetime(2026, 11, 22, 3, 10, tzinfo=UTC).timestamp()
    >>> [tick.text for tick in time_ticks(Scale(start, start + 3600, 0.0, 600.0), UTC)]
    ['03:15', '03:30', '03:45', '04:00']
    """
    width = scale.high - scale.low
    step = next(
        (one for one in _TIME_STEPS if width / one.total_seconds() <= n_most), _TIME_STEPS[-1]
    )
    begin = datetime.fromtimestamp(scale.low, zone)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    n_steps = math.ceil((scale.low - midnight.timestamp()) / step.total_seconds())
    ticks: list[Tick] = []
    while True:
        # Days by the calendar, the rest by the clock, which changes twice a year.
        at = midnight.timestamp() + n_steps * step.total_seconds()
        if step >= timedelta(days=1):
            at = (midnight + n_steps * step).timestamp()
        if at > scale.high:
            return ticks
        ticks.append(Tick(scale(at), _clock(datetime.fromtimestamp(at, zone), step)))
        n_steps += 1


def _clock(time: datetime, step: timedelta) -> str:
    if time.hour == time.minute == time.second == 0:
        return f"{time:%d %b}"
    return f"{time:%H:%M:%S}" if step < timedelta(minutes=1) else f"{time:%H:%M}"


def bounds(
    *series: Sequence[float] | NDArray[np.float64], at_least: float = 0.0
) -> tuple[float, float]:
    """Give the range of what is finite in series, widened to be drawn in.

    Examples
    --------
    >>> bounds([1.0, 3.0], [math.nan])
    (0.9, 3.1)
    >>> bounds([], at_least=1.0)
    (-0.5, 0.5)
    """
    values = np.concatenate([np.asarray(one, dtype=np.float64) for one in series])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    room = 0.05 * (high - low)
    lacking = max(at_least - (high - low), 0.0) / 2
    return low - room - lacking, high + room + lacking
