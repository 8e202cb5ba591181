"""Recordings: the readings of one machine, read from a file into arrays."""

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import RecordingError, SettingsError, listed
from stream_detector.pipeline.names import MAX_NAME, is_on_one_line, machine_name
from stream_detector.replay.columns import (
    Column,
    LabelColumn,
    ModeColumn,
    SensorColumn,
    header_notes,
    sensors_of,
)
from stream_detector.replay.far_cells import notes_on_far_cells
from stream_detector.replay.pace import notes_on_paces
from stream_detector.replay.table import open_table
from stream_detector.replay.tags import Tag, read_tags
from stream_detector.replay.times import Clock, TimeColumn, check_order, read_zone

DEFAULT_START = datetime(2000, 1, 1, tzinfo=UTC)
"""Time of row 0 when the file has no times and none is given: a date nobody takes for real."""

LabelKind = Literal["event", "rows"]


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """How to read a file: which column is what, and how its cells are written."""

    machine: str | None = None
    """Name of the machine; None takes the file's name up to its first dot."""

    time_column: str = "time"
    """Column of times."""

    time_format: str | None = None
    """How times are written, for ``datetime.strptime``; None for ISO 8601."""

    time_zone: str | None = None
    """IANA name of the zone of times that carry no offset; None refuses such times."""

    cadence: float | None = None
    """Seconds from row to row, for a file without a column of times."""

    start: datetime | None = None
    """Time of row 0 (UTC-aware) if ``cadence`` makes the times; None is ``DEFAULT_START``."""

    delimiter: str = ","
    """The character between the cells of a CSV file."""

    mode_column: str | None = None
    """Column that names the machine's mode, e.g. the paper grade."""

    label_column: str | None = None
    """Column of 0 and 1; what a 1 means, ``label_kind`` says."""

    label_kind: LabelKind = "event"
    """``event``: a 1 is the outcome to warn of, and ends the run. ``rows``: a 1 marks an
    anomalous row, which training leaves out."""

    exclude: tuple[str, ...] = ()
    """Columns to read as if they were not there."""

    tags: Path | None = None
    """CSV ``sensor,unit,low,high`` with units and physical limits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """The readings of one machine, in the order of the file; n rows, p sensors."""

    machine: str
    sensors: tuple[str, ...]
    """Names of the p sensors, in the order of the file."""

    units: tuple[str | None, ...]
    """Unit of each sensor, None where the tags file gives none."""

    low: NDArray[np.float64]
    """Physical limit below, shape (p,); -inf where there is none. Values are as recorded."""

    high: NDArray[np.float64]
    """Physical limit above, shape (p,); inf where there is none."""

    times: NDArray[np.datetime64]
    """UTC in microseconds, shape (n,), in the order of the file: a late row stays late."""

    values: NDArray[np.float64]
    """Shape (n, p); NaN where a value is missing, never infinite."""

    modes: tuple[str | None, ...] | None = None
    """Mode per row, None where the cell is empty; None without a mode column."""

    labels: NDArray[np.bool_] | None = None
    """Mark per row, shape (n,); None without a label column."""

    label_kind: LabelKind = "event"
    excluded: NDArray[np.bool_] | None = None
    """Rows that train nothing besides, shape (n,): those inside alerts."""

    lines: NDArray[np.int64] | None = None
    """Where each row begins in its file, shape (n,), as an editor counts; None without a file."""

    notes: tuple[str, ...] = ()
    """What was left out or looked odd, a sentence each; for people."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.times)

    def time(self, row: int) -> datetime:
        """Give the time of one row, UTC-aware."""
        time: datetime = self.times[row].item()
        return time.replace(tzinfo=UTC)

    def slice(self, start: int, stop: int) -> Self:
        """Take the rows from ``start`` up to, not including, ``stop``; arrays are views."""
        rows = slice(start, stop)
        return dataclasses.replace(
            self,
            times=self.times[rows],
            values=self.values[rows],
            modes=None if self.modes is None else self.modes[rows],
            labels=None if self.labels is None else self.labels[rows],
            excluded=None if self.excluded is None else self.excluded[rows],
            lines=None if self.lines is None else self.lines[rows],
        )


def read_recording(path: Path, options: RecordingOptions) -> Recording:
    r"""Read a recording: CSV, gzipped CSV (``.gz``) or Parquet (``.parquet``).

    Every column of numbers that is not time, mode or label is a sensor; a column is one
    of numbers if at least half of its texts are. What is left out is in ``notes``.

    Raises
    ------
    RecordingError
        If the file or its tags file cannot be read as told; the message names the file,
        the place and the option to change.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> lines = "time,speed,steam", "2024-05-01T06:00Z,8.1,", "2024-05-01T06:02Z,8.3,2"
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "pm3.csv")
    ...     _ = path.write_text("\n".join(lines))
    ...     recording = read_recording(path, RecordingOptions())
    >>> recording.machine, recording.sensors
    ('pm3', ('speed', 'steam'))
    >>> recording.values
    array([[8.1, nan],
           [8.3, 2. ]])
    >>> recording.time(1).isoformat()
    '2024-05-01T06:02:00+00:00'
    """
    tags = read_tags(options.tags) if options.tags else {}
    try:
        return _read(path, options, tags)
    except RecordingError as error:
        raise RecordingError(f"{str(path)!r}: {error}") from error.__cause__


