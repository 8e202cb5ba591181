"""Is the worker at work? What its parts report, and what that means: no clock, no client.

Facts are written by the parts that know them, from any thread, and judged by whoever asks:
the watchdog, which ends a worker that only seems to work, and ``/healthz``.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from stream_detector.alerting.figures import Figures
from stream_detector.connections.health_report import Report
from stream_detector.errors import listed


@dataclass
class BookHealth:
    """What is known of the alert book's place in a worker.

    Parameters
    ----------
    began_at : float

    Examples
    --------
    >>> book = BookHealth(began_at=0.0)
    >>> book.assigned(is_ours=True, now=1.0)
    >>> book.stalled(now=61.0, stall_seconds=60)
    ['the alert book stands still for 60 s']
    """

    began_at: float
    is_member: bool = False
    """Of the group of those who may keep it."""
    is_ours: bool = False
    alive_at: float = 0.0
    """When it got on last, said why it does not, or began to wait for a place."""
    error: str | None = None
    """Why it does not get on; it is tried again and again."""
    standing: Callable[[], Mapping[str, int]] | None = None
    """Counts its alerts by how they stand, where it is kept."""

    def __post_init__(self) -> None:
        """Count from the begin."""
        self.alive_at = self.began_at

    def assigned(self, *, is_ours: bool, now: float) -> None:
        """Note that the group gave the book to us, or to another worker."""
        self.is_member, self.is_ours, self.alive_at, self.error = True, is_ours, now, None

    def given_away(self, *, now: float) -> None:
        """Note that we wait for a place in the group."""
        self.is_member, self.is_ours, self.alive_at, self.error = False, False, now, None

    def got_on(self, *, now: float) -> None:
        """Note that there was something to take in, or that there was nothing."""
        self.alive_at, self.error = now, None

    def failed(self, error: str, *, now: float) -> None:
        """Note why it does not get on: a restart would not help, and readings are judged on."""
        self.alive_at, self.error = now, error

    def stalled(self, *, now: float, stall_seconds: float) -> list[str]:
        """Say that nothing is heard of it, if it is not another worker's."""
        idle = now - self.alive_at
        if idle < stall_seconds or (self.is_member and not self.is_ours):
            return []
        if not self.is_member:
            return [f"for {idle:.0f} s the alert book's group has given no place"]
        return [f"the alert book stands still for {idle:.0f} s"]


@dataclass
class DeliveryHealth:
    """What is known of those who are told of alerts through one channel."""

    n_delivered: int = 0
    n_failed: int = 0
    """Attempts that are made again."""
    n_refused: int = 0
    """Messages the receiver does not want: they are given up."""
    n_dropped: int = 0
    """Messages that are never sent, as too many waited for it."""
    fault: str | None = None
    """Why nothing gets through."""
    refusal: str | None = None
    """What the last that got through was refused with."""


