"""The rows of one machine, joined to readings on the grid of its cadence."""

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Final, TypeGuard

import msgspec

from stream_detector.bridges.joining.mapping import Target
from stream_detector.bridges.joining.readings import WideReading
from stream_detector.bridges.joining.timing import Timing

NEVER: Final = -(2**62)
"""Before every time."""

MAX_HELD: Final = 10_000
"""So many readings follow each other without a row of the machine, however long its holds are: one
row of a clock that was never set, and of a hold of years, would else be a thousand million."""

MODE: Final = -1
EVENT: Final = -2
"""The slots of the machine's mode and of what happens to it; its sensors count from 0."""


class MachineNote(msgspec.Struct, frozen=True):
    """What of a machine's state does not come from the rows that can still matter."""

    frontier_us: int
    """The readings up to this instant are out, and rows up to it are late."""
    newest_us: int
    mode: str | None
    mode_us: int
    meaning: str
    """What the event tag said last."""


class MachineRows:
    """Takes rows in the order of the log, and makes a reading once no row can change it.

    Parameters
    ----------
    name : str
        Of the machine.
    timing : Timing
    sensors : sequence of Target
        By their slot.
    mode : Target or None
        Of the tag that says the mode.
    """

    __slots__ = (
        *("due_us", "frontier_us", "heard_us", "is_watched", "name"),
        *(
            "newest_us",
            "timing",
            "_events",
            "_has_values",
            "_holds",
            "_instants",
            "_longest_hold",
            "_meaning",
            "_mode",
        ),
        *("_mode_hold", "_mode_us", "_pending", "_sensors", "_taken_us", "_times", "_values"),
    )

    def __init__(
        self,
        name: str,
        timing: Timing,
        *,
        sensors: Sequence[Target],
        mode: Target | None = None,
    ) -> None:
        self.name = name
        self.timing = timing
        self.newest_us = self.frontier_us = self.due_us = NEVER
        self.heard_us = NEVER
        """The log's time of its last row."""
        self.is_watched = False
        """Whether somebody looks when it falls silent."""
        self._sensors = tuple(str(target.sensor) for target in sensors)
        self._holds = tuple(
            timing.hold_us if target.hold_us is None else target.hold_us for target in sensors
        )
        self._longest_hold = max(self._holds, default=0)
        self._mode: str | None = None
        self._mode_us = NEVER
        # A grade is said when it changes, so it counts until the next one.
        self._mode_hold = None if mode is None else mode.hold_us
        self._meaning = ""
        # Rows that no reading has yet: by the instant of the first reading that they can enter,
        # of each slot the newest one. A heap knows the first instant.
        self._pending: dict[int, dict[int, tuple[int, float | str | None]]] = {}
        self._events: dict[int, dict[int, str]] = {}
        self._instants: list[int] = []
        # The last instant that a row entered.
        self._taken_us = NEVER
        self._forget_values()

    def _forget_values(self) -> None:
        self._has_values = False
        self._values: list[float | None] = [None] * len(self._sensors)
        self._times = [NEVER] * len(self._sensors)

    def add(self, time_us: int, slot: int, value: float | str | None) -> bool:
        """Take a row; False if it is late, and enters nothing.

        An event's value is what happens, ``""`` for nothing. When ``newest_us`` is past ``due_us``
        now, a reading can be made (:meth:`advance`).
        """
        if time_us <= self.frontier_us:
            return False
        cadence = self.timing.cadence_us
        instant = -(-time_us // cadence) * cadence
        rows = self._pending.get(instant)
        if rows is None:
            rows = self._open(instant)
        if slot == EVENT:
            if isinstance(value, str):  # no data says nothing
                self._events.setdefault(instant, {})[time_us] = value
        else:
            held = rows.get(slot)
            # Of two rows of one time the later one in the log counts.
            if held is None or held[0] <= time_us:
                rows[slot] = (time_us, value)
        if time_us > self.newest_us:  # noqa: PLR1730 -- max() takes thrice as long, for every row
            self.newest_us = time_us
        return True

    def _open(self, instant: int) -> dict[int, tuple[int, float | str | None]]:
        rows: dict[int, tuple[int, float | str | None]] = {}
        self._pending[instant] = rows
        heapq.heappush(self._instants, instant)
        return rows

    def advance(self) -> list[WideReading]:
        """Make the readings that the watermark has passed."""
        cadence = self.timing.cadence_us
        # The last instant before the watermark: a row as new as that may still come.
        watermark = self.newest_us - self.timing.lateness_us
        return self._pass((watermark - 1) // cadence * cadence)

    def close(self) -> list[WideReading]:
        """Make the readings of all rows, without waiting for more, and let no value go on."""
        cadence = self.timing.cadence_us
        readings = self._pass(max(-(-self.newest_us // cadence) * cadence, self.frontier_us))
        self._forget_values()
        return readings

    def silent_from_us(self) -> int:
        """Give the log's time from which no row can change a reading, if none comes until then."""
        timing = self.timing
        return self.heard_us + self._longest_hold + timing.lateness_us + timing.cadence_us

    def matters_from_us(self) -> int:
        """Give the time up to which rows do not matter any more; with none left, the newest's."""
        if not (self._instants or self._has_values):
            return self.newest_us
        return self.frontier_us - self._longest_hold - self.timing.cadence_us

    def note(self) -> MachineNote:
        """Give what a later one needs beside the rows that can still matter."""
        return MachineNote(
            self.frontier_us, self.newest_us, self._mode, self._mode_us, self._meaning
        )

    def settle(self, note: MachineNote) -> None:
        """Go on where another one was, all rows that can still matter having been taken."""
        self.frontier_us, self.newest_us = note.frontier_us, note.newest_us
        self._mode, self._mode_us, self._meaning = note.mode, note.mode_us, note.meaning
        self._set_due()

    def _pass(self, frontier: int) -> list[WideReading]:
        readings: list[WideReading] = []
        while self._instants and self._instants[0] <= frontier:
            instant = heapq.heappop(self._instants)
            readings += self._held(instant - self.timing.cadence_us)
            readings += self._taken(instant)
            self.frontier_us = instant
        readings += self._held(frontier)
        self.frontier_us = frontier
        self._set_due()
        return readings

    def _set_due(self) -> None:
        self.due_us = self.frontier_us + self.timing.cadence_us + self.timing.lateness_us

    def _held(self, until: int) -> Iterator[WideReading]:
        """Make readings after the last one for which no row came, while a value still counts."""
        cadence = self.timing.cadence_us
        last = min(until, self._taken_us + MAX_HELD * cadence)
        for instant in range(self.frontier_us + cadence, last + 1, cadence):
            values = self._values_at(instant)
            if values is None:
                return
            yield self._reading(instant, values, None)

    def _taken(self, instant: int) -> Iterator[WideReading]:
        """Make the reading that the rows of an instant enter, after the events before it."""
        for slot, (time_us, value) in self._pending.pop(instant).items():
            if slot == MODE:
                self._mode = None if value is None else str(value)
                self._mode_us = time_us
            else:
                self._values[slot] = value if _is_finite(value) else None
                self._times[slot] = time_us
        self._has_values = True
        self._taken_us = instant
        events = list(self._happened(instant))
        for time_us, event in events[:-1]:
            # A reading has one event: what happened before the last one has readings of its own.
            yield self._reading(time_us, None, event)
        values = self._values_at(instant)
        if values is not None or events:
            yield self._reading(instant, values, events[-1][1] if events else None)

    def _happened(self, instant: int) -> Iterator[tuple[int, str]]:
        """Give the events that begin: a signal that stays is one event."""
        for time_us, meaning in sorted(self._events.pop(instant, {}).items()):
            if meaning and meaning != self._meaning:
                yield time_us, meaning
            self._meaning = meaning

    def _values_at(self, instant: int) -> list[float | None] | None:
        """Give the values that count at an instant; None where none does."""
        values = [
            value if instant - time_us <= hold else None
            for value, time_us, hold in zip(self._values, self._times, self._holds, strict=True)
        ]
        return None if values.count(None) == len(values) else values

    def _reading(
        self, instant: int, values: list[float | None] | None, event: str | None
    ) -> WideReading:
        counts = self._mode_hold is None or instant - self._mode_us <= self._mode_hold
        mode = self._mode if counts else None
        return WideReading(self.name, instant, self._sensors, values, mode, event)


def _is_finite(value: float | str | None) -> TypeGuard[float]:
    """Tell whether a sensor's value can be written: JSON has no NaN and no infinity."""
    return isinstance(value, float) and math.isfinite(value)
