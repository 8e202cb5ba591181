"""The calendar of the simulated paper machine: when it runs, what it makes, when it breaks.

Rows are instants of the whole time, two minutes apart, standstills included.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_detector.sandbox.paper_sensors import SECTION_COLUMNS

ROWS_PER_DAY: Final = 720
GRADES: Final = ("grade-47", "grade-49", "grade-51")

# Runs of 4.7 h on average between standstills of half an hour make 4.6 breaks a day. With
# a shape below 1, a machine just restarted is somewhat more likely to break: the time
# since the restart tells a little, as it does on real machines.
_RUN_SHAPE, _RUN_SCALE_ROWS = 0.85, 125
_SHORTEST_RUN_ROWS: Final = 3
_STANDSTILL_ROWS: Final = (5, 45)  # 10 to 90 minutes from the break to the restart
_DAYS_BETWEEN_WASHES: Final = (5.0, 8.0)
_WASH_ROWS: Final = (120, 240)  # 4 to 8 hours
_GRADE_ROWS: Final = (300, 1500)  # 10 to 50 hours

_PRECURSOR_SHARE: Final = 0.45
_PRECURSOR_ROWS: Final = (2, 10)  # the last 4 to 20 minutes before the break
_UPSETS_PER_DAY: Final = 2.0
_UPSET_ROWS: Final = (4, 20)


@dataclass(frozen=True, eq=False)
class Disturbance:
    """Something goes wrong in one section, in rows ``start`` to ``stop`` (not included).

    Attributes
    ----------
    start, stop : int
    columns : int array
        The sensors that show it.
    pattern : float array, shape (stop - start, n columns)
        What it adds to them, in spreads.
    """

    start: int
    stop: int
    columns: NDArray[np.intp]
    pattern: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calendar:
    """What happens to the machine.

    Attributes
    ----------
    running : bool array, shape (n,)
        Whether the row is recorded. A break row is the last one of its run.
    restarts : int array
        First row of each run.
    breaks : int array
        Rows at which the sheet broke.
    washes : int array
        First rows after a planned standstill, with its new wire and felts.
    grade : int array, shape (n,)
        Index into ``GRADES``.
    precursors : tuple of Disturbance
        Each ends with the row of a break.
    upsets : tuple of Disturbance
        The machine came out of these by itself.
    """

    running: NDArray[np.bool_]
    restarts: NDArray[np.intp]
    breaks: NDArray[np.intp]
    washes: NDArray[np.intp]
    grade: NDArray[np.intp]
    precursors: tuple[Disturbance, ...]
    upsets: tuple[Disturbance, ...]


def plan(rng: np.random.Generator, n_rows: int) -> Calendar:
    """Draw a calendar."""
    running = np.zeros(n_rows, dtype=np.bool_)
    restarts, breaks, washes = [], [], []
    precursors: list[Disturbance] = []
    row, wash = 0, _next_wash(rng, 0)
    while row < n_rows:
        restarts.append(row)
        last = row + _SHORTEST_RUN_ROWS + int(_RUN_SCALE_ROWS * rng.weibull(_RUN_SHAPE))
        if last < wash:
            running[row : last + 1] = True
            if last < n_rows:
                breaks.append(last)
                if rng.random() < _PRECURSOR_SHARE:
                    precursors.append(_precursor(rng, restart=row, broke=last))
            row = last + _between(rng, _STANDSTILL_ROWS)
        else:
            end = max(wash, row + _SHORTEST_RUN_ROWS)
            running[row:end] = True
            row = end + _between(rng, _WASH_ROWS)
            washes.append(row)
            wash = _next_wash(rng, row)
    return Calendar(
        running,
        np.array(restarts, dtype=np.intp),
        np.array(breaks, dtype=np.intp),
        np.array(washes, dtype=np.intp),
        _grades(rng, n_rows),
        tuple(precursors),
        tuple(_upsets(rng, running)),
    )


def _between(rng: np.random.Generator, limits: tuple[int, int]) -> int:
    """Draw a whole number, both limits included; the smaller, the likelier."""
    low, high = limits
    return low + int((high - low + 1) * rng.beta(1, 2))


def _next_wash(rng: np.random.Generator, row: int) -> int:
    return row + int(ROWS_PER_DAY * rng.uniform(*_DAYS_BETWEEN_WASHES))


def _grades(rng: np.random.Generator, n_rows: int) -> NDArray[np.intp]:
    grade = np.empty(n_rows, dtype=np.intp)
    row, current = 0, int(rng.integers(len(GRADES)))
    while row < n_rows:
        until = row + int(rng.integers(*_GRADE_ROWS))
        grade[row:until] = current
        row, current = until, (current + int(rng.integers(1, len(GRADES)))) % len(GRADES)
    return grade


def _precursor(rng: np.random.Generator, *, restart: int, broke: int) -> Disturbance:
    """Announce a break: grow from row to row, and be at the worst when the sheet goes."""
    rows = min(_between(rng, _PRECURSOR_ROWS), broke - restart)
    growth = (np.arange(1, rows + 2) / (rows + 1)) ** 0.7
    return _disturb(rng, broke - rows, strength=growth * rng.lognormal(np.log(3.5), 0.4))


def _upsets(rng: np.random.Generator, running: NDArray[np.bool_]) -> list[Disturbance]:
    """Draw what looks like a precursor and passes: why no detector is free of false alarms."""
    n_upsets = rng.poisson(_UPSETS_PER_DAY * len(running) / ROWS_PER_DAY)
    upsets = []
    for _ in range(n_upsets):
        rows = _between(rng, _UPSET_ROWS)
        swell = np.sin(np.pi * np.arange(1, rows + 1) / (rows + 1))
        start = int(rng.integers(max(len(running) - rows, 1)))
        upsets.append(_disturb(rng, start, strength=swell * rng.lognormal(np.log(2.0), 0.4)))
    # Only those that fall into one run.
    return [u for u in upsets if running[u.start : u.stop].sum() == u.stop - u.start]


def _disturb(rng: np.random.Generator, start: int, *, strength: NDArray[np.float64]) -> Disturbance:
    """Give a disturbance its section, its sensors and one of three ways to go wrong."""
    section = rng.choice(list(SECTION_COLUMNS))
    members = np.array(SECTION_COLUMNS[section])
    columns = rng.permutation(members)[: rng.integers(4, len(members) + 1)]
    rows, kind = len(strength), rng.choice(["slide", "swing", "flutter"])
    if kind == "slide":  # away from the usual values, sensors that belong together apart
        course = np.ones(rows)[:, None]
    elif kind == "swing":  # a control loop hunts, with a period of five to eight minutes
        course = np.sqrt(2) * np.cos(2 * np.pi * np.arange(rows) / rng.uniform(2.5, 4.0))[:, None]
    else:  # the section flutters
        course = rng.normal(size=(rows, len(columns)))
    direction = rng.choice([-1.0, 1.0], size=len(columns))
    return Disturbance(start, start + rows, columns, strength[:, None] * course * direction)
