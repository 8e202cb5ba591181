"""What another threshold would have made of the scores that are kept.

The kept scores go through the pipeline's own :class:`~stream_detector.pipeline.machine.Machine`:
the same limit, controller and alert life as live. Two things are not kept, and taken as usual:
where the controller stood before (at 0), and which sensors a score did not rest on (none).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stream_detector.alerting.kpi import LEAST_SPAN
from stream_detector.alerting.ledger import LedgerOutcome
from stream_detector.alerting.rules import Rules
from stream_detector.alerting.scorecards import lead_of
from stream_detector.alerting.trial import Raise
from stream_detector.console.machine import MachineRecord, Outcome
from stream_detector.detection.detector import Model
from stream_detector.detection.feed_health import Quality, QualityState
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState
from stream_detector.detection.threshold import Threshold
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.readings import Record


@dataclass(frozen=True)
class KeptScore:
    """A judged reading as it is kept; ``score`` is None where there was none."""

    time: datetime
    score: float | None
    mode: str | None
    raised: tuple[str, ...]
    """The rules whose alert it raised."""


@dataclass(frozen=True)
class Past:
    """The trailing days of one machine under one model."""

    machine: str
    scores: tuple[KeptScore, ...]
    outcomes: tuple[Outcome, ...]
    n_left_out: int = 0
    """Readings that another model judged: its scores say nothing of this one's."""

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.scores[-1].time - self.scores[0].time if self.scores else timedelta()


@dataclass(frozen=True)
class Judged:
    """What a threshold makes of a past."""

    n_alerts: int
    """Readings that raised one or several: so the budget counts them."""
    n_warned: int
    """Outcomes that an alert was raised within the horizon of its rule before, in that run."""
    n_outcomes: int
    span: timedelta
    """How long was judged; of several machines the time of all, as a budget is for each."""

    @property
    def per_day(self) -> float | None:
        """Alerts a machine and day; None before there is an hour to tell it by."""
        return self.n_alerts / (self.span / timedelta(days=1)) if self.span >= LEAST_SPAN else None


def past_of(machine: MachineRecord, bundle_id: str) -> Past:
    """Take a machine's trailing days under a model out of what is kept of it."""
    rows, modes, raises = machine.scores_of(bundle_id), machine.modes, machine.raises
    scores = tuple(
        KeptScore(
            datetime.fromtimestamp(time, UTC),
            None if score != score else score,  # noqa: PLR0124 - nan
            modes[mode],
            raises[raised],
        )
        for time, score, mode, raised in zip(
            rows["time"].tolist(),
            rows["score"].tolist(),
            rows["mode"].tolist(),
            rows["raised"].tolist(),
            strict=True,
        )
    )
    first = scores[0].time if scores else datetime.now(UTC)
    outcomes = tuple(one for one in machine.outcomes if one.time >= first)
    return Past(machine.name, scores, outcomes, len(machine.scores.rows()) - len(scores))


def as_it_was(past: Past, rules: Rules) -> Judged:
    """Count what was really raised."""
    return _judged(past, (Raise(one.time, one.raised) for one in past.scores), rules)


def rejudged(past: Past, threshold: Threshold, *, model: Model, rules: Rules) -> Judged:
    """Say what a threshold would have made of a past."""
    machine = Machine(past.machine, DetectorState(n_sensors=1, window_size=1), model, rules)
    machine.adopt(threshold)
    verdicts = (
        machine.judge(_record(past.machine, offset, scored), scored)
        for offset, scored in enumerate(_in_order(past, model, rules))
    )
    raised = (Raise(one.scored.reading.time, one.anomaly.raised) for one in verdicts)
    return _judged(past, raised, rules)


def summed(parts: Sequence[Judged]) -> Judged:
    """Add up what was judged of several machines."""
    return Judged(
        n_alerts=sum(one.n_alerts for one in parts),
        n_warned=sum(one.n_warned for one in parts),
        n_outcomes=sum(one.n_outcomes for one in parts),
        span=sum((one.span for one in parts), timedelta()),
    )


def _in_order(past: Past, model: Model, rules: Rules) -> list[Scored]:
    """Put readings and outcomes into the order in which the pipeline saw them."""
    found = [
        Scored(Reading(past.machine, one.time, None, event=one.name), Status.EVENT)
        for one in past.outcomes
    ]
    ends = sorted(one.time for one in past.outcomes if one.name in rules.run_ending_events)
    before: datetime | None = None
    for one in past.scores:
        ended = before is not None and bisect_left(ends, before) != bisect_left(ends, one.time)
        first = before is None or ended or one.time - before > model.max_gap
        state = QualityState.BAD if one.score is None else QualityState.GOOD
        status = Status.UNSCORED if one.score is None else Status.SCORED
        reading = Reading(past.machine, one.time, None, mode=one.mode)
        quality = Quality(state, 1, 1)
        found.append(Scored(reading, status, score=one.score, quality=quality, first_of_run=first))
        before = one.time
    return sorted(found, key=lambda scored: scored.reading.time)


def _record(machine: str, offset: int, scored: Scored) -> Record:
    return Record("", 0, offset, scored.reading.time, machine.encode(), None)


def _judged(past: Past, readings: Iterable[Raise], rules: Rules) -> Judged:
    raised = [one for one in readings if one.rules]
    known, warned = set[Outcome](), set[Outcome]()
    for rule in rules.by("anomaly"):
        of_rule = [one.time for one in raised if rule.name in one.rules]
        for one in past.outcomes:
            if one.name == rule.outcome:
                known.add(one)
                outcome = LedgerOutcome(past.machine, rule.name, one.time, one.run_start)
                if lead_of(outcome, of_rule, rule.horizon):
                    warned.add(one)
    return Judged(len(raised), len(warned), len(known), past.span)
