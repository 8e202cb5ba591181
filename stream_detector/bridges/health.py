"""Is the bridge at work, and what has it done? What its parts report; no clock, no client.

Facts are written by the parts that know them, from any thread, and judged by whoever asks:
the watchdog, which ends a bridge that only seems to work, and ``/healthz``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from stream_detector.bridges.journal.journal import Journal
from stream_detector.connections.health_report import Report
from stream_detector.errors import RowError

REFUSAL_CODES: Final = (
    *("empty", "too-large", "too-deep", "not-json", "invalid", "clock", "late", "not-a-number"),
    *("missing", "time", "tag", "value", "quality", "too-many"),
    *("not-framed", "unknown-schema", "other-schema", "unreadable"),
    *("not-sparkplug", "no-birth", "unborn", "no-time", "historical"),
)
"""Each is counted from 0: to Prometheus, a first letter that begins a series is no increase."""

_ONLY_REFUSED_SECONDS: Final = 60.0
"""So long messages may come of which none gives a row, before that is told."""

Part = Literal["journal", "partitions", "registry"]
"""What may keep a bridge from getting on, though nobody is to blame but what it needs."""


@dataclass(frozen=True)
class OnlyRefused:
    """What was refused while no message gave a row; times are seconds as of the health."""

    since: float
    until: float
    n_refused: int
    last: str
    """Why the last of them was refused."""


@dataclass
class BridgeHealth:
    """What is known of a bridge; times are seconds of a clock that never goes back.

    Parameters
    ----------
    name : str
        Of the bridge.
    source : str
        Where rows come from, for people.
    stall_seconds : float
        So long neither the way to Kafka nor the source may stand still, unless it is known why.
    began_at : float

    Examples
    --------
    >>> health = BridgeHealth("mill", "the broker", stall_seconds=60, began_at=0.0)
    >>> health.listened(now=10.0, fault="Connection refused")
    >>> health.got_on(now=10.0, n_waiting=0)
    >>> health.report(now=20.0).reasons
    ('the broker gives no rows: Connection refused',)
    >>> health.got_on(now=25.0, n_waiting=7)
    >>> health.listened(now=80.0)
    >>> health.report(now=85.0)
    Report(failing=['7 rows wait, and none got on for 60 s'], away=[])
    """

    name: str
    source: str
    stall_seconds: float
    began_at: float
    is_started: bool = False
    """It knows where it was, and the topics are there."""
    kafka_away: bool = False
    source_fault: str | None = None
    """Why the source gives nothing."""
    faults: dict[Part, str] = field(default_factory=dict)
    got_on_at: float = 0.0
    """When the way to Kafka was last gone through, with rows or without."""
    listened_at: float | None = None
    """When the source was last listened to; None where that is Kafka itself."""
    row_at: float | None = None
    n_rows: int = 0
    """Taken from the source."""
    n_waiting: int = 0
    n_lost: int = 0
    """Rows that were gone before they were read; those of the journal it knows itself."""
    n_unmapped: int = 0
    n_readings: int = 0
    n_delivered: int = 0
    """Readings that Kafka has confirmed."""
    refused: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REFUSAL_CODES, 0)))
    """Dead letters by reason code."""
    only_refused: OnlyRefused | None = None
    """What was refused since the last row, if anything."""
    journal: Journal | None = None
    """Where rows wait on disk, if they do."""

    def __post_init__(self) -> None:
        """Count from the begin."""
        self.got_on_at = self.began_at

    @property
    def is_connected(self) -> bool:
        """Tell whether rows can come."""
        return self.source_fault is None and not (self.listened_at is None and self.kafka_away)

    @property
    def n_rows_lost(self) -> int:
        """Rows that enter no reading, though they were or should have been ours."""
        return self.n_lost + (0 if self.journal is None else self.journal.n_lost)

    def took(self, n_rows: int, refused: Sequence[RowError], *, now: float) -> None:
        """Note that the source gave rows, and messages that cannot be used."""
        self.n_rows += n_rows
        self.refused.update(error.code for error in refused)
        if n_rows:
            self.row_at, self.only_refused = now, None
        elif refused:
            before = self.only_refused or OnlyRefused(now, now, 0, "")
            n_refused = before.n_refused + len(refused)
            self.only_refused = OnlyRefused(before.since, now, n_refused, f"{refused[-1]!s:.200}")

    def made(self, n_readings: int, codes: Iterable[str], *, n_unmapped: int) -> None:
        """Note what rows came to; unmapped ones since the start."""
        self.n_readings += n_readings
        self.refused.update(codes)
        self.n_unmapped = n_unmapped

    def listened(self, *, now: float, fault: str | None = None) -> None:
        """Note that the source was listened to, and why it gives nothing."""
        self.listened_at, self.source_fault = now, fault

    def got_on(self, *, now: float, n_waiting: int) -> None:
        """Note that the way to Kafka was gone through, and how many rows wait now."""
        self.got_on_at, self.n_waiting = now, n_waiting

    def held_up(self, part: Part, reason: str) -> None:
        """Note that we wait for something that we need."""
        self.faults[part] = reason

    def freed(self, part: Part, *, now: float) -> None:
        """Note that it is back; what waited for it has its time from now on."""
        if part in self.faults:
            self.got_on_at = max(self.got_on_at, now)
            if self.listened_at is not None:
                self.listened_at = max(self.listened_at, now)
            del self.faults[part]

    def kafka_answered(self, *, now: float) -> None:
        """Note that Kafka is there."""
        if self.kafka_away:
            self.got_on_at = max(self.got_on_at, now)
        self.kafka_away = False

    def kafka_did_not_answer(self) -> None:
        """Note that it is away."""
        self.kafka_away = True

    def report(self, *, now: float) -> Report:
        """Judge the facts."""
        away = ["Kafka does not answer"] if self.kafka_away else []
        if self.source_fault is not None:
            away.append(f"{self.source} gives no rows: {self.source_fault}")
        away += [reason for _, reason in sorted(self.faults.items())]
        found = self.only_refused
        if found is not None and (seconds := found.until - found.since) >= _ONLY_REFUSED_SECONDS:
            away.append(
                f"no row came of the messages of {seconds:.0f} s: {found.n_refused} refused, the "
                f"last: {found.last}"
            )
        return Report(failing=self._stalled(now), away=away)

    def _stalled(self, now: float) -> list[str]:
        stalled = []
        idle = now - self.got_on_at
        # With a journal, what holds up the source does not hold up the rows that are in it.
        is_held_up = self.kafka_away or (self.listened_at is None and self.faults)
        if idle >= self.stall_seconds and not is_held_up:
            stalled.append(f"{self.n_waiting} rows wait, and none got on for {idle:.0f} s")
        if self.listened_at is not None and not self.faults:
            idle = now - self.listened_at
            if idle >= self.stall_seconds:
                stalled.append(f"nobody has listened to {self.source} for {idle:.0f} s")
        return stalled


def health_facts(health: BridgeHealth, *, now: float) -> dict[str, Any]:
    """Give what is known as plain data; ages in seconds, null where it never was."""
    report = health.report(now=now)
    journal = health.journal
    return {
        "status": str(report.status),
        "reasons": list(report.reasons),
        "bridge": health.name,
        "connected": health.is_connected,
        "rows_waiting": health.n_waiting,
        "rows_lost": health.n_rows_lost,
        "row_age_s": None if health.row_at is None else round(now - health.row_at, 1),
        "progress_age_s": round(now - health.got_on_at, 1),
        "journal_bytes": None if journal is None else journal.n_bytes,
    }