@dataclass
class Health:
    """What is known of a worker; times are seconds of a clock that never goes back.

    Parameters
    ----------
    stall_seconds : float
        So long it may have readings to judge without getting on, or no place in its
        group, while Kafka answers.
    began_at : float

    Examples
    --------
    >>> health = Health(stall_seconds=60, began_at=0.0)
    >>> health.joined({0, 1}, now=1.0)
    >>> health.found_ends({0: 500, 1: 20}, now=5.0)
    >>> health.progressed({0: 40, 1: 20}, now=6.0)
    >>> health.lag, health.report(now=30.0).status
    (460, <Status.OK: 'ok'>)
    >>> health.found_ends({0: 900, 1: 20}, now=70.0)
    >>> health.report(now=70.0).reasons
    ('860 readings wait, and none was judged for 64 s',)
    """

    stall_seconds: float
    began_at: float
    partitions: frozenset[int] = frozenset()
    is_member: bool = False
    """Of the group: it may also have been given no partition."""
    positions: Mapping[int, int] = field(default_factory=dict)
    """Of each partition the offset below which all was judged."""
    ends: Mapping[int, int] = field(default_factory=dict)
    """Where the log of each partition ends."""
    progressed_at: float = 0.0
    left_at: float = 0.0
    committed_at: float | None = None
    thresholds_at: float | None = None
    log_was_replaced: bool = False
    """The topic of the readings was deleted and made again."""
    kafka_away: bool = False
    redis_fault: str | None = None
    """What Redis does instead of what it should: it ``does not answer``, or it ``refuses us``."""
    unreadable_thresholds: Collection[str] = ()
    """Machines, or ``*``, whose entries in Redis nobody can read."""
    refused_models: Mapping[str, str] = field(default_factory=dict)
    """Of each model that somebody wants and that cannot be used, why."""
    unreadable_choices: Collection[str] = ()
    """Machines, or ``*``, of which nobody can read what model is wanted."""
    book: BookHealth = field(init=False)
    deliveries: dict[str, DeliveryHealth] = field(default_factory=dict)
    """By channel; none where nobody is told."""
    figures: Figures | None = None
    """Of the alerts; where the book is another worker's, that one has them."""

    def __post_init__(self) -> None:
        """Count from the begin."""
        self.book = BookHealth(self.began_at)
        self.progressed_at = self.left_at = self.began_at

    def joined(self, partitions: Collection[int], *, now: float) -> None:
        """Note that the group gave us these partitions."""
        self.is_member, self.partitions = True, frozenset(partitions)
        self.progressed_at = now

    def left(self, *, now: float) -> None:
        """Note that we wait for a place in the group."""
        self.is_member, self.partitions, self.left_at = False, frozenset(), now

    def progressed(self, positions: Mapping[int, int], *, now: float) -> None:
        """Note that readings were judged: for the first time, or again after a restart."""
        self.positions, self.progressed_at = positions, now

    def alive(self, *, now: float) -> None:
        """Note that it gets on, though no offset tells: a state is read again from the log."""
        self.progressed_at = now

    def found_ends(self, ends: Mapping[int, int], *, now: float) -> None:
        """Note where the log of our partitions ends now."""
        if not self.lag:
            # What comes after all was judged has its time from now on.
            self.progressed_at = max(self.progressed_at, now)
        self.ends = ends

    def kafka_answered(self, *, now: float) -> None:
        """Note that it is there; after an outage all has its time from now on."""
        if self.kafka_away:
            self.progressed_at = max(self.progressed_at, now)
            self.left_at = max(self.left_at, now)
            self.book.alive_at = max(self.book.alive_at, now)
        self.kafka_away = False

    def kafka_did_not_answer(self) -> None:
        """Note that it is away: nobody can get on without it."""
        self.kafka_away = True

    @property
    def lag(self) -> int:
        """Readings of our partitions that wait."""
        return sum(self.lags.values())

    @property
    def lags(self) -> dict[int, int]:
        """The same by partition."""
        return {
            partition: max(end - self.positions.get(partition, 0), 0)
            for partition, end in self.ends.items()
            if partition in self.partitions
        }

    def report(self, *, now: float) -> Report:
        """Judge the facts."""
        away = []
        if self.kafka_away:
            away.append("Kafka does not answer")
        elif self.book.error:
            away.append(f"the alert book is not kept: {self.book.error}")
        if self.redis_fault:
            away.append(f"Redis {self.redis_fault}{self._thresholds_kept}")
        if self.unreadable_thresholds:
            names = listed(sorted(self.unreadable_thresholds))
            away.append(f"unreadable thresholds of {names}: the last good ones stay in force")
        away += [
            f"model {bundle_id} cannot be used, the one that judges goes on: {why}"
            for bundle_id, why in sorted(self.refused_models.items())
        ]
        if self.unreadable_choices:
            names = listed(sorted(self.unreadable_choices))
            away.append(f"unreadable choice of a model for {names}: the last good one counts")
        away += [
            f"the {channel} gets no alerts: {one.fault or one.refusal}"
            for channel, one in tuple(self.deliveries.items())
            if one.fault or one.refusal
        ]
        return Report(failing=[] if self.kafka_away else self._stalled(now), away=away)

    @property
    def _thresholds_kept(self) -> str:
        if self.thresholds_at is None:
            return " since the start: machines keep their thresholds, new ones take the bundle's"
        return ": the last thresholds stay in force"

    def _stalled(self, now: float) -> list[str]:
        idle, outside = now - self.progressed_at, now - self.left_at
        if self.log_was_replaced:
            return ["the topic of the readings was deleted and made again"]
        if not self.is_member:
            late = outside >= self.stall_seconds
            return [f"for {outside:.0f} s the group has given no place"] if late else []
        if self.lag and idle >= self.stall_seconds:
            return [f"{self.lag} readings wait, and none was judged for {idle:.0f} s"]
        return self.book.stalled(now=now, stall_seconds=self.stall_seconds)
