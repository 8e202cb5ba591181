"""Plays faults on a recording: the same messages, but for what goes wrong with a feed.

Each fault is played once, in another place, spread over the recording; where, the seed
decides. Nothing else of it changes, so what comes out differs by the faults alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from stream_detector.detection.detector import Model
from stream_detector.errors import ReadingError
from stream_detector.pipeline.pipeline import MAX_CLOCK_SKEW
from stream_detector.pipeline.readings import ReadingDecoder, Record
from stream_detector.replay.faults import SHOWN, Fault, Span, gap_limit, n_readings, play

_TRIES = 20
"""Places that are looked at for one without a process event: what it does is not the fault's."""


class Injection(NamedTuple):
    """A fault that was played.

    Parameters
    ----------
    fault : Fault
    machine : str
    start, end : datetime
        Times of the first and last reading it was played on.
    watched_from, watched_to : datetime
        The same of the readings around it that show what it did.
    what : str
        What was done to the readings, in words.
    written : frozenset of (int, int)
        Partition and offset of the messages that were changed or added.
    """

    fault: Fault
    machine: str
    start: datetime
    end: datetime
    watched_from: datetime
    watched_to: datetime
    what: str
    written: frozenset[tuple[int, int]]


class Restart(NamedTuple):
    """Where the state is kept, and where it is lost: numbers of records before."""

    kept_at: int
    lost_at: int


class Injected(NamedTuple):
    """A recording with faults.

    Parameters
    ----------
    records : list of Record
        Offsets grow by what was added before them in their partition.
    injections : list of Injection
        In the order they were asked for.
    restarts : list of Restart
        In order, none within another.
    not_played : list of (Fault, str)
        The others, and why.
    """

    records: list[Record]
    injections: list[Injection]
    restarts: list[Restart]
    not_played: list[tuple[Fault, str]]


def inject(
    recording: Iterable[Record], faults: Sequence[Fault], model: Model, *, seed: int = 0
) -> Injected:
    """Play faults on a recording; it is held in memory, as a place needs to know its length.

    Parameters
    ----------
    recording : iterable of Record
        Of any number of machines and partitions, each of these in log order.
    faults : sequence of Fault
    model : Model
        It says what a stuck sensor, a frozen feed and a gap are.
    seed : int
        Decides the places and the sensors.
    """
    records = list(recording)
    random = np.random.default_rng(seed)
    tracks = _tracks(records, model)
    not_played = _deal_out(faults, tracks, model, random)
    played: list[_Place] = []
    for track in tracks:
        for place in track.lay_out(records, model, random):
            if isinstance(place, _Place):
                played.append(place)
            else:
                not_played.append((place, "its place leaves nothing it could break"))
    played.sort(key=lambda place: faults.index(place.fault))
    not_played.sort(key=lambda one: faults.index(one[0]))
    return _assemble(records, played, not_played)


@dataclass(frozen=True)
class _Place:
    """A fault and where it stands."""

    fault: Fault
    track: "_Track"
    start: int
    stop: int
    """Readings of the track, the last not included."""
    records: dict[int, tuple[Record, ...]]
    what: str