def _read(path: Path, options: RecordingOptions, tags: dict[str, Tag]) -> Recording:
    with open_table(path, delimiter=options.delimiter) as table:
        layout = _layout(table.names, options)
        of_chunks: list[Sequence[int]] = []
        for chunk in table.chunks:
            for name, cells in zip(table.names, chunk.columns, strict=True):
                if name in layout.columns:
                    layout.columns[name].add(cells, chunk.lines)
            of_chunks.append(chunk.lines)
    lines = np.concatenate(of_chunks, dtype=np.int64)
    n_rows = len(lines)
    times, columns = layout.times, layout.columns.values()
    notes = header_notes(table.names)
    if options.cadence is not None and isinstance(times, TimeColumn):
        notes.append(f"times are those of column {options.time_column!r}: cadence not used")
    notes += [note for column in columns for note in column.notes()]
    instants = times.values() if isinstance(times, TimeColumn) else times.values(n_rows)
    notes += [*check_order(instants, lines), *notes_on_paces(instants)]
    sensors = sensors_of([c for c in columns if isinstance(c, SensorColumn)], notes)
    names = tuple(column.name for column in sensors)
    _check_names(names)
    notes += [f"tag {tag!r} is no sensor of this recording" for tag in tags if tag not in names]
    known = [tags.get(name, Tag()) for name in names]
    values = np.empty((n_rows, len(sensors)))
    for index, column in enumerate(sensors):
        values[:, index] = column.values()
    low, high = np.array([(tag.low, tag.high) for tag in known]).T
    notes += notes_on_far_cells(names, values, low=low, high=high, lines=lines)
    return Recording(
        machine=options.machine or _machine(path),
        sensors=names,
        units=tuple(tag.unit for tag in known),
        low=low,
        high=high,
        times=instants,
        values=values,
        modes=tuple(layout.modes.values) if layout.modes else None,
        labels=np.array(layout.labels.values) if layout.labels else None,
        label_kind=options.label_kind,
        lines=lines,
        notes=tuple(notes),
    )


def _check_names(sensors: Sequence[str]) -> None:
    """Refuse names that readings do not carry, or that lines for people cannot show."""
    if too_long := [name for name in sensors if len(name) > MAX_NAME]:
        raise RecordingError(
            f"column {too_long[0][:50]!r}… has a name of over {MAX_NAME} characters; shorten it"
        )
    if odd := [name for name in sensors if not is_on_one_line(name)]:
        raise RecordingError(
            f"the names of columns {listed(odd)} hold a line break or another control character; "
            "rename them in the file, or --exclude them"
        )


@dataclass(frozen=True)
class _Layout:
    """Which column is what; ``columns`` are all that are read, in the order of the file."""

    times: TimeColumn | Clock
    modes: ModeColumn | None
    labels: LabelColumn | None
    columns: dict[str, Column]


def _layout(header: Sequence[str], options: RecordingOptions) -> _Layout:
    _require(options.exclude, header)
    names = [name for name in header if name and name not in options.exclude]
    times = _times(names, options)
    modes = ModeColumn() if options.mode_column else None
    labels = LabelColumn(options.label_column) if options.label_column else None

    named = [name for name in (options.mode_column, options.label_column) if name]
    for name in named:
        if name in options.exclude:
            raise RecordingError(
                f"column {name!r} is to be read as mode or label, and excluded: choose one"
            )
    _require(named, names)
    if len({options.time_column, *named}) <= len(named):
        raise RecordingError(
            "time, mode and label must be different columns, got "
            + listed([options.time_column, *named])
        )
    roles: dict[str | None, Column | None] = {
        options.time_column: times if isinstance(times, TimeColumn) else None,
        options.mode_column: modes,
        options.label_column: labels,
    }
    # A column without a role may be a sensor: its cells will tell.
    columns = {name: roles.get(name) or SensorColumn(name) for name in names}
    return _Layout(times, modes, labels, columns)


def _times(names: Sequence[str], options: RecordingOptions) -> TimeColumn | Clock:
    if options.time_column in names:
        zone = read_zone(options.time_zone) if options.time_zone else None
        return TimeColumn(time_format=options.time_format, zone=zone)
    # The default name is only a guess, which a cadence overrules; a name that was given is not.
    if options.cadence is not None and options.time_column == RecordingOptions.time_column:
        return Clock(options.start or DEFAULT_START, options.cadence)
    raise RecordingError(
        f"there is no time column {options.time_column!r} among {listed(names)}: name it with "
        "--time-column, or, if the file has no times, give the time from row to row with --cadence"
    )


def _require(wanted: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a name that no column has; say which are alike."""
    for name in wanted:
        if name not in names:
            alike = difflib.get_close_matches(name, names)
            hint = f"did you mean {listed(alike)}?" if alike else f"there are {listed(names)}"
            raise RecordingError(f"there is no column {name!r}; {hint}")


def _machine(path: Path) -> str:
    try:
        return machine_name(path.name.split(".")[0])
    except SettingsError as error:
        raise RecordingError(
            f"the file's name gives no name of a machine: {error}; give it with --machine"
        ) from error
