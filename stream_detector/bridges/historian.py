"""A historian's export of tag rows -> the wide CSV that ``trainer fit`` and ``replay`` read.

The same aligner as live, so that a model learns from what it will see. An export often lists one
tag after the other: its rows are put in the order of their times first, and none is late.
"""

import csv
import math
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from stream_detector.bridges.joining.aligner import Aligner, Entry
from stream_detector.bridges.joining.mapping import TagMap
from stream_detector.bridges.joining.readings import WideReading, utc
from stream_detector.bridges.joining.timing import Timing
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RecordingError, listed
from stream_detector.replay.table import Table, open_table
from stream_detector.replay.times import TimeColumn

MODE_COLUMN: Final = "mode"


@dataclass(frozen=True)
class ExportOptions:
    """How an export is written: one row per line, each with a tag, a time and a value."""

    tag_column: str = "tag"
    time_column: str = "time"
    value_column: str = "value"
    time_format: str | None = None
    """For ``datetime.strptime``; None for ISO 8601."""
    time_zone: str | None = None
    """Zone of times that carry no offset; None refuses them."""
    delimiter: str = ","


@dataclass(frozen=True)
class Converted:
    """What was written, and what was left out."""

    n_readings: int
    events: tuple[str, ...]
    """A column of 0 and 1 for each."""
    has_mode: bool
    notes: tuple[str, ...]


class Export:
    """The rows of one machine in an export, in the order of their times."""

    def __init__(self, path: Path, tags: TagMap, options: ExportOptions) -> None:
        self._tags, self._options = tags, options
        self._names = list(tags.targets)
        self._codes = {name: code for code, name in enumerate(self._names)}
        # Of the machine's rows: which of the file's they are, their tags and their values.
        self._rows, self._tag_codes = array("q"), array("l")
        self._values: list[float | str | None] = []
        self._n_texts = self._n_others = 0
        zone = ZoneInfo(options.time_zone) if options.time_zone else None
        self._times = TimeColumn(time_format=options.time_format, zone=zone)
        with open_table(path, delimiter=options.delimiter) as table:
            self._read(table)
        if not self._values:
            raise RecordingError(
                f"no row is of a tag of the machine, e.g. {listed(self._names[:3])}; correct the "
                "mapping file, or take another export"
            )

    @property
    def notes(self) -> list[str]:
        """Say what was left out."""
        notes = self._times.notes()
        seen = set(self._tag_codes)
        if unseen := [name for code, name in enumerate(self._names) if code not in seen]:
            notes.append(f"tags without a row, so their columns are empty: {listed(unseen)}")
        if self._n_others:
            notes.append(f"rows of other tags: {self._n_others}, left out")
        if self._n_texts:
            notes.append(f"values that are no numbers: {self._n_texts}, taken as no data")
        return notes

    def rows(self) -> Iterator[TagRow]:
        """Give the rows, oldest first; those of one time in the order of the file."""
        times = self._times.values().astype("int64")[np.array(self._rows)]
        for place in np.argsort(times, kind="stable").tolist():
            name = self._names[self._tag_codes[place]]
            yield TagRow(name, int(times[place]), self._values[place])

    def _read(self, table: Table) -> None:
        options, row = self._options, 0
        wanted = (options.tag_column, options.time_column, options.value_column)
        if missing := [name for name in wanted if name not in table.names]:
            raise RecordingError(
                f"there is no column {listed(missing)}, only {listed(table.names)}; name them with "
                "--tag-column, --time-column and --value-column"
            )
        places = [table.names.index(name) for name in wanted]
        for chunk in table.chunks:
            cells, times, values = (chunk.columns[place] for place in places)
            self._times.add(times, chunk.lines)
            for number, (tag, value) in enumerate(zip(cells, values, strict=True), row):
                code = self._codes.get(tag.strip())
                if code is None:
                    self._n_others += 1
                    continue
                self._rows.append(number)
                self._tag_codes.append(code)
                self._values.append(self._value(code, value.strip()))
            row += len(cells)

    def _value(self, code: int, text: str) -> float | str | None:
        if self._tags.targets[self._names[code]].kind != "sensor":
            return text or None
        try:
            number = float(text or "nan")
        except ValueError:
            self._n_texts += 1
            return None
        return number if math.isfinite(number) else None


def machine_tags(tags: TagMap, machine: str | None) -> TagMap:
    """Give the tags of one machine; of the only one there is where none is named.

    Raises
    ------
    RecordingError
        If there is none of that name, or several and none is named.
    """
    if machine is None and len(tags.machines) == 1:
        (machine,) = tags.machines
    if machine not in tags.machines:
        raise RecordingError(
            f"the mapping file has the machines {listed(tags.machines)}; say with --machine whose "
            "readings are wanted"
        )
    found = {tag: target for tag, target in tags.targets.items() if target.machine == machine}
    return TagMap(found)


def write_wide(path: Path, export: Export, tags: TagMap, timing: Timing) -> Converted:
    """Write the readings that the rows of an export come to.

    Raises
    ------
    RecordingError
        If there is not one reading, or two columns have one name.
    """
    targets = tags.targets.values()
    sensors = [str(target.sensor) for target in targets if target.kind == "sensor"]
    has_mode = any(target.kind == "mode" for target in targets)
    events = tuple(
        dict.fromkeys(
            event
            for target in targets
            if target.kind == "event"
            for event in (target.meaning or {}).values()
        )
    )
    columns = ["time", *sensors, *([MODE_COLUMN] if has_mode else []), *events]
    if twice := [name for name, n in Counter(columns).items() if n > 1]:
        raise RecordingError(
            f"two columns would be called {listed(twice)}: the time, sensors, the mode and events "
            "have one each; give the sensor or the event another name in the mapping file"
        )
    n_readings = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for reading in _readings(export, tags, timing):
            cells: list[object] = [utc(reading.time_us).isoformat()]
            cells += reading.values or [None] * len(sensors)
            cells += [reading.mode] if has_mode else []
            cells += [int(event == reading.event) for event in events]
            writer.writerow(cells)
            n_readings += 1
    if not n_readings:
        path.unlink()
        told = "".join(f"; {note}" for note in export.notes)
        raise RecordingError(f"no instant has a value of any sensor, so there is no reading{told}")
    return Converted(n_readings, events, has_mode, tuple(export.notes))


def _readings(export: Export, tags: TagMap, timing: Timing) -> Iterator[WideReading]:
    aligner = Aligner(tags, lambda _: timing, max_skew_us=0)
    for row in export.rows():
        yield from aligner.add([Entry([row])]).readings
    yield from aligner.close()
