"""Findings as a training run could have had them, made without training anything."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.recorded import ClosedAlert, Fate, close_alerts, scorecard
from stream_detector.replay.recording import LabelKind, Recording
from trainer.budgets import Point, point
from trainer.code_map import CodeMap
from trainer.drift import drift
from trainer.evaluation import Evaluation
from trainer.explained import MOST_EVENTS, Event, Explained, Residuals
from trainer.feed_quality import feed_quality
from trainer.findings import Findings
from trainer.head_findings import HeadFindings
from trainer.history import measure_timing

START = datetime(2026, 11, 1, tzinfo=UTC)
CADENCE = timedelta(minutes=2)
HORIZON = timedelta(minutes=4)
N_TRAINING = 12_000
SENSORS = tuple(f"x{number}" for number in range(1, 60))


def clock(first: datetime, n_rows: int) -> NDArray[np.datetime64]:
    """Times of rows, one every two minutes."""
    return np.datetime64(first.replace(tzinfo=None), "us") + np.arange(n_rows) * np.timedelta64(
        CADENCE
    )


def made_evaluation(
    scores: NDArray[np.float64],
    *,
    first: datetime = START,
    outcome_rows: tuple[int, ...] = (),
    anomalous_rows: tuple[int, ...] = (),
    alert_rows: tuple[tuple[int, int | None], ...] = (),
    threshold: float = 3.0,
    label_kind: LabelKind | None = "event",
    horizon: timedelta = HORIZON,
) -> Evaluation:
    """An evaluation of rows every two minutes; rows at most 4 minutes before an outcome count."""
    label_kind = "rows" if anomalous_rows else label_kind
    times = clock(first, len(scores))
    at = [first + CADENCE * row for row in range(len(scores))]
    positives = np.zeros(len(scores), bool)
    for row in outcome_rows:
        positives[max(row - 2, 0) : row] = True
    positives[list(anomalous_rows)] = True
    scored = np.ones(len(scores), bool)
    scored[list(outcome_rows)] = False
    alerts = [(at[a], None if b is None else at[b]) for a, b in alert_rows]
    outcomes = tuple(at[row] for row in outcome_rows)
    card = scorecard(alerts, outcomes, horizon=horizon, cadence=CADENCE, start=at[0], end=at[-1])
    closed = close_alerts(alerts, outcomes, horizon=horizon, end=at[-1])
    if label_kind != "event":
        closed = tuple(
            ClosedAlert(raised, cleared, _fate(row in anomalous_rows, label_kind))
            for (raised, cleared), (row, _) in zip(alerts, alert_rows, strict=True)
        )
    return Evaluation(
        times=times[scored],
        scores=scores[scored],
        thresholds=np.full(int(scored.sum()), threshold),
        positives=positives[scored],
        alerts=closed,
        occurrences=(1,) * len(closed),
        cooldown=timedelta(minutes=30),
        outcomes=outcomes,
        label_kind=label_kind,
        card=card,
        span=(at[0], at[-1]),
        asked_per_day=6.0,
        days=int(scored.sum()) * (CADENCE / timedelta(days=1)),
    )


def with_a_return() -> Evaluation:
    """Of three raises two are of the same alert, and the second of these came in time."""
    evaluation = made_evaluation(
        np.ones(720), outcome_rows=(100,), alert_rows=((90, 92), (98, 100), (500, 505))
    )
    return dataclasses.replace(evaluation, occurrences=(1, 2, 1))


def _fate(on_anomaly: bool, label_kind: LabelKind | None) -> Fate:  # noqa: FBT001
    if label_kind is None:
        return Fate.UNLABELLED
    return Fate.ANOMALY if on_anomaly else Fate.NUISANCE


def made_findings(evaluation: Evaluation | None = None) -> Findings:
    """Findings with everything, about this evaluation."""
    rng = np.random.default_rng(seed=7)
    steps = np.arange(1500)
    losses = {
        name: (0.6 + 0.5 * np.exp(-steps / 200) + rng.normal(0, 0.03, 1500)).astype(np.float32)
        for name in ("block-1-of-3", "block-2-of-3", "block-3-of-3", "final")
    }
    first = START - CADENCE * N_TRAINING
    recording = made_recording()
    return Findings(
        machine="pm3",
        bundle_id="3f9a0c51d2e47b86",
        sensors=SENSORS,
        n_rows=15_300,
        n_training_rows=N_TRAINING,
        still=("x3",),
        n_kept_back=0 if evaluation is None else len(evaluation.scores),
        network={"kind": "dense", "layers": [48], "code": 12, "activation": "tanh", "seed": 0},
        losses=losses,
        training_scores=normal_scores(N_TRAINING, seed=1),
        training_times=clock(first, N_TRAINING),
        scored=slice(None),
        default_limit=2.9,
        is_fixed=False,
        evaluation=evaluation,
        points=() if evaluation is None else made_points(evaluation),
        head=None,
        explained=None if evaluation is None else made_explained(evaluation),
        codes=made_codes(),
        of_labels=(),
        giveaways=(),
        drift=drift(
            recording,
            n_training=recording.n_rows if evaluation is None else 480,
            spread=np.ones(len(SENSORS)),
        ),
        quality=feed_quality(recording, measure_timing(recording), states={"good": 120}),
        notes=("column 'grade' is text: not read",),
        seconds={"conditioning the training rows": 1.25, "fitting a dense model": 9.5},
    )


def linear(findings: Findings) -> Findings:
    """The same without a network."""
    network = {"kind": "linear", "seed": 0}
    return dataclasses.replace(findings, network=network, losses={}, codes=None)


def with_head(findings: Findings) -> Findings:
    """The same with a head, judged by the same evaluation."""
    positives = np.arange(400) % 40 == 0
    head = HeadFindings(
        n_outcomes=60,
        label=HORIZON,
        fold_positives=positives,
        fold_ratings=positives + np.random.default_rng(seed=8).normal(size=400),
        evaluation=findings.evaluation,
        points=findings.points,
    )
    return dataclasses.replace(findings, head=head)


def made_recording(n_rows: int = 600) -> Recording:
    """Values of all sensors, of which the second wanders and the third rests."""
    values = np.random.default_rng(seed=9).normal(size=(n_rows, len(SENSORS)))
    values[:, 1] += np.linspace(0, 5, n_rows)
    values[:, 2] = 7.0
    limits = np.full(len(SENSORS), np.inf)
    return Recording(
        machine="pm3",
        sensors=SENSORS,
        units=("m/min",) + (None,) * (len(SENSORS) - 1),
        low=-limits,
        high=limits,
        times=clock(START, n_rows),
        values=values,
    )


def made_points(evaluation: Evaluation) -> tuple[Point, ...]:
    """What was brought, as if by several budgets."""
    one = point(evaluation)
    return tuple(
        one._replace(asked_per_day=asked, per_day=0.8 * asked) for asked in (0.5, 3.0, 6.0, 24.0)
    )


def made_explained(evaluation: Evaluation) -> Explained:
    """Residuals and contributions of no meaning."""
    rng, p = np.random.default_rng(seed=10), len(SENSORS)
    normal, positive = (Residuals(rng.normal(size=p), rng.random(p), n) for n in (90, 9))
    events = tuple(
        Event(time, n % 3 == 0, rng.dirichlet(np.full(p, 0.2)))
        for n, time in enumerate(evaluation.outcomes)
    )
    has_positives = evaluation.positives.any()
    return Explained(
        normal=normal,
        positive=positive if has_positives else None,
        kind="outcome",
        events=events[-MOST_EVENTS:],
        n_events=len(events),
    )


def made_codes(n_rows: int = 300) -> CodeMap:
    """Two regimes, one after the other."""
    places = np.random.default_rng(seed=11).normal(size=(n_rows, 2))
    regimes = 1 + (np.arange(n_rows) >= n_rows * 2 // 3)
    places[:, 0] += 5 * regimes
    return CodeMap(
        places=places,
        shares=(0.5, 0.25),
        times=clock(START, n_rows),
        positives=np.arange(n_rows) % 50 == 0,
        kept_back=np.arange(n_rows) > n_rows // 2,
        regimes=regimes,
        silhouette=0.4,
        n_units=12,
        n_codes=12_000,
    )


def normal_scores(n_rows: int, *, seed: int) -> NDArray[np.float64]:
    """Scores like those of normal rows: one in ten over 1, one in a hundred over 2."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.exponential(0.45, n_rows + 4), np.ones(5) / 5, mode="valid")
    return np.asarray(noise + rng.exponential(0.3, n_rows))


def paper_like(*, n_rows: int = 3300, n_outcomes: int = 18) -> Evaluation:
    """Rows with breaks, some of them foretold, under a threshold that follows the budget."""
    rng = np.random.default_rng(seed=3)
    scores = normal_scores(n_rows, seed=2)
    outcome_rows = tuple(np.sort(rng.choice(np.arange(30, n_rows), n_outcomes, replace=False)))
    for row in outcome_rows[::3]:
        scores[row - 2 : row] += 1.8
    thresholds, level = np.empty(n_rows), 2.4
    alert_rows: list[tuple[int, int]] = []
    for row, score in enumerate(scores):
        thresholds[row] = level
        if score > level and not (alert_rows and row < alert_rows[-1][1] + 15):
            alert_rows.append((row, min(row + 5, n_rows - 1)))
            level += 0.2
        level = max(level - 0.2 * 6 / 720, 1.6)
    evaluation = made_evaluation(
        scores, outcome_rows=tuple(map(int, outcome_rows)), alert_rows=tuple(alert_rows)
    )
    scored = ~np.isin(np.arange(n_rows), outcome_rows)
    return dataclasses.replace(evaluation, thresholds=thresholds[scored])
