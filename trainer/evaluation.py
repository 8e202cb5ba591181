"""What a bundle does on rows it has not seen, through the live code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.life import Change
from stream_detector.alerting.recorded import (
    ClosedAlert,
    Fate,
    Scorecard,
    Standstill,
    close_alerts,
    scorecard,
)
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.bundle.manifest import Validation
from stream_detector.detection.scored import Status
from stream_detector.detection.threshold import Budget, Threshold
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.recording import LabelKind, Recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from trainer.history import rows_to_find


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The rows kept back, as the live code judged them; n scored rows in time order.

    Parameters
    ----------
    times : datetime64 array, shape (n,)
    scores, thresholds : float64 arrays, shape (n,)
        High = anomalous; each row beside the threshold in force for it.
    positives : bool array, shape (n,)
        Rows to be warned at: within the horizon before an outcome, or labelled anomalous.
    alerts : tuple of ClosedAlert
        In the order in which they were raised. One that returns within its cooldown is
        there twice: it calls again, so it counts again.
    occurrences : tuple of int
        Of each: 1, and from 2 on for a return.
    cooldown : timedelta
        A return within this time goes on as the same alert.
    outcomes : tuple of datetime
    label_kind : "event", "rows" or None
        What the recording's labels mark; None without labels.
    card : Scorecard
        Alerts against outcomes, at the rule's horizon.
    span : (datetime, datetime)
        First and last reading that was taken in.
    asked_per_day : float
        The budget.
    days : float
        Scored rows as days at the model's cadence.
    stood_still : tuple of Standstill
        When there were no readings, in time order.
    unit : float
        What a score rises by when it becomes ten times as rare.
    """

    times: NDArray[np.datetime64]
    scores: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    positives: NDArray[np.bool_]
    alerts: tuple[ClosedAlert, ...]
    occurrences: tuple[int, ...]
    cooldown: timedelta
    outcomes: tuple[datetime, ...]
    label_kind: LabelKind | None
    card: Scorecard
    span: tuple[datetime, datetime]
    asked_per_day: float
    days: float
    stood_still: tuple[Standstill, ...] = ()
    unit: float = 1.0

    @property
    def running(self) -> timedelta:
        """Scored rows as a span of time."""
        return timedelta(days=self.days)

    @property
    def n_distinct(self) -> int:
        """Alerts, each counted once however often it returned."""
        return self.occurrences.count(1)

    @property
    def n_false(self) -> int | None:
        """Alerts that nothing followed in time; None without labels."""
        if self.label_kind is None:
            return None
        return sum(alert.fate in (Fate.NUISANCE, Fate.LATE) for alert in self.alerts)

    @property
    def n_undecided(self) -> int:
        """Alerts of which nobody knows what followed: the labels end too soon after them."""
        if self.label_kind is None:
            return 0
        return sum(alert.fate is Fate.UNLABELLED for alert in self.alerts)

    @property
    def per_day(self) -> float:
        """False alerts raised a day of scored rows; without labels any of them may be one."""
        return (len(self.alerts) if self.n_false is None else self.n_false) / self.days

    @property
    def share_raised(self) -> float:
        """Share of the rows whose threshold stood more than a unit above the first one."""
        return float((self.thresholds > self.thresholds[0] + self.unit).mean())

    @property
    def validation(self) -> Validation:
        """The figures that go into the bundle and with every alert."""
        has_outcomes = self.card.n_outcomes > 0
        return Validation(
            rows=len(self.scores),
            days=round(self.days, 3),
            asked_per_day=self.asked_per_day,
            per_day=round(self.per_day, 3),
            recall=round(self.card.recall or 0.0, 4) if has_outcomes else None,
            recall_by_chance=round(self.card.recall_by_chance, 4) if has_outcomes else None,
            n_outcomes=self.card.n_outcomes,
        )


