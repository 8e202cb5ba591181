"""Which sensors the rows kept back surprised by, gathered while they are replayed."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.life import Change
from stream_detector.alerting.recorded import Fate
from stream_detector.alerting.rules import Rule
from stream_detector.detection.conditioning import Conditioning, clip
from stream_detector.detection.contributions import sensor_shares
from stream_detector.detection.packed import join_rows
from stream_detector.pipeline.machine import Verdict
from stream_detector.replay.recording import Recording
from stream_detector.replay.replaying import became
from trainer.evaluation import Evaluation
from trainer.found import delays
from trainer.history import rows_before_outcomes, rows_to_find, stretches

MOST_EVENTS = 48
"""Events that are shown one by one, the latest: more columns could not be told apart."""


EventKind = Literal["outcome", "stretch", "alert"]


class Residuals(NamedTuple):
    """What a class of rows left of what was expected of each sensor, in its training spreads.

    Of values as the model sees them: one beyond 12 spreads counts as 12.

    Parameters
    ----------
    mean, deviation : float64 arrays, shape (p,)
        NaN where a sensor has no value in any of them.
    n_rows : int
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    n_rows: int


class Over(NamedTuple):
    """The rows over their threshold.

    Parameters
    ----------
    shares : float64 array, shape (p,)
        Mean contributions of the sensors to their scores.
    n_rows : int
    """

    shares: NDArray[np.float64]
    n_rows: int


class Event(NamedTuple):
    """An outcome, a labelled stretch or an alert, and the sensors that the scores were due to.

    Parameters
    ----------
    time : datetime
        Of the outcome, the begin of the stretch, the alert.
    was_found : bool
    shares : float64 array, shape (p,)
        Mean contributions of the sensors to the scores of its rows; they sum to 1.
    """

    time: datetime
    was_found: bool
    shares: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explained:
    """What the sensors of the rows kept back told; p columns of the model, modes among them.

    Parameters
    ----------
    normal : Residuals
        Of the rows that were not to be warned at; without labels, of all.
    positive : Residuals or None
        Of the others; None where there are none.
    kind : EventKind
        What the events are.
    events : tuple of Event
        In time order; the last ones, where there are many.
    n_events : int
        Of which contributions are known.
    n_left_out : int
        Others, none of whose rows has a score that anything contributed to: where an outcome
        follows right after a gap, there is no row to warn of it.
    over : Over or None
        None where no row was over its threshold.
    """

    normal: Residuals
    positive: Residuals | None
    kind: EventKind
    events: tuple[Event, ...]
    n_events: int
    n_left_out: int = 0
    over: Over | None = None


