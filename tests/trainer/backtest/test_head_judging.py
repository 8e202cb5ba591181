"""A head is judged on later rows as live, by its own rule, beside others that learn from labels."""

import numpy as np
import pytest

from stream_detector.alerting.life import Change
from stream_detector.alerting.rules import BREAK_LIKELY
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from tests.small_head import RULES
from tests.trainer.backtest.histories import changed_after
from tests.trainer.breaking import breaking_history
from trainer.backtest.counting import HEAD, LINEAR, Asked, Key, judge_fold
from trainer.backtest.folds import Fold, walk_forward
from trainer.backtest.judging import judge_head
from trainer.backtest.named_models import NAMES_TAKEN
from trainer.backtest.run import is_worth_a_head
from trainer.backtest.scoring import ScoredFold, score_fold
from trainer.backtest.supervised_references import LEARNERS, of_labels
from trainer.config import NetworkSettings, TrainingConfig
from trainer.fitters import make_fitter
from trainer.head import Learner

pytestmark = pytest.mark.slow

WITH_HEAD = TrainingConfig(network=NetworkSettings(kind="linear"), head=True)


@pytest.fixture(scope="module")
def history() -> Recording:
    return breaking_history(50)


@pytest.fixture(scope="module")
def fold(history: Recording) -> Fold:
    (only,) = walk_forward(history, (0.8, 1.0))
    return Fold(only.history, only.judged, follows=False)


@pytest.fixture(scope="module")
def scored(fold: Fold) -> ScoredFold:
    return score_fold(fold, WITH_HEAD, rules=RULES, make_fitter=make_fitter)


def test_a_head_is_judged_as_replay_judges_it(fold: Fold, scored: ScoredFold) -> None:
    pipeline, table = Pipeline(scored.bundle, RULES), ThresholdTable(Budget(6.0), head=Budget(3.0))
    replayed = [
        verdict
        for verdict in verdicts(records(fold.judged, RULES), pipeline, table)
        if isinstance(verdict, Verdict)
    ]

    found = judge_head(scored, RULES, Budget(3.0))

    of_rule = [one.of(BREAK_LIKELY) for one in replayed]
    assert found.rows.tolist() == [one.record.offset for one in replayed]
    scores = np.array([one.score for one in of_rule], np.float64)
    np.testing.assert_array_equal(found.scores, scores)
    assert found.over.tolist() == [one.over for one in of_rule]
    assert found.alarm.tolist() == [one.alarm for one in of_rule]
    assert found.raised.tolist() == [
        (BREAK_LIKELY.name, Change.RAISED)
        in [(rule.name, change.change) for rule, change in one.transitions]
        for one in replayed
    ]
    assert found.raised.any()


@pytest.mark.parametrize("learn", LEARNERS.values(), ids=LEARNERS.keys())
def test_a_reference_rates_each_row_that_the_head_scores(
    scored: ScoredFold, learn: Learner
) -> None:
    scores, limits = of_labels(learn, scored)

    assert len(scores) == len(scored.rows)
    assert limits.limit(Budget(1.0)) > limits.limit(Budget(24.0))


def test_later_rows_change_nothing_that_was_learned(
    history: Recording, fold: Fold, scored: ScoredFold
) -> None:
    changed = changed_after(history, fold.history.n_rows)
    (later,) = walk_forward(changed, (0.8, 1.0))

    other = score_fold(later, WITH_HEAD, rules=RULES, make_fitter=make_fitter)

    assert other.model.graphs == scored.model.graphs
    assert other.model.manifest == scored.model.manifest


def test_a_head_and_its_references_are_counted_by_the_rule_of_the_head(history: Recording) -> None:
    (fold,) = walk_forward(history, (0.8, 1.0))
    asked = Asked({}, RULES, slow_references=True, with_head=True)

    found = judge_fold(fold, 1, asked, make_fitter=make_fitter, tell=lambda _: None)

    for name in (HEAD, *LEARNERS):
        one = found[Key(name, 0, 3.0)]
        assert one.horizon == BREAK_LIKELY.horizon
        # What it is to find are rows as near as those of every other score.
        assert one.positives.tolist() == found[Key(LINEAR, 0, 3.0)].positives.tolist()
    assert {key.name for key in found} == NAMES_TAKEN


@pytest.mark.parametrize(
    ("n_breaks", "worth"), [(50, True), (44, False)], ids=["enough breaks", "too few"]
)
def test_a_head_is_judged_where_one_would_be_fitted(n_breaks: int, worth: bool) -> None:  # noqa: FBT001
    assert is_worth_a_head(breaking_history(n_breaks), RULES) is worth


def test_no_head_is_judged_whose_first_fold_knows_too_few_breaks() -> None:
    assert not is_worth_a_head(breaking_history(50), RULES, cuts=(0.2, 1.0))
