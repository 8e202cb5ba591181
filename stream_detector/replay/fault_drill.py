"""A recording judged twice, with faults of the feed and without: what the faults bring."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from stream_detector.alerting.life import Change
from stream_detector.detection.feed_health import FeedEvent
from stream_detector.pipeline.machine import Refusal, Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.fault_injection import Injected, Injection
from stream_detector.replay.replaying import Tally, became, verdicts, write
from stream_detector.replay.restarting import verdicts_with_restarts

Phase = Literal["before", "during", "after"]

PHASES: tuple[Phase, ...] = ("before", "during", "after")


@dataclass
class Observed:
    """What was made of the readings around a fault.

    Parameters
    ----------
    readings : dict of Phase to Counter of str
        What became of them, see :func:`~stream_detector.replay.replaying.became`.
    changes : dict of Phase to Counter of Change
        Of the machine's alerts.
    events : list of FeedEvent
        During and after the fault.
    """

    readings: dict[Phase, Counter[str]] = field(
        default_factory=lambda: {phase: Counter() for phase in PHASES}
    )
    changes: dict[Phase, Counter[Change]] = field(
        default_factory=lambda: {phase: Counter() for phase in PHASES}
    )
    events: list[FeedEvent] = field(default_factory=list)


class Effect(NamedTuple):
    """What came of a fault, and what without it."""

    injection: Injection
    faulty: Observed
    plain: Observed

    @property
    def events(self) -> list[FeedEvent]:
        """What only the fault brought."""
        return [event for event in self.faulty.events if event not in self.plain.events]

    @property
    def changes_alerts(self) -> bool:
        """Whether other alerts were raised or cleared around it."""
        # A heartbeat may be told elsewhere, because it counts from the raise.
        return any(
            self.faulty.changes[phase][change] != self.plain.changes[phase][change]
            for phase in PHASES
            for change in (Change.RAISED, Change.CLEARED)
        )


def drill(
    recording: Sequence[Record],
    injected: Injected,
    new_pipeline: Callable[[], Pipeline],
    thresholds: ThresholdTable,
    *,
    scores: Path | None = None,
    alerts: Path | None = None,
) -> tuple[Tally, list[Effect]]:
    """Judge a recording as it was, and with faults; write what comes of it with them.

    Parameters
    ----------
    recording : sequence of Record
    injected : Injected
        The same with the faults.
    new_pipeline : callable
    thresholds : ThresholdTable
    scores, alerts : Path, optional
        As for :func:`~stream_detector.replay.replaying.write`.

    Returns
    -------
    tally : Tally
        Of the recording with the faults.
    effects : list of Effect
        One per injection.
    """
    plain, faulty = _Observer(injected.injections), _Observer(injected.injections)
    for _ in plain.watch(verdicts(recording, new_pipeline(), thresholds)):
        pass
    pipeline = new_pipeline()
    judged = verdicts_with_restarts(injected.records, pipeline, thresholds, injected.restarts)
    tally = write(faulty.watch(judged), pipeline, scores=scores, alerts=alerts)
    return tally, [
        Effect(*one)
        for one in zip(injected.injections, faulty.observed, plain.observed, strict=True)
    ]


class _Observer:
    """Notes what comes of injections while a recording is judged, with the faults or without."""

    def __init__(self, injections: Sequence[Injection]) -> None:
        self.observed = [Observed() for _ in injections]
        self._of_machine: dict[str, list[tuple[Injection, Observed]]] = {}
        self._written: dict[tuple[int, int], Observed] = {}
        for injection, observed in zip(injections, self.observed, strict=True):
            self._of_machine.setdefault(injection.machine, []).append((injection, observed))
            self._written |= dict.fromkeys(injection.written, observed)

    def watch(self, judged: Iterable[Verdict | Refusal]) -> Iterator[Verdict | Refusal]:
        """Note verdicts, and pass them on."""
        for verdict in judged:
            if isinstance(verdict, Refusal):
                self._note_refusal(verdict)
            else:
                self._note(verdict)
            yield verdict

    def _note_refusal(self, refusal: Refusal) -> None:
        # It has neither a machine nor a time that could be trusted, but a place in the log.
        place = (refusal.record.partition, refusal.record.offset)
        if observed := self._written.get(place):
            observed.readings["during"][became(refusal)] += 1

    def _note(self, verdict: Verdict) -> None:
        reading = verdict.scored.reading
        for injection, observed in self._of_machine.get(reading.machine, ()):
            if phase := _phase(injection, reading.time):
                observed.readings[phase][became(verdict)] += 1
                observed.changes[phase].update(one.change for _, one in verdict.transitions)
                if phase != "before":
                    observed.events += verdict.feed_events


def _phase(injection: Injection, time: datetime) -> Phase | None:
    if not injection.watched_from <= time <= injection.watched_to:
        return None
    return PHASES[(time >= injection.start) + (time > injection.end)]