@dataclass
class SensorWatch:
    """Takes down, of each verdict on a recording, what the sensors have to do with it.

    Memory: p float32 values for every scored row, and again for every row to be warned at.
    """

    recording: Recording
    rule: Rule
    states: Counter[str] = field(default_factory=Counter)
    """Rows by what became of them."""

    _rows: list[int] = field(default_factory=list)
    _expected: list[bytes] = field(default_factory=list)
    _shares: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    _shares_over: NDArray[np.float64] | None = None
    _n_over: int = 0

    def __post_init__(self) -> None:
        """Find the rows whose contributions are looked at."""
        self._to_find = rows_to_find(self.recording, self.rule)

    def __call__(self, verdict: Verdict) -> None:
        """Take in the next verdict."""
        row, evidence = verdict.record.offset, verdict.scored.evidence
        self.states[became(verdict)] += 1
        if evidence is None:
            return
        self._rows.append(row)
        self._expected.append(evidence.expected_row)
        raised = any(
            rule is self.rule and change.change is Change.RAISED
            for rule, change in verdict.transitions
        )
        is_event = self._to_find[row] or (self.recording.labels is None and raised)
        if not (is_event or verdict.anomaly.over):
            return
        n_columns = len(evidence.expected_row) // np.dtype(np.float32).itemsize
        (shares,) = sensor_shares([evidence], n_sensors=n_columns)
        if is_event:
            self._shares[row] = shares.astype(np.float32)
        if verdict.anomaly.over:
            self._shares_over = shares if self._shares_over is None else self._shares_over + shares
            self._n_over += 1

    def explain(self, evaluation: Evaluation, conditioning: Conditioning) -> Explained:
        """Tell what was seen, once all rows were."""
        n_sensors, n_columns = len(self.recording.sensors), len(conditioning.center)
        # Of a mode's column nothing is expected: it is told.
        actual = np.full((len(self._rows), n_columns), np.nan)
        actual[:, :n_sensors] = self.recording.values[self._rows]
        expected = join_rows(self._expected, np.float32, n_columns)
        residuals = np.float64(clip(conditioning.scale(actual))) - expected
        positives = evaluation.positives
        kind, all_events = self._events(evaluation)
        events = [event for event in all_events if event is not None]
        return Explained(
            normal=_residuals(residuals[~positives]),
            positive=_residuals(residuals[positives]) if positives.any() else None,
            kind=kind,
            events=tuple(events[-MOST_EVENTS:]),
            n_events=len(events),
            n_left_out=len(all_events) - len(events),
            over=None
            if self._shares_over is None
            else Over(self._shares_over / self._n_over, self._n_over),
        )

    def _events(self, evaluation: Evaluation) -> tuple[EventKind, list[Event | None]]:
        if evaluation.label_kind is None:
            times = [alert.raised for alert in evaluation.alerts]
            rows = [np.array([row]) for row in self._shares]
            return "alert", self._of(times, rows, [True] * len(times))
        if evaluation.label_kind == "rows":
            begins, ends = stretches(evaluation.positives)
            scored = np.array(self._rows)
            rows = [scored[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]
            times = [self.recording.time(one[0]) for one in rows]
            return "stretch", self._of(times, rows, np.isfinite(delays(evaluation)).tolist())
        warned = {
            alert.raised + alert.lead
            for alert in evaluation.alerts
            if alert.fate is Fate.EARLY and alert.lead is not None
        }
        horizon, clock = np.timedelta64(self.rule.horizon), self.recording.times
        near = np.flatnonzero(rows_before_outcomes(self.recording, horizon=self.rule.horizon))
        rows = []
        for outcome in evaluation.outcomes:
            at = np.datetime64(outcome.replace(tzinfo=None), "us")
            rows.append(near[(clock[near] < at) & (clock[near] >= at - horizon)])
        found = [outcome in warned for outcome in evaluation.outcomes]
        return "outcome", self._of(list(evaluation.outcomes), rows, found)

    def _of(
        self, times: list[datetime], rows: list[NDArray[np.intp]], found: list[bool]
    ) -> list[Event | None]:
        """Give None for an event of which no row has a score that anything contributed to."""
        events: list[Event | None] = []
        for time, numbers, was_found in zip(times, rows, found, strict=True):
            known = [self._shares[row] for row in numbers.tolist() if row in self._shares]
            # A score of 0 has no shares, and would take its part of what sums to 1.
            known = [one for one in known if one.any()]
            shares = np.array(known, np.float64)
            events.append(Event(time, was_found, shares.mean(axis=0)) if known else None)
        return events


def _residuals(residuals: NDArray[np.float64]) -> Residuals:
    """Give mean and standard deviation of rows, shape (n, p).

    >>> _residuals(np.array([[1.0, np.nan], [3.0, np.nan]]))
    Residuals(mean=array([ 2., nan]), deviation=array([ 1., nan]), n_rows=2)
    """
    known = ~np.isnan(residuals)
    n_known = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    mean = np.where(known, residuals, 0.0).sum(axis=0) / n_known
    squares = np.where(known, np.square(residuals - mean), 0.0)
    return Residuals(mean, np.sqrt(squares.sum(axis=0) / n_known), len(residuals))
