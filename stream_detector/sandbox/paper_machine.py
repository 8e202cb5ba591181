"""A simulated paper machine: readings as a mill's historian would deliver them, and its breaks.

The machine is always the same one; a seed is another month of its life. Its sensors
follow a few hidden influences, section after section and with some inertia. Their
levels depend on the grade and wander off within days, so that what was learned of
levels goes stale. Not quite half of the breaks announce themselves in the last minutes.
Two rows are two minutes apart, and standstills leave no rows, as in real files.
"""

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_detector.sandbox.paper_events import GRADES, ROWS_PER_DAY, Calendar, plan
from stream_detector.sandbox.paper_sensors import SECTION_COLUMNS, SENSORS

CADENCE: Final = np.timedelta64(2, "m")

_MACHINE_SEED: Final = 1999  # how its sensors hang together: the same in every recording
_N_SENSORS: Final = len(SENSORS)
_LEVEL: Final = np.array([sensor.level for sensor in SENSORS])
_SPREAD: Final = np.array([sensor.spread for sensor in SENSORS])
_PER_GRADE: Final = np.array([sensor.per_grade for sensor in SENSORS])
_KIND: Final = np.array([sensor.kind for sensor in SENSORS])

# Shares of a sensor's spread; their squares add up to about 1.
_HIDDEN, _OWN, _NOISE = 0.9, 0.3, 0.3
_DRIFT: Final = 3.0  # spreads
_DRIFT_DAYS: Final = 8.0
_AFTER_WASH: Final = 2.0  # spreads
_RESTART, _RESTART_ROWS = 2.5, 6.0  # spreads, and rows until a third of it is left
_GRADE_CHANGE_ROWS: Final = 6.0
_WEB_LOST: Final = 8.0  # spreads by which drives and scanner fall when the sheet breaks
_ROWS_BETWEEN_ARCHIVED: Final = 6.0
_MOVES_PER_DAY: Final = 1.0  # of a setpoint or switch
_MISSING_CELLS: Final = 0.002
_DAYS_BETWEEN_OUTAGES: Final = 10.0
_OUTAGE_ROWS: Final = (5, 90)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimulatedRecording:
    """What the historian delivers, and what only the simulation knows.

    Attributes
    ----------
    times : datetime64[us] array, shape (n,)
        UTC.
    sensors, units : tuple of str, length p
    values : float64 array, shape (n, p)
        NaN = missing.
    modes : str array, shape (n,)
        The grade.
    breaks : bool array, shape (n,)
        The row at which the sheet broke; the next row is the restart.
    precursors : bool array, shape (n,)
        Rows in which a break announced itself. Not for the file: nobody knows them.
    """

    times: NDArray[np.datetime64]
    sensors: tuple[str, ...]
    units: tuple[str, ...]
    values: Array
    modes: NDArray[np.str_]
    breaks: NDArray[np.bool_]
    precursors: NDArray[np.bool_]

    def write_csv(self, path: Path) -> None:
        """Write ``time,break,grade`` and the sensors; gzipped if the name ends in ``.gz``.

        The same recording gives the same bytes. A missing value is an empty cell.
        """
        times = np.datetime_as_string(self.times, unit="s")
        # Seven digits keep the historian's straight lines straight.
        cells = ",".join(["%.7g"] * len(self.sensors))
        lines = [",".join(("time", "break", "grade", *self.sensors))]
        lines += [
            f"{time}Z,{broke:d},{mode}," + (cells % tuple(row)).replace("nan", "")
            for time, broke, mode, row in zip(
                times, self.breaks, self.modes, self.values.tolist(), strict=True
            )
        ]
        text = ("\n".join(lines) + "\n").encode()
        # Without mtime=0, gzip would write the time of day into the file.
        path.write_bytes(gzip.compress(text, 6, mtime=0) if path.suffix.lower() == ".gz" else text)


