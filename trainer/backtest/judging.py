"""Scores held against a threshold, row by row, by the code that also does it live."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from stream_detector.alerting.life import Change
from stream_detector.alerting.rules import Rules
from stream_detector.detection.detector import Detector
from stream_detector.detection.scored import Status
from stream_detector.detection.threshold import Budget, Fixed, Limits, Rate, Threshold, rounded
from stream_detector.pipeline.machine import Machine
from trainer.backtest.references import ReferenceScores
from trainer.backtest.scoring import ScoredFold
from trainer.calibration import measure_limits

_ALWAYS_OVER, _ALWAYS = Fixed(0.5), 1.0


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows of a fold that were taken in, n of them, beside what was said of each.

    Parameters
    ----------
    rows : int array, shape (n,)
        Their numbers in the fold's recording.
    times : datetime64 array, shape (n,)
    run_numbers : int array, shape (n,)
        A new number after a standstill, and after an outcome: its own row ends a run.
    labelled : bool array, shape (n,)
    outcomes : bool array, shape (n,)
        Rows with which one begins; none where labels mark no events.
    scored : bool array, shape (n,)
    scores : float64 array, shape (n,)
        NaN where nothing was scored.
    over, raised, alarm : bool arrays, shape (n,)
        Over the threshold in force; an alert was raised; one is open after the row.
    rows_per_day : float
        At the model's cadence.
    """

    rows: NDArray[np.intp]
    times: NDArray[np.datetime64]
    run_numbers: NDArray[np.intp]
    labelled: NDArray[np.bool_]
    outcomes: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    scores: NDArray[np.float64]
    over: NDArray[np.bool_]
    raised: NDArray[np.bool_]
    alarm: NDArray[np.bool_]
    rows_per_day: float


def judge(scored: ScoredFold, rules: Rules, asked: Budget | Rate) -> Judged:
    """Hold the model's scores against its threshold for what somebody asks for."""
    own = _known(one.scored.score for one in scored.verdicts)
    return judge_scores(scored, rules, own, scored.bundle.model.limits, asked)


def judge_head(scored: ScoredFold, rules: Rules, asked: Budget) -> Judged:
    """Hold the head's scores against its threshold for what somebody asks for.

    Raises
    ------
    ValueError
        If the model has no head.
    """
    head = scored.bundle.model.head
    if head is None:
        raise ValueError("a head is judged of a model that has none")
    own = _known(one.scored.head_score for one in scored.verdicts)
    return judge_scores(scored, of_head_alone(rules), own, head.limits, asked)


def of_head_alone(rules: Rules) -> Rules:
    """Leave the head's rules, as those of the only score there is: each is judged by itself."""
    return replace(rules, rules=tuple(replace(one, score="anomaly") for one in rules.by("head")))


def judge_reference(
    scored: ScoredFold, rules: Rules, budgets: Sequence[float], reference: ReferenceScores
) -> Iterator[tuple[float, Judged]]:
    """Hold a reference's scores against thresholds that are measured as the model's are."""
    rows = scored.model.rows
    limits = measure_limits(
        reference.training,
        rows.times,
        rows.run_numbers,
        suppressed=rows.suppressed,
        outcomes=rows.outcomes,
        rule=rules.rules[0],
        readings_per_day=scored.bundle.model.limits.readings_per_day,
    )
    for per_day in budgets:
        yield per_day, judge_scores(scored, rules, reference.judged, limits, Budget(per_day))


def judge_always_on(scored: ScoredFold, rules: Rules) -> Judged:
    """Hold every row over the threshold: an alarm that is always on."""
    scores = np.full(len(scored.rows), _ALWAYS)
    return judge_scores(scored, rules, scores, scored.bundle.model.limits, _ALWAYS_OVER)


def judge_scores(
    scored: ScoredFold,
    rules: Rules,
    scores: NDArray[np.float64],
    limits: Limits,
    threshold: Threshold,
) -> Judged:
    """Hold scores, whoever gave them, against a threshold.

    Parameters
    ----------
    scored : ScoredFold
    rules : Rules
        The first one's alerts are looked at.
    scores : float64 array, shape (number of scored rows,)
        In the place of the model's.
    limits : Limits
        Of such scores.
    threshold : Threshold
    """
    model = dataclasses.replace(scored.bundle.model, limits=limits, head=None)
    detector = Detector(model, run_ending_events=frozenset(rules.run_ending_events))
    machine = Machine(scored.fold.judged.machine, detector.new_state(), model, rules)
    machine.adopt(threshold)
    rule, following = rules.rules[0], iter(scores.tolist())
    found: list[tuple[float, bool, bool, bool]] = []
    entered = [one for one in scored.verdicts if _entered(one.scored.status)]
    for one in entered:
        reading = one.scored
        if reading.score is not None:
            reading = replace(reading, score=rounded(next(following)))
        verdict = machine.judge(one.record, reading)
        changes = [change.change for by, change in verdict.transitions if by is rule]
        raised, alarm = Change.RAISED in changes, verdict.anomaly.alarm
        found.append(
            (
                np.nan if reading.score is None else reading.score,
                verdict.anomaly.over,
                raised,
                alarm,
            )
        )
    columns = list(zip(*found, strict=True)) or [()] * 4
    values = np.array(columns[0], np.float64)
    first = scored.fold.history.n_rows if scored.fold.follows else 0
    numbers = np.array([one.record.offset - first for one in entered], np.intp)
    judged = scored.fold.judged
    times = judged.times[numbers]
    labelled = np.zeros(len(numbers), bool) if judged.labels is None else judged.labels[numbers]
    ends_run = labelled & (judged.label_kind == "event")
    return Judged(
        rows=numbers,
        times=times,
        run_numbers=_run_numbers(times, ends_run, max_gap=model.max_gap),
        labelled=labelled,
        # As it was told live, behind the rows before the fold.
        outcomes=np.array([bool(one.outcome_of) for one in entered], bool),
        scored=~np.isnan(values),
        scores=values,
        over=np.array(columns[1], bool),
        raised=np.array(columns[2], bool),
        alarm=np.array(columns[3], bool),
        rows_per_day=limits.readings_per_day,
    )


def _known(scores: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([score for score in scores if score is not None])


def _entered(status: Status) -> bool:
    return status not in {Status.LATE, Status.DUPLICATE}


def _run_numbers(
    times: NDArray[np.datetime64], ends_run: NDArray[np.bool_], *, max_gap: timedelta
) -> NDArray[np.intp]:
    """Give each row the number of its run; an outcome's row is the last of its own.

    >>> times = np.array([0, 2, 4, 30, 32], "datetime64[m]")
    >>> ends = np.array([0, 1, 0, 0, 0], bool)
    >>> _run_numbers(times, ends, max_gap=timedelta(minutes=3))
    array([0, 0, 1, 2, 2])
    """
    begins = np.zeros(len(times), bool)
    begins[1:] = (np.diff(times) > np.timedelta64(max_gap)) | ends_run[:-1]
    return begins.cumsum()
