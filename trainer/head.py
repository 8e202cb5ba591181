"""The supervised head: boosted trees on what the last rows of a run look like.

The time before an outcome has few rows, near copies of each other: so the trees are
small, each sees three tenths of the features, and each says little. What lies between
the label and the rule's horizon is neither the one nor the other, and is left out; so is
the last stretch of a history, of which nobody knows what it was before.

No label is judged by what has seen it. From two fifths of the history on, the rows of
each of five folds are scored by trees that were fitted on all rows before the fold.
These scores alone say how surprising a score is, and which threshold brings how many
alerts. (Scales and axes are those of all normal rows: they know no label.)
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import lightgbm
import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.graph import OnnxHead
from stream_detector.detection.head import lay_out
from stream_detector.detection.scoring import SurpriseCurve
from stream_detector.detection.threshold import Limits, rounded
from stream_detector.errors import TrainingError, counted
from stream_detector.replay.recording import Recording
from trainer.calibration import fit_curve, measure_limits
from trainer.head_graph import PrincipalAxes, head_graph, principal_axes
from trainer.history import Timing
from trainer.labelled_rows import LabelledRows, label_rows
from trainer.training_rows import TrainingRows
from trainer.trees import mean_of_models

_N_SEEDS = 3
"""Fits, each with other features left out of each tree, whose mean is the head."""

_FOLD_EDGES = (0.40, 0.52, 0.64, 0.76, 0.88, 1.0)
"""Shares of the rows, equal to those of a backtest but not tied to them: others there would judge
the same head in other places, others here make another head."""

_TREES = {
    "objective": "binary",
    "num_leaves": 5,
    "learning_rate": 0.02,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "lambda_l2": 10.0,
    "scale_pos_weight": 5.0,
    # The same trees wherever they are fitted.
    "num_threads": 1,
    "deterministic": True,
    # The same trees in four fifths of the time: each looks at three tenths of the columns only.
    "force_col_wise": True,
    "use_missing": False,
    "verbosity": -1,
}
_N_TREES = 300

_PARITY_ROWS = 256

_PARITY = 5e-5
"""Largest difference to LightGBM in log-odds, or relative to them. Float32 sums of 900 leaves
differ by 1e-5; a row on the wrong side of one split would by 1e-3 or more."""


Rating = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""Rates features, shape (n, f) to (n,); high = like before an outcome."""

Learner = Callable[[LabelledRows, NDArray[np.intp]], Rating]
"""Learns a rating from those of the rows that have these numbers."""


@dataclass(frozen=True, eq=False)
class FittedHead:
    """What fitting gives.

    Parameters
    ----------
    graph : bytes
        For ``head.onnx``.
    curve : SurpriseCurve
    limits : Limits
    rule : Rule
        What it was fitted for.
    label : timedelta
        Rows at most so long before an outcome were to be found.
    rows : LabelledRows
    folds : FoldScores
    """

    graph: bytes
    curve: SurpriseCurve
    limits: Limits
    rule: Rule
    label: timedelta
    rows: LabelledRows
    folds: "FoldScores"


@dataclass(frozen=True, eq=False)
class FoldScores:
    """Scores of rows by trees that were fitted on earlier rows only.

    Parameters
    ----------
    numbers : int array, shape (m,)
        Of the rows, rising.
    ratings : float64 array, shape (m,)
    """

    numbers: NDArray[np.intp]
    ratings: NDArray[np.float64]


def fit_head(
    recording: Recording,
    timing: Timing,
    trained: TrainingRows,
    *,
    rules: Rules,
    rule: Rule,
    seed: int,
) -> FittedHead:
    """Fit a head on the labelled outcomes of a history.

    Parameters
    ----------
    recording : Recording
    timing : Timing
    trained : TrainingRows
        Its normal rows.
    rules : Rules
    rule : Rule
        The one that the head's score is for.
    seed : int

    Raises
    ------
    TrainingError
        If no outcome has a row before it to learn from, or the graph differs from the trees.
    """
    axes = principal_axes(trained.deviations)
    rows = label_rows(recording, timing, axes, trained=trained, rules=rules, rule=rule)
    if not rows.positives.any():
        raise TrainingError(
            f"none of the {counted(len(rows.outcomes), 'outcome')} has a reading shortly before it "
            "to learn from: let the first rule's horizon_seconds reach as far as the step between "
            "readings, or leave the head out (--no-head)"
        )
    learn = partial(fit_trees, seed=seed)
    folds = walk_forward(rows, learn, rule=rule)
    curve, limits = calibrate(
        rows, folds, rule=rule, readings_per_day=timedelta(days=1) / timing.cadence
    )
    trees = learn(rows, learnable(rows, rule=rule))
    graph = head_graph(axes, mean_of_models([model.dump_model() for model in trees.models]))
    check_parity(graph, trees, rows, axes)
    return FittedHead(graph, curve, limits, rule, rules.rules[0].horizon, rows, folds)