def simulate(*, days: float, seed: int, start: datetime) -> SimulatedRecording:
    """Run the machine.

    Parameters
    ----------
    days : float
        Length, standstills included.
    seed : int
        Another seed is another month of the same machine.
    start : datetime
        Time of the first row, with a zone.

    Examples
    --------
    >>> recording = simulate(days=2, seed=7, start=datetime(2026, 3, 1, tzinfo=UTC))
    >>> recording.values.shape == (len(recording.times), len(recording.sensors))
    True
    """
    if start.tzinfo is None or days <= 0:
        raise ValueError(f"expected a time with a zone and days > 0, got {start} and {days}")
    rng = np.random.default_rng(seed)
    n_rows = max(round(days * ROWS_PER_DAY), 1)
    calendar = plan(rng, n_rows)

    spreads = _process(rng, n_rows) + _levels(rng, calendar) + _restarts(rng, calendar)
    for fault in (*calendar.precursors, *calendar.upsets):
        spreads[fault.start : fault.stop, fault.columns] += fault.pattern
    spreads = _archive(rng, spreads)
    _lose_web(rng, spreads, calendar.breaks)
    _operate(rng, spreads, calendar.grade)
    values = _LEVEL + _SPREAD * spreads
    values[_missing(rng, n_rows)] = np.nan

    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "us")
    running = calendar.running
    return SimulatedRecording(
        (first + np.arange(n_rows) * CADENCE)[running],
        tuple(sensor.name for sensor in SENSORS),
        tuple(sensor.unit for sensor in SENSORS),
        values[running],
        np.array(GRADES)[calendar.grade[running]],
        _marked(n_rows, [slice(row, row + 1) for row in calendar.breaks])[running],
        _marked(n_rows, [slice(p.start, p.stop - 1) for p in calendar.precursors])[running],
    )


def _marked(n_rows: int, spans: list[slice]) -> NDArray[np.bool_]:
    mask = np.zeros(n_rows, dtype=np.bool_)
    for span in spans:
        mask[span] = True
    return mask


def _follow(inputs: Array, rows: Array | float) -> Array:
    """Let each column follow its input with inertia: after ``rows`` rows a third is still to go.

    Examples
    --------
    >>> _follow(np.array([[0.0], [1.0], [1.0]]), 1 / np.log(2))
    array([[0.  ],
           [0.5 ],
           [0.75]])
    """
    keep = np.exp(-1 / np.broadcast_to(rows, inputs.shape[1]))
    followed = (1 - keep) * inputs
    followed[0] = inputs[0]
    for row in range(1, len(followed)):
        followed[row] += keep * followed[row - 1]
    return followed


def _wander(rng: np.random.Generator, n_rows: int, rows: Array) -> Array:
    """Draw a course per entry of ``rows``, its memory in rows; variance 1 throughout."""
    keep = np.exp(-1 / rows)
    shocks = rng.normal(size=(n_rows, len(rows)))
    shocks[1:] *= np.sqrt((1 + keep) / (1 - keep))
    return _follow(shocks, rows)


def _process(rng: np.random.Generator, n_rows: int) -> Array:
    """Move the sensors within hours: hidden influences, own movement, noise."""
    machine = np.random.default_rng(_MACHINE_SEED)
    # One influence arises in each section and travels on with the paper; two act everywhere.
    memory = machine.permutation(np.geomspace(10, 240, len(SECTION_COLUMNS) + 2))
    hidden = _wander(rng, n_rows, memory)
    shared = np.zeros((n_rows, _N_SENSORS))
    for place, columns in enumerate(SECTION_COLUMNS.values()):
        weights = machine.normal(size=(len(memory), len(columns))) * 0.25
        weights[place] = machine.choice([-1.0, 1.0], len(columns))
        weights[place + 1 : len(SECTION_COLUMNS)] = 0  # nothing flows upstream
        weights /= np.linalg.norm(weights, axis=0)
        arrived = hidden.copy()
        for origin in range(place):
            arrived[:, origin] = _later(hidden[:, origin], place - origin)
        shared[:, columns] = arrived @ weights
    shared = _follow(shared, machine.uniform(0.2, 3.0, _N_SENSORS))
    own = _wander(rng, n_rows, machine.uniform(3.0, 30.0, _N_SENSORS))
    return _HIDDEN * shared + _OWN * own + _NOISE * rng.normal(size=shared.shape)


