"""A head learns what comes before an outcome, and nothing where there is nothing to learn."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from stream_detector.alerting.rules import BREAK_LIKELY
from stream_detector.bundle.directory import read_bundle
from stream_detector.detection.threshold import Budget, Rate
from stream_detector.errors import TrainingError
from stream_detector.replay.outcomes import outcome_rows
from stream_detector.replay.recording import Recording
from tests.small_head import RULES
from tests.small_models import train_small_model, write_model
from tests.trainer.breaking import breaking_history
from tests.trainer.histories import prepared
from trainer.backtest.supervised_references import undersampled_forest, undersampled_svm
from trainer.evaluation import Evaluation, evaluate
from trainer.head import (
    FittedHead,
    FoldScores,
    Rating,
    check_parity,
    fit_head,
    fit_trees,
    learnable,
    walk_forward,
)
from trainer.head_graph import head_graph, principal_axes
from trainer.history import measure_timing
from trainer.labelled_rows import LabelledRows
from trainer.training import TrainedModel
from trainer.trees import mean_of_models

pytestmark = pytest.mark.slow

N_TRAINING_BREAKS = 60


@pytest.fixture(scope="module")
def history() -> Recording:
    return breaking_history(N_TRAINING_BREAKS + 20)


@pytest.fixture(scope="module")
def training(history: Recording) -> Recording:
    cut = int(np.flatnonzero(outcome_rows(history))[N_TRAINING_BREAKS - 1]) + 1
    return history.slice(0, cut)


@pytest.fixture(scope="module")
def model(training: Recording) -> TrainedModel:
    return train_small_model(training, rules=RULES)


@pytest.fixture(scope="module")
def head(model: TrainedModel) -> FittedHead:
    assert model.head is not None
    return model.head


@pytest.fixture(scope="module")
def judged(
    model: TrainedModel,
    training: Recording,
    history: Recording,
    tmp_path_factory: pytest.TempPathFactory,
) -> Evaluation:
    """The later part, replayed with three false alerts a day asked of the head."""
    folder = tmp_path_factory.mktemp("headed") / "bundle"
    write_model(folder, model)
    later = history.slice(training.n_rows, history.n_rows)
    found = evaluate(read_bundle(folder), later, rules=RULES, budget=Budget(3.0), rule=BREAK_LIKELY)
    assert found is not None
    return found


def auc(rows: LabelledRows, folds: FoldScores) -> float:
    return float(roc_auc_score(rows.positives[folds.numbers], folds.ratings))


def test_later_breaks_are_told_from_earlier_ones(head: FittedHead) -> None:
    # A quarter of the breaks comes without a warning, half of whose rows are ranked right.
    assert auc(head.rows, head.folds) > 0.8


def test_labels_that_are_moved_teach_nothing(head: FittedHead) -> None:
    moved = dataclasses.replace(
        head.rows, positives=np.roll(head.rows.positives, 300), near=np.roll(head.rows.near, 300)
    )

    folds = walk_forward(moved, partial(fit_trees, seed=0), rule=BREAK_LIKELY)

    assert 0.35 < auc(moved, folds) < 0.65


@pytest.mark.parametrize("learn", [undersampled_forest, undersampled_svm])
def test_a_reference_learns_from_the_same_rows(
    head: FittedHead, learn: Callable[..., Rating]
) -> None:
    folds = walk_forward(head.rows, partial(learn, seed=0), rule=BREAK_LIKELY)

    assert folds.numbers.tolist() == head.folds.numbers.tolist()
    assert auc(head.rows, folds) > 0.8


def test_a_fold_is_rated_by_what_was_learned_before_it(head: FittedHead) -> None:
    rows, seen = head.rows, []

    def note(rows: LabelledRows, numbers: NDArray[np.intp]) -> Rating:
        seen.append(rows.times[numbers].max())
        return lambda features: np.zeros(len(features))

    folds = walk_forward(rows, note, rule=BREAK_LIKELY)

    firsts = [round(share * len(rows.times)) for share in (0.40, 0.52, 0.64, 0.76, 0.88)]
    hour = np.timedelta64(1, "h")
    assert folds.numbers.tolist() == list(range(firsts[0], len(rows.times)))
    assert all(
        latest < rows.times[first] - hour for latest, first in zip(seen, firsts, strict=True)
    )


def test_the_same_history_gives_the_same_head(
    training: Recording, model: TrainedModel, head: FittedHead
) -> None:
    timing = measure_timing(training)

    again, other = (
        fit_head(training, timing, model.rows, rules=RULES, rule=BREAK_LIKELY, seed=seed)
        for seed in (0, 1)
    )

    assert again.graph == head.graph
    assert again.limits == head.limits
    assert other.graph != head.graph


def test_its_thresholds_are_those_of_rows_it_had_not_seen(head: FittedHead) -> None:
    normal = ~head.rows.near[head.folds.numbers]
    odds = np.exp(head.folds.ratings[normal])
    scores = head.curve(odds)

    assert (scores > head.limits.limit(Rate(0.1))).mean() == pytest.approx(0.1, abs=0.01)


def test_breaks_that_announce_themselves_are_warned_of_live(judged: Evaluation) -> None:
    # Fifteen of the twenty do.
    assert len(judged.outcomes) == 20
    assert judged.card.recall is not None
    assert judged.card.recall > 2 * judged.card.recall_by_chance
    assert judged.per_day < 6.0


def test_a_graph_of_other_trees_is_found_out(training: Recording, head: FittedHead) -> None:
    axes = principal_axes(prepared(training).deviations)
    trees = fit_trees(head.rows, learnable(head.rows, rule=BREAK_LIKELY), seed=5)
    one = mean_of_models([trees.models[0].dump_model()])

    with pytest.raises(TrainingError, match="the head's graph differs from LightGBM by"):
        check_parity(head_graph(axes, one), trees, head.rows, axes)


def test_a_bundle_tells_of_its_head(model: TrainedModel, tmp_path: Path) -> None:
    write_model(tmp_path / "bundle", model)

    manifest = read_bundle(tmp_path / "bundle").manifest

    assert manifest.head is not None
    assert manifest.head.n_outcomes == N_TRAINING_BREAKS
    assert (manifest.head.label_seconds, manifest.head.on_delay) == (240.0, (1, 1))
    assert manifest.head.default_budget_per_day == 3.0
