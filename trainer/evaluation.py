"""What a bundle does on rows it has not seen, through the live code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.ledger import Scorecard, scorecard
from stream_detector.alerting.life import Change
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.bundle.manifest import Validation
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.machine import Refusal
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from trainer.history import outcome_rows, rows_before_outcomes


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
    alerts : tuple of (raised, cleared or None)
        One that returns within its cooldown is there twice.
    outcomes : tuple of datetime
    labelled : bool
        Whether the recording says what was abnormal.
    card : Scorecard
        Alerts against outcomes, at the rule's horizon.
    n_nuisance : int
        Alerts that no outcome followed, and that were not raised on a labelled row.
    asked_per_day : float
        The budget.
    days : float
        Scored rows as days at the model's cadence.
    """

    times: NDArray[np.datetime64]
    scores: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    positives: NDArray[np.bool_]
    alerts: tuple[tuple[datetime, datetime | None], ...]
    outcomes: tuple[datetime, ...]
    labelled: bool
    card: Scorecard
    n_nuisance: int
    asked_per_day: float
    days: float

    @property
    def per_day(self) -> float:
        """Nuisance alerts raised a day of scored rows."""
        return self.n_nuisance / self.days

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
    bundle: Bundle, recording: Recording, *, rules: Rules, budget: Budget
) -> Evaluation | None:
    """Replay a recording with the bundle's budget; None where no row could be scored."""
    rule = rules.rules[0]
    before = rows_before_outcomes(recording, horizon=timedelta(seconds=rule.horizon_seconds))
    labels = np.zeros(recording.n_rows, bool) if recording.labels is None else recording.labels
    positives = before | (labels & (recording.label_kind == "rows"))
    table = ThresholdTable(budget)
    rows: list[int] = []
    scores: list[float] = []
    thresholds: list[float] = []
    alerts: list[tuple[datetime, datetime | None]] = []
    n_on_anomalies = 0
    for verdict in verdicts(records(recording), Pipeline(bundle, rules), table):
        if isinstance(verdict, Refusal):
            continue
        if verdict.scored.score is not None and verdict.level is not None:
            rows.append(verdict.record.offset)
            scores.append(verdict.scored.score)
            thresholds.append(verdict.level)
        for of_rule, change in verdict.transitions:
            if of_rule is not rule:
                continue
            time = verdict.scored.reading.time
            if change.change is Change.RAISED:
                alerts.append((time, None))
                n_on_anomalies += bool(labels[verdict.record.offset])
            elif change.change is Change.CLEARED:
                alerts[-1] = (alerts[-1][0], time)
    if not rows:
        return None
    card = _card(rule, alerts, recording)
    return Evaluation(
        times=recording.times[rows],
        scores=np.array(scores),
        thresholds=np.array(thresholds),
        positives=positives[rows],
        alerts=tuple(alerts),
        outcomes=_outcomes(recording),
        labelled=recording.labels is not None,
        card=card,
        n_nuisance=card.n_nuisance - n_on_anomalies,
        asked_per_day=budget.per_day,
        days=len(rows) / bundle.model.limits.readings_per_day,
    )


def _outcomes(recording: Recording) -> tuple[datetime, ...]:
    return tuple(recording.time(int(row)) for row in np.flatnonzero(outcome_rows(recording)))


def _card(
    rule: Rule, alerts: Sequence[tuple[datetime, datetime | None]], recording: Recording
) -> Scorecard:
    return scorecard(
        alerts,
        _outcomes(recording),
        horizon=timedelta(seconds=rule.horizon_seconds),
        start=recording.time(0),
        end=recording.time(recording.n_rows - 1),
    )