def _later(course: Array, rows: int) -> Array:
    return np.concatenate((np.repeat(course[:1], rows), course))[: len(course)]


def _levels(rng: np.random.Generator, calendar: Calendar) -> Array:
    """Let the sensors stand where grade, drift and the felts of the last wash put them."""
    n_rows = len(calendar.grade)
    memory = np.full(_N_SENSORS, _DRIFT_DAYS * ROWS_PER_DAY)
    grade = (calendar.grade - 1.0)[:, None] * _PER_GRADE
    n_washes = np.searchsorted(calendar.washes, np.arange(n_rows), side="right")
    felts = rng.normal(size=(len(calendar.washes) + 1, _N_SENSORS)) * _AFTER_WASH
    drift = _DRIFT * _wander(rng, n_rows, memory)
    return _follow(grade, _GRADE_CHANGE_ROWS) + drift + felts[n_washes]


def _restarts(rng: np.random.Generator, calendar: Calendar) -> Array:
    """Give each restart a push that fades."""
    pushes = np.zeros((len(calendar.grade), _N_SENSORS))
    fading = np.exp(-np.arange(6 * int(_RESTART_ROWS)) / _RESTART_ROWS)
    for restart in calendar.restarts:
        rows = pushes[restart : restart + len(fading)]
        rows[:] = _RESTART * np.outer(fading[: len(rows)], rng.normal(size=_N_SENSORS))
    return pushes


def _archive(rng: np.random.Generator, spreads: Array) -> Array:
    """Keep a point of each archived sensor now and then, and draw straight lines between."""
    archived, rows = spreads.copy(), np.arange(len(spreads))
    for column in np.flatnonzero(_KIND == "archived"):
        kept = rng.random(len(rows)) < 1 / _ROWS_BETWEEN_ARCHIVED
        kept[[0, -1]] = True
        archived[:, column] = np.interp(rows, rows[kept], spreads[kept, column])
    return archived


def _lose_web(rng: np.random.Generator, spreads: Array, breaks: NDArray[np.intp]) -> None:
    """Let drives and scanner fall as the sheet breaks.

    Only after archiving: a straight line towards that fall would foretell every break.
    """
    behind = np.array((*SECTION_COLUMNS["dryer"], *SECTION_COLUMNS["reel"]))
    live = behind[_KIND[behind] == "live"]
    spreads[np.ix_(breaks, live)] -= _WEB_LOST * rng.random((len(breaks), len(live)))


def _operate(rng: np.random.Generator, spreads: Array, grade: NDArray[np.intp]) -> None:
    """Give setpoints and switches their steps, and nothing between them."""
    rows = np.arange(len(spreads))
    for column in np.flatnonzero((_KIND == "setpoint") | (_KIND == "switch")):
        moved = rng.random(len(rows)) < _MOVES_PER_DAY / ROWS_PER_DAY
        last_move = np.maximum.accumulate(np.where(moved, rows, 0))
        positions = (0, 1) if _KIND[column] == "switch" else (-2, -1, 0, 1, 2)
        chosen = rng.choice(positions, len(rows))[last_move]
        spreads[:, column] = chosen + (grade - 1) * _PER_GRADE[column]


def _missing(rng: np.random.Generator, n_rows: int) -> NDArray[np.bool_]:
    """Single cells, and outages of one sensor."""
    missing = rng.random((n_rows, _N_SENSORS)) < _MISSING_CELLS
    n_outages = rng.poisson(_N_SENSORS * n_rows / ROWS_PER_DAY / _DAYS_BETWEEN_OUTAGES)
    for _ in range(n_outages):
        start, column = rng.integers(n_rows), rng.integers(_N_SENSORS)
        missing[start : start + rng.integers(*_OUTAGE_ROWS), column] = True
    return missing