def walk_forward(rows: LabelledRows, learn: Learner, *, rule: Rule) -> FoldScores:
    """Rate every fold by what was learned from the rows before it."""
    edges = [round(share * len(rows.times)) for share in _FOLD_EDGES]
    ratings = [
        learn(rows, learnable(rows, rule=rule, n_rows=start))(rows.features[start:end])
        for start, end in itertools.pairwise(edges)
    ]
    return FoldScores(np.arange(edges[0], edges[-1]), np.concatenate(ratings))


def calibrate(
    rows: LabelledRows, folds: FoldScores, *, rule: Rule, readings_per_day: float
) -> tuple[SurpriseCurve, Limits]:
    """Measure on the folds' normal rows how surprising odds are, and what a threshold brings."""
    normal = ~rows.near[folds.numbers]
    at = folds.numbers[normal]
    odds = np.exp(folds.ratings[normal])
    curve = fit_curve(odds)
    limits = measure_limits(
        np.array([rounded(one) for one in curve(odds).tolist()]),
        rows.times[at],
        rows.run_numbers[at],
        suppressed=rows.suppressed[at],
        outcomes=rows.outcomes,
        rule=rule,
        readings_per_day=readings_per_day,
    )
    return curve, limits


def learnable(rows: LabelledRows, *, rule: Rule, n_rows: int | None = None) -> NDArray[np.intp]:
    """Give the numbers of the rows, of the first so many, that can be learned from."""
    known = rows.times[:n_rows]
    settled = known < known[-1] - np.timedelta64(rule.horizon)
    clear = rows.positives | ~rows.near
    return np.flatnonzero(clear[: len(known)] & settled)


@dataclass(frozen=True, eq=False)
class Trees:
    """Fitted trees, once for each of the seeds."""

    models: tuple[lightgbm.Booster, ...]

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the mean log-odds of rows, shape (n, f) to (n,)."""
        each = [model.predict(features, raw_score=True, num_threads=1) for model in self.models]
        return np.asarray(np.mean(each, axis=0))


def fit_trees(rows: LabelledRows, numbers: NDArray[np.intp], *, seed: int) -> Trees:
    """Fit the trees on some rows."""
    data = lightgbm.Dataset(rows.features[numbers], rows.positives[numbers], params=_TREES)
    return Trees(
        tuple(
            lightgbm.train({**_TREES, "seed": _N_SEEDS * seed + number}, data, _N_TREES)
            for number in range(_N_SEEDS)
        )
    )


def check_parity(graph: bytes, trees: Trees, rows: LabelledRows, axes: PrincipalAxes) -> None:
    """Make sure that the graph rates rows as the trees do: all over the history, seen or not."""
    n_rows, n_sensors = len(rows.times), len(axes.mean)
    numbers = np.linspace(0, n_rows - 1, _PARITY_ROWS).astype(np.intp)
    found = OnnxHead(graph, n_sensors=n_sensors)(
        *lay_out([rows.memories[k] for k in numbers.tolist()], n_sensors=n_sensors)
    )
    wanted = trees(rows.features[numbers])
    worst = float((np.abs(found - wanted) / np.maximum(np.abs(wanted), 1.0)).max())
    if not worst <= _PARITY:
        raise TrainingError(
            f"the head's graph differs from LightGBM by {worst:.1e}, allowed {_PARITY:.0e}: the "
            "head cannot be trusted; report this, and leave it out with --no-head"
        )