def evaluate(
    bundle: Bundle,
    recording: Recording,
    *,
    rules: Rules,
    budget: Budget,
    threshold: Threshold | None = None,
    rule: Rule | None = None,
    watch: Sequence[Callable[[Verdict], None]] = (),
) -> Evaluation | None:
    """Replay a recording; None where no row could be scored.

    The alerts of one rule, the first one if none is named, are held against the budget,
    which also is the threshold of its score, unless there is another one. The other score,
    if there is one, has the threshold that the bundle asks for. Who watches is shown every
    verdict, in order.
    """
    rule, threshold = rule or rules.rules[0], threshold or budget
    seen = Seen(rule, bundle.model.max_gap)
    table = ThresholdTable(threshold)
    if rule.score == "head":
        table = ThresholdTable(bundle.manifest.default_threshold, head=threshold)
    pipeline = Pipeline(bundle, rules)
    for verdict in verdicts(records(recording, rules), pipeline, table):
        if isinstance(verdict, Verdict):
            seen.note(verdict)
            for watcher in watch:
                watcher(verdict)
    return seen.held_against(recording, bundle, asked=budget)


@dataclass
class Seen:
    """What the verdicts on a recording told, as far as one rule goes."""

    rule: Rule
    max_gap: timedelta
    rows: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    alerts: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    alert_rows: list[int] = field(default_factory=list)
    """Rows at which they were raised."""
    occurrences: list[int] = field(default_factory=list)
    outcomes: list[datetime] = field(default_factory=list)
    stood_still: list[Standstill] = field(default_factory=list)

    _first: datetime | None = None
    _last: datetime | None = None

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Time of the first and the last reading that was taken in, once there is one.

        Not of the file's first and last row: those may be late ones.
        """
        if self._first is None or self._last is None:
            raise ValueError("no reading was taken in")
        return self._first, self._last

    def note(self, verdict: Verdict) -> None:
        """Take in the next verdict."""
        row, time = verdict.record.offset, verdict.scored.reading.time
        if verdict.scored.status is not Status.LATE:
            if self._last is not None and time - self._last > self.max_gap:
                self.stood_still.append(Standstill(self._last, time))
            self._first, self._last = self._first or time, time
        judged = verdict.of(self.rule)
        if judged.score is not None and judged.in_force is not None:
            self.rows.append(row)
            self.scores.append(judged.score)
            self.thresholds.append(judged.in_force)
        if self.rule in verdict.outcome_of:
            self.outcomes.append(time)
        for rule, change in verdict.transitions:
            if rule is not self.rule:
                continue
            if change.change is Change.RAISED:
                self.alerts.append((time, None))
                self.alert_rows.append(row)
                self.occurrences.append(change.occurrence)
            elif change.change is Change.CLEARED:
                self.alerts[-1] = (self.alerts[-1][0], time)

    def held_against(
        self, recording: Recording, bundle: Bundle, *, asked: Budget
    ) -> Evaluation | None:
        """Hold it against the recording's labels; None where no row was scored."""
        if not self.rows:
            return None
        kind = None if recording.labels is None else recording.label_kind
        horizon, positives = self.rule.horizon, rows_to_find(recording, self.rule)
        outcomes = tuple(self.outcomes)
        start, end = self.span
        scorer = bundle.model.head if self.rule.score == "head" else bundle.model
        limits = (scorer or bundle.model).limits
        if kind == "event":
            alerts = close_alerts(
                self.alerts, outcomes, horizon=horizon, end=end, stood_still=self.stood_still
            )
        else:
            elsewhere = Fate.UNLABELLED if kind is None else Fate.NUISANCE
            alerts = tuple(
                ClosedAlert(*alert, Fate.ANOMALY if positives[row] else elsewhere)
                for alert, row in zip(self.alerts, self.alert_rows, strict=True)
            )
        return Evaluation(
            times=recording.times[self.rows],
            scores=np.array(self.scores),
            thresholds=np.array(self.thresholds),
            positives=positives[self.rows],
            alerts=alerts,
            occurrences=tuple(self.occurrences),
            cooldown=self.rule.cooldown,
            outcomes=outcomes,
            label_kind=kind,
            card=scorecard(
                self.alerts,
                outcomes,
                horizon=horizon,
                cadence=timedelta(seconds=bundle.manifest.cadence_seconds),
                start=start,
                end=end,
                stood_still=self.stood_still,
            ),
            span=self.span,
            asked_per_day=asked.per_day,
            days=len(self.rows) / bundle.model.limits.readings_per_day,
            stood_still=tuple(self.stood_still),
            unit=limits.unit,
        )
