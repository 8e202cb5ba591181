"""Tag rows -> wide readings, on event time.

At each instant of a machine's grid a sensor has its newest row that is not newer than the instant
and not older than its hold, else it is missing. A reading is made once the machine's watermark,
its newest row's time less the lateness, is past the instant; a row that comes later is refused.
So the readings are a function of the rows in the order of the log, whatever the batches were.

A machine without a row for longer than its hold and lateness, by the time of the log, is closed:
what its rows come to is made at once, and no value of before counts afterwards.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from stream_detector.bridges.joining.machine_rows import (
    EVENT,
    MODE,
    NEVER,
    MachineNote,
    MachineRows,
)
from stream_detector.bridges.joining.mapping import TagMap, Target
from stream_detector.bridges.joining.readings import WideReading, utc
from stream_detector.bridges.joining.timing import Timing
from stream_detector.bridges.joining.units import UNCHANGED
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError
from stream_detector.pipeline.names import MAX_NAME

MAX_UNMAPPED_NAMES: Final = 1000
"""Tags that nobody mapped are counted by name up to so many, then together."""

_SLOTS: Final = {"mode": MODE, "event": EVENT}

OTHER_TAGS: Final = "(other)"

LAST_US: Final = 253_402_300_799_000_000
"""The end of the year 9999: RFC 3339 writes no later time."""


class Entry(NamedTuple):
    """One message of the log: its rows, and when the log got it (microseconds since 1970).

    A recording has no such time (None): then no clock is found wrong and no machine is closed.
    """

    rows: Sequence[TagRow]
    logged_us: int | None = None


class Refusal(NamedTuple):
    """A row that enters nothing."""

    entry: int
    """Which of the entries of this batch had it, counted from 0."""
    row: TagRow
    error: RowError
    """With code ``late``, ``clock``, ``not-a-number`` or ``invalid``."""


class Aligned(NamedTuple):
    """What a batch came to."""

    readings: list[WideReading]
    refusals: list[Refusal]


class _Route(NamedTuple):
    machine: MachineRows
    slot: int
    target: Target
    is_plain: bool
    """A sensor whose unit stays: almost all are."""


class Aligner:
    """Joins the rows of all machines.

    Parameters
    ----------
    tags : TagMap
    timing : callable
        Gives the times of a machine.
    max_skew_us : int
        A row so much newer than the log's time of it comes from a wrong clock, and would
        make all that follow look late.
    clock_us : int
        The log's time where its reader begins, for one that goes on where another one was.

    Examples
    --------
    >>> tags = TagMap({"A": Target("pm3", "sensor", "a"), "B": Target("pm3", "sensor", "b")})
    >>> aligner = Aligner(tags, lambda _: Timing(10, hold_us=20, lateness_us=0), max_skew_us=0)
    >>> rows = [TagRow("A", 1, 5.0), TagRow("B", 10, 7.0), TagRow("A", 11, 6.0)]
    >>> [(one.time_us, one.values) for one in aligner.add([Entry(rows)]).readings]
    [(10, [5.0, 7.0])]
    """

    def __init__(
        self,
        tags: TagMap,
        timing: Callable[[str], Timing],
        *,
        max_skew_us: int,
        clock_us: int = NEVER,
    ) -> None:
        self.clock_us = clock_us
        """The newest of the log's times so far."""
        self.unmapped: Counter[str] = Counter()
        """Rows of tags that nobody mapped."""
        self._n_told = 0
        self.n_rows = 0
        self._skew_us = max_skew_us
        self._routes = _routes(tags, timing)
        self._machines = {route.machine.name: route.machine for route in self._routes.values()}
        # When to look whether a machine is silent; it may have been heard since.
        self._looks: list[tuple[int, str]] = []

    def add(self, entries: Iterable[Entry]) -> Aligned:
        """Take the next entries of the log."""
        aligned = Aligned([], [])
        for number, (rows, logged_us) in enumerate(entries):
            if logged_us is not None and logged_us > self.clock_us:
                self.clock_us = logged_us
                if self._looks and logged_us > self._looks[0][0]:
                    aligned.readings.extend(self._close_silent())
            last_us = min(LAST_US, LAST_US if logged_us is None else logged_us + self._skew_us)
            for row in rows:
                try:
                    aligned.readings.extend(self._take(row, last_us))
                except RowError as error:
                    aligned.refusals.append(Refusal(number, row, error))
        return aligned

    def _take(self, row: TagRow, last_us: int) -> Sequence[WideReading]:
        """Take a row, and give the readings that can be made now: mostly none."""
        tag, time_us, value = row
        self.n_rows += 1
        route = self._routes.get(tag)
        if route is None:
            self._count_unmapped(tag)
            return ()
        machine, slot, target, is_plain = route
        if not 0 <= time_us <= last_us:
            raise _wrong_time(time_us, last_us)
        if not is_plain or value.__class__ is not float:
            value = _read(value, target)
        if not machine.add(time_us, slot, value):
            raise RowError(
                "late",
                f"the row is of {utc(time_us).isoformat()}, but the readings of {machine.name!r} "
                f"are out up to {utc(machine.frontier_us).isoformat()}; give it a longer "
                "lateness_seconds if rows come so late",
            )
        machine.heard_us = self.clock_us
        if not machine.is_watched and self.clock_us != NEVER:
            self._watch(machine)
        return machine.advance() if machine.newest_us > machine.due_us else ()

    def close(self) -> list[WideReading]:
        """Give the readings of all rows, where no more come: at the end of a recording."""
        return [reading for one in self._machines.values() for reading in one.close()]

    def note(self) -> dict[str, MachineNote]:
        """Give what a later aligner needs beside the rows that can still matter."""
        return {
            name: machine.note()
            for name, machine in self._machines.items()
            if machine.newest_us != NEVER
        }

    def settle(self, notes: Mapping[str, MachineNote]) -> None:
        """Go on where another aligner was, once all rows that can still matter were added.

        What they came to was made by the other one. A machine that is no longer mapped is
        passed over.
        """
        for name, note in notes.items():
            if name in self._machines:
                self._machines[name].settle(note)

    def newest_us(self) -> tuple[int, ...]:
        """Give the time of the newest row of each machine so far."""
        return tuple(machine.newest_us for machine in self._machines.values())

    def matters_from_us(self) -> tuple[int, ...]:
        """Give of each machine the time up to which rows do not matter any more."""
        return tuple(machine.matters_from_us() for machine in self._machines.values())

    def newly_unmapped(self) -> list[str]:
        """Give each tag that nobody mapped, once."""
        new = list(self.unmapped)[self._n_told :] if len(self.unmapped) > self._n_told else []
        self._n_told += len(new)
        return new

    def _count_unmapped(self, tag: str) -> None:
        known = tag in self.unmapped or len(self.unmapped) < MAX_UNMAPPED_NAMES
        self.unmapped[tag if known else OTHER_TAGS] += 1

    def _watch(self, machine: MachineRows) -> None:
        machine.is_watched = True
        heapq.heappush(self._looks, (machine.silent_from_us(), machine.name))

    def _close_silent(self) -> Iterator[WideReading]:
        """Close the machines that were not heard for too long."""
        silent: list[str] = []
        while self._looks and self.clock_us > self._looks[0][0]:
            machine = self._machines[heapq.heappop(self._looks)[1]]
            machine.is_watched = False
            if self.clock_us > machine.silent_from_us():
                silent.append(machine.name)
            else:  # it was heard since
                self._watch(machine)
        for name in sorted(silent):
            yield from self._machines[name].close()