@dataclass(eq=False)
class _Track:
    """The readings of one machine in one partition that enter, and the faults to play there."""

    machine: str
    indices: list[int] = field(default_factory=list)
    """Places in the recording."""
    times: list[datetime] = field(default_factory=list)
    events: list[bool] = field(default_factory=list)
    """Whether a reading also tells of a process event."""
    lengths: dict[Fault, int] = field(default_factory=dict)
    """Readings that each fault is played on."""

    def cadence(self) -> timedelta:
        """Give the usual step between two readings."""
        steps = sorted(b - a for a, b in zip(self.times, self.times[1:], strict=False))
        return steps[len(steps) // 2]

    @property
    def room(self) -> int:
        """Readings that no fault needs, nor what is watched around it."""
        return len(self.indices) - sum(length + 2 * SHOWN for length in self.lengths.values())

    def lay_out(
        self, records: Sequence[Record], model: Model, random: np.random.Generator
    ) -> list["_Place | Fault"]:
        """Spread the faults over the track; one that cannot be played there stays as it is."""
        places: list[_Place | Fault] = []
        share, needed, free = self.room / max(1, len(self.lengths)), 0, SHOWN
        for k, (fault, length) in enumerate(self.lengths.items()):
            earliest = max(free, needed + SHOWN + round(k * share))
            latest = max(earliest, needed + SHOWN + round((k + 1) * share) - 1)
            needed += length + 2 * SHOWN
            start = self._choose(earliest, latest, length, random)
            stop = self._end_of_gap(start, model) if fault is Fault.GAP else start + length
            free = stop + 2 * SHOWN
            place = stop < len(self.indices) and self._play(
                fault, range(start, stop), records, model, random
            )
            places.append(place or fault)
        return places

    def _choose(self, earliest: int, latest: int, length: int, random: np.random.Generator) -> int:
        start = earliest
        for _ in range(_TRIES):
            start = int(random.integers(earliest, latest + 1))
            if not any(self.events[start : start + length]):
                break
        return start

    def _end_of_gap(self, start: int, model: Model) -> int:
        """Find the first reading that is long enough after the one before the gap."""
        # A gap before it that took more readings than usual may have left none.
        until = self.times[min(start, len(self.times)) - 1] + gap_limit(model)
        stop = start + 1
        while stop < len(self.times) and self.times[stop] <= until:
            stop += 1
        return stop

    def _play(
        self,
        fault: Fault,
        where: range,
        records: Sequence[Record],
        model: Model,
        random: np.random.Generator,
    ) -> _Place | None:
        cut = slice(where.start, where.stop)
        last = records[self.indices[where.start - 1]]
        span = Span(records, self.indices[cut], self.times[cut], last)
        played = play(fault, span, model, random)
        if played is None:
            return None
        return _Place(fault, self, where.start, where.stop, dict(played.records), played.what)


def _tracks(records: Sequence[Record], model: Model) -> list[_Track]:
    """Follow each machine: its readings with values, each newer than the one before."""
    decoder = ReadingDecoder(model.features, max_clock_skew=MAX_CLOCK_SKEW)
    tracks: dict[tuple[int, str], _Track] = {}
    for i, record in enumerate(records):
        try:
            reading = decoder.decode(record)
        except ReadingError:
            continue
        track = tracks.setdefault((record.partition, reading.machine), _Track(reading.machine))
        if reading.values is None or (track.times and reading.time <= track.times[-1]):
            continue
        track.indices.append(i)
        track.times.append(reading.time)
        track.events.append(reading.event is not None)
    return [track for track in tracks.values() if len(track.times) > 1]


def _deal_out(
    faults: Sequence[Fault], tracks: Sequence[_Track], model: Model, random: np.random.Generator
) -> list[tuple[Fault, str]]:
    """Give each fault to the machine with most room left; tell which have none."""
    none = []
    for i in random.permutation(len(faults)).tolist():
        fault = faults[i]
        if not tracks:
            none.append((fault, "no machine has readings"))
            continue
        roomiest = max(tracks, key=lambda track: track.room)
        length = n_readings(fault, model, cadence=roomiest.cadence())
        if length is None:
            none.append((fault, "the model has no sensor that could be stuck"))
        elif roomiest.room < length + 2 * SHOWN:
            none.append((fault, f"no machine has {length + 2 * SHOWN} readings free for it"))
        else:
            roomiest.lengths[fault] = length
    return none


def _assemble(
    records: Sequence[Record], places: Sequence[_Place], not_played: list[tuple[Fault, str]]
) -> Injected:
    """Put the recording together again, with what the faults made of it."""
    at_index = {i: place for place in places for i in place.records}
    written: dict[Fault, set[tuple[int, int]]] = {place.fault: set() for place in places}
    added: Counter[int] = Counter()
    out: list[Record] = []
    begins: list[int] = []
    """How many records stand before each of the recording's."""
    for i, record in enumerate(records):
        begins.append(len(out))
        place = at_index.get(i)
        standing = (record,) if place is None else place.records[i]
        for k, one in enumerate(standing):
            # A message that was left out leaves a hole, as compaction does.
            added[record.partition] += k > 0
            offset = record.offset + added[record.partition]
            out.append(one._replace(offset=offset) if offset != one.offset else one)
            if place is not None and (k > 0 or one is not record):
                written[place.fault].add((record.partition, offset))
    restarts = [
        Restart(begins[one.track.indices[one.start]], begins[one.track.indices[one.stop]])
        for one in places
        if one.fault is Fault.RESTART
    ]
    injections = [_injection(one, frozenset(written[one.fault])) for one in places]
    return Injected(out, injections, restarts, not_played)


def _injection(place: _Place, written: frozenset[tuple[int, int]]) -> Injection:
    times = place.track.times
    return Injection(
        place.fault,
        place.track.machine,
        times[place.start],
        times[place.stop - 1],
        times[place.start - SHOWN],
        times[min(place.stop + SHOWN, len(times)) - 1],
        place.what,
        written,
    )
