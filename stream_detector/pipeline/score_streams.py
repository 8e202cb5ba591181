"""What models told of readings, from the scores topic: for whoever compares models."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from stream_detector.alerting.alarm_load import Series
from stream_detector.alerting.trial import Course, Told, Trial
from stream_detector.errors import UNREADABLE

_HELD: Final = 10_000
"""Readings that wait for what the candidate says of them: it does so behind the batch that they
are of, and a batch has at most so many."""


class _Head(msgspec.Struct, frozen=True, gc=False):
    score: float | None
    above: bool
    alarm: bool
    raised: tuple[str, ...]


class ScoreLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message of the scores topic, as far as models are compared by it.

    One from before ``raised`` was told is none: nobody knows what its reading raised.
    """

    machine: str
    event_time: Annotated[datetime, msgspec.Meta(tz=True)]
    score: float | None
    above: bool
    alarm: bool
    raised: tuple[str, ...]
    bundle: str
    head: _Head | None = None
    shadow: bool = False

    def told(self) -> Iterator[tuple[Series, Told]]:
        """Give what it says by each score that the model has."""
        told = Told(self.event_time, self.score, self.above, self.raised, self.alarm)
        yield Series(self.machine, "anomaly"), told
        if (head := self.head) is not None:
            of_head = Told(self.event_time, head.score, head.above, head.raised, head.alarm)
            yield Series(self.machine, "head"), of_head


_decoder = msgspec.json.Decoder(ScoreLine)


def decode_line(data: bytes | None) -> ScoreLine | None:
    """Read a message of the topic; None is what nobody of ours wrote.

    Examples
    --------
    >>> decode_line(b"{]") is None
    True
    """
    try:
        return _decoder.decode(data or b"")
    except UNREADABLE:
        return None


class Trials:
    """Brings together what the active model and a candidate say of the same readings.

    It takes in the messages of one partition after the other, each in the order of the log.
    Repeats change nothing. Where another model becomes the active one of a machine, the
    comparison of that machine begins anew.

    Parameters
    ----------
    candidate : str
        Id of its bundle.
    max_gap : timedelta
        Of its manifest.
    wants : callable
        Whether a machine, by name, is to be compared.

    Attributes
    ----------
    by_series : dict of Series to Trial
    """

    def __init__(self, candidate: str, *, max_gap: timedelta, wants: Callable[[str], bool]) -> None:
        self._candidate = candidate
        self._max_gap = max_gap
        self._wants = wants
        self._active: dict[str, str] = {}
        self._newest: dict[str, datetime] = {}
        self._n_told: dict[str, int] = {}
        self._n_paired: dict[str, int] = {}
        self._held: dict[tuple[str, datetime], tuple[int, ScoreLine]] = {}
        self.by_series: dict[Series, Trial] = {}

    @property
    def active(self) -> frozenset[str]:
        """The models that judged the machines that were compared."""
        return frozenset(self._active[one.machine] for one in self.by_series)

    def take(self, line: ScoreLine) -> None:
        """Take in a message."""
        if not self._wants(line.machine):
            return
        if line.shadow and line.bundle == self._candidate:
            self._pair(line)
        elif not line.shadow and line.bundle != self._candidate:
            self._hold(line)

    def _hold(self, line: ScoreLine) -> None:
        machine = line.machine
        if machine in self._newest and line.event_time <= self._newest[machine]:
            return
        self._newest[machine] = line.event_time
        if self._active.setdefault(machine, line.bundle) != line.bundle:
            self._active[machine] = line.bundle
            for name in [one for one in self.by_series if one.machine == machine]:
                del self.by_series[name]
        number = self._n_told[machine] = self._n_told.get(machine, 0) + 1
        self._held[machine, line.event_time] = number, line
        if len(self._held) > _HELD:
            del self._held[next(iter(self._held))]

    def _pair(self, candidate: ScoreLine) -> None:
        machine = candidate.machine
        number, active = self._held.pop((machine, candidate.event_time), (0, None))
        if active is None:
            return
        is_next = number == self._n_paired.get(machine, 0) + 1
        self._n_paired[machine] = number
        one, other = dict(active.told()), dict(candidate.told())
        for name in one.keys() | other.keys():
            trial = self.by_series.setdefault(name, Trial.of(self._max_gap))
            if not is_next:
                trial.break_off()
            # A model without a head raises nothing by it.
            nothing = Told(active.event_time, None, above=False, raised=(), alarm=False)
            trial.take(one.get(name, nothing), other.get(name, nothing))


class ActiveCourses:
    """Follows what one model raised where it was the active one.

    Parameters
    ----------
    bundle_id : str
    max_gap : timedelta
    wants : callable
        Whether a machine, by name, is to be followed.

    Attributes
    ----------
    by_series : dict of Series to Course
    """

    def __init__(self, bundle_id: str, *, max_gap: timedelta, wants: Callable[[str], bool]) -> None:
        self._bundle_id = bundle_id
        self._max_gap = max_gap
        self._wants = wants
        self._newest: dict[str, datetime] = {}
        self.by_series: dict[Series, Course] = {}

    def take(self, line: ScoreLine) -> None:
        """Take in a message; a repeat changes nothing."""
        machine, time = line.machine, line.event_time
        if line.shadow or line.bundle != self._bundle_id or not self._wants(machine):
            return
        if machine in self._newest and time <= self._newest[machine]:
            return
        self._newest[machine] = time
        for name, told in line.told():
            course = self.by_series.setdefault(name, Course(self._max_gap))
            course.take(time, raised=told.raised, alarm=told.alarm)
