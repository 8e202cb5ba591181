"""Rows are judged as live, by what was known before them."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from stream_detector.alerting.life import Change
from stream_detector.alerting.rules import Rules
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from tests.trainer.backtest.histories import CUTS, FAULTS, breaking, changed_after
from trainer.backtest import references
from trainer.backtest.folds import Fold, walk_forward
from trainer.backtest.judging import Judged, judge, judge_always_on, judge_reference
from trainer.backtest.scoring import ScoredFold, score_fold
from trainer.config import NetworkSettings, TrainingConfig
from trainer.fitters import make_fitter

LINEAR = TrainingConfig(network=NetworkSettings(kind="linear"))
RULES = Rules()
FIRST_ROW = 600
"""Of the first fold."""


def scored(fold: Fold) -> ScoredFold:
    return score_fold(fold, LINEAR, rules=RULES, make_fitter=make_fitter)


def judged(fold: ScoredFold, per_day: float = 6.0) -> Judged:
    return judge(fold, RULES, Budget(per_day))


@pytest.fixture(scope="module")
def first() -> ScoredFold:
    return scored(walk_forward(breaking(), CUTS)[0])


def test_a_fold_is_judged_as_replay_judges_it(first: ScoredFold) -> None:
    """The same bundle, the same threshold: row by row the same."""
    fold = Fold(first.fold.history, first.fold.judged, follows=False)
    pipeline, table = Pipeline(first.bundle, RULES), ThresholdTable(Budget(6.0))
    replayed = [
        verdict
        for verdict in verdicts(records(fold.judged, RULES), pipeline, table)
        if isinstance(verdict, Verdict)
    ]

    found = judged(scored(fold))

    assert found.rows.tolist() == [verdict.record.offset for verdict in replayed]
    scores = [one.scored.score for one in replayed]
    np.testing.assert_array_equal(found.scores, np.array(scores, np.float64))
    assert found.over.tolist() == [one.anomaly.over for one in replayed]
    assert found.alarm.tolist() == [one.anomaly.alarm for one in replayed]
    assert found.raised.tolist() == [
        any(change.change is Change.RAISED for _, change in one.transitions) for one in replayed
    ]
    assert found.raised[FAULTS[0] - FIRST_ROW]


def test_the_state_of_the_detector_goes_over_from_the_history(first: ScoredFold) -> None:
    """Live, no machine starts anew because a model was trained."""
    alone = judged(scored(Fold(first.fold.history, first.fold.judged, follows=False)))

    assert judged(first).scores[0] != alone.scores[0]
    # It does once a run has begun of which both saw all: the one after the outcome in row 700.
    np.testing.assert_array_equal(judged(first).scores[101:], alone.scores[101:])


def test_an_outcome_that_stays_is_one_over_folds_too(first: ScoredFold) -> None:
    """It begins before the first fold, and another one stays in it."""
    single = breaking()
    rows = [*range(595, 610), *range(700, 706), 800, 950, 1100]
    stays = dataclasses.replace(single, labels=np.isin(np.arange(single.n_rows), rows))

    found = judged(scored(walk_forward(stays, CUTS)[0]))

    assert np.flatnonzero(found.outcomes).tolist() == [100, 200]
    assert np.flatnonzero(found.labelled).tolist() == [*range(10), *range(100, 106), 200]
    assert np.flatnonzero(judged(first).outcomes).tolist() == [100, 200]


def test_nothing_that_came_later_changes_a_fold(first: ScoredFold) -> None:
    changed = scored(walk_forward(changed_after(breaking(), 900), CUTS)[0])

    assert changed.bundle.id == first.bundle.id
    for name in ("scores", "over", "raised", "alarm"):
        np.testing.assert_array_equal(getattr(judged(changed), name), getattr(judged(first), name))


def test_no_threshold_comes_from_the_rows_that_it_judges(first: ScoredFold) -> None:
    changed = scored(walk_forward(changed_after(breaking(), FIRST_ROW + 50), CUTS)[0])

    assert changed.bundle.model.limits == first.bundle.model.limits
    for name in ("scores", "over", "raised", "alarm"):
        before = getattr(judged(first), name)[:50]
        np.testing.assert_array_equal(getattr(judged(changed), name)[:50], before)
    for fit in references.ALWAYS.values():
        one, other = (references.of_rows(fit, fold) for fold in (first, changed))
        np.testing.assert_array_equal(one.training, other.training)
        np.testing.assert_array_equal(one.judged[:50], other.judged[:50])


@pytest.mark.parametrize("fit", [*references.ALWAYS.values(), *references.IN_COMPARISONS.values()])
def test_a_reference_finds_what_nobody_could_miss(
    first: ScoredFold, fit: Callable[[references.Rows], references.Score]
) -> None:
    found = references.of_rows(fit, first)

    assert len(found.judged) == len(first.rows)
    # Nothing but this row has such a steam pressure; a forest cannot tell how far off it is.
    assert (found.judged > found.judged[FAULTS[0] - FIRST_ROW]).mean() < 0.05


def test_chance_is_drawn_anew_for_each_seed(first: ScoredFold) -> None:
    one, again, other = (references.of_chance(seed, first) for seed in (0, 0, 1))

    np.testing.assert_array_equal(one.judged, again.judged)
    assert (one.judged != other.judged).any()
    # No more surprising on the rows that are judged than on those that trained.
    assert np.mean(one.judged > 1.0) == pytest.approx(0.1, abs=0.05)


def test_a_clock_is_highest_at_a_restart(first: ScoredFold) -> None:
    scores = references.of_clock(first).judged

    # The reading after the outcome in row 700 is the 100th that is scored.
    assert scores.argmax() == 100
    assert (np.diff(scores[100:110]) < 0).all()


def test_a_reference_keeps_to_a_budget_like_a_model(first: ScoredFold) -> None:
    scores = references.of_chance(0, first)

    found = dict(judge_reference(first, RULES, [1.0, 24.0], scores))

    assert 0 < found[24.0].raised.sum() < 30
    assert found[1.0].raised.sum() < found[24.0].raised.sum()
    # A day has 720 rows, the fold 300: ten alerts are asked for.
    assert found[24.0].raised.sum() == pytest.approx(10, abs=6)


def test_an_alarm_that_is_always_on_is_raised_once_a_run(first: ScoredFold) -> None:
    found = judge_always_on(first, RULES)

    # The first reading of a run raises nothing; outcomes in rows 700 and 800 close what is open.
    assert np.flatnonzero(found.raised).tolist() == [0, 102, 202]
    assert found.alarm.mean() > 0.98