def _routes(tags: TagMap, timing: Callable[[str], Timing]) -> dict[str, _Route]:
    sensors: dict[str, list[Target]] = {name: [] for name in tags.machines}
    modes: dict[str, Target] = {}
    for target in tags.targets.values():
        if target.kind == "sensor":
            sensors[target.machine].append(target)
        elif target.kind == "mode":
            modes[target.machine] = target
    machines = {
        name: MachineRows(name, timing(name), sensors=found, mode=modes.get(name))
        for name, found in sensors.items()
    }
    slots = {name: count() for name in machines}
    return {
        tag: _Route(
            machines[target.machine],
            _SLOTS[target.kind] if target.kind != "sensor" else next(slots[target.machine]),
            target,
            target.kind == "sensor" and target.conversion == UNCHANGED,
        )
        for tag, target in tags.targets.items()
    }


def _wrong_time(time_us: int, last_us: int) -> RowError:
    if time_us < 0 or time_us > LAST_US:
        return RowError("invalid", f"the time {time_us} µs is not within the years 1970 to 9999")
    return RowError(
        "clock",
        f"the row is of {utc(time_us).isoformat()}, later than {utc(last_us).isoformat()}, the "
        "latest that can be when the log got it; set the clock of its source",
    )


def _read(value: float | str | None, target: Target) -> float | str | None:
    """Turn what a tag said into what its sensor, mode or event is."""
    if value is None:
        return None
    if target.kind == "sensor":
        if isinstance(value, str):
            raise RowError(
                "not-a-number", f"sensor {target.sensor!r} has the value {value[:50]!r}, no number"
            )
        return target.conversion.of(float(value))
    text = value if isinstance(value, str) else f"{value:.17g}"
    meaning = target.meaning or {}
    found = meaning.get(text, "" if target.kind == "event" else text)
    if len(found) > MAX_NAME:
        raise RowError("invalid", f"the mode {found[:50]!r}… has over {MAX_NAME} characters")
    return found
