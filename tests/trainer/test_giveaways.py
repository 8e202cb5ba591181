"""Columns that know of the outcome are named, however good they make a model look."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import ArrayLike

from stream_detector.alerting.rules import Rules
from stream_detector.replay.recording import Recording
from tests.small_models import recording_of
from tests.trainer.made_findings import made_findings, paper_like
from tests.trainer.test_plain_words import said
from trainer.doubts import doubts_of_perfection
from trainer.giveaways import Giveaway, giveaways, notes_on_label_likes

OUTCOMES = (100, 300, 500, 700, 900)
BEFORE = np.isin(np.arange(1000) + 1, OUTCOMES) | np.isin(np.arange(1000) + 2, OUTCOMES)
"""Four minutes before each."""

(RULE,) = Rules().rules


def with_column(column: ArrayLike, *, outcomes: tuple[int, ...] = OUTCOMES) -> Recording:
    """A thousand rows of a sensor that knows nothing, and of this one."""
    honest = np.random.default_rng(seed=1).normal(size=1000)
    values = np.column_stack([honest, column])
    return recording_of(values, sensors=["speed", "leak"], outcomes=outcomes)


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_a_sensor_that_knows_the_outcome_is_named(direction: float) -> None:
    recording = with_column(direction * BEFORE)

    assert giveaways(recording, RULE) == (Giveaway("leak", 1.0),)


def test_a_sensor_is_judged_by_the_rows_in_which_it_has_a_value() -> None:
    column = np.where(np.arange(1000) % 2, np.nan, BEFORE)

    assert giveaways(with_column(column), RULE) == (Giveaway("leak", 1.0),)
    assert giveaways(with_column(np.full(1000, np.nan)), RULE) == ()
    assert giveaways(with_column(np.where(BEFORE, 1.0, np.nan)), RULE) == ()


def test_a_sensor_that_only_tells_a_little_is_not_named() -> None:
    noise = np.random.default_rng(seed=2).normal(size=1000)

    assert giveaways(with_column(noise + 1.5 * BEFORE), RULE) == ()


def test_what_a_row_of_an_outcome_says_gives_nothing_away() -> None:
    assert giveaways(with_column(np.isin(np.arange(1000), OUTCOMES).astype(float)), RULE) == ()


def test_few_outcomes_prove_nothing() -> None:
    assert giveaways(with_column(BEFORE.astype(float), outcomes=OUTCOMES[:4]), RULE) == ()


def test_a_sensor_that_shows_every_labelled_row_is_named() -> None:
    recording = dataclasses.replace(
        with_column(BEFORE.astype(float)), labels=BEFORE, label_kind="rows"
    )

    assert giveaways(recording, RULE) == (Giveaway("leak", 1.0),)


def test_a_sensor_that_looks_like_a_label_is_told_with_the_option_that_it_asks_for() -> None:
    labelled = with_column(BEFORE.astype(float))
    bare = dataclasses.replace(labelled, labels=None)

    assert notes_on_label_likes(bare) == (
        "'leak': taken as a sensor, but 1 in few rows and else 0, as a label is; if one tells of "
        "outcomes, name it with --label-column",
    )
    assert notes_on_label_likes(labelled)[0].endswith("--exclude it")
    assert notes_on_label_likes(with_column(1.0 * (np.arange(1000) % 6 == 0))) != ()
    assert notes_on_label_likes(with_column(np.arange(1000) % 2.0)) == ()
    assert notes_on_label_likes(with_column(np.zeros(1000))) == ()
    assert notes_on_label_likes(with_column(2.0 * BEFORE)) == ()


def test_the_report_names_what_seems_to_know_the_outcome() -> None:
    findings = dataclasses.replace(
        made_findings(paper_like()), giveaways=(Giveaway("leak", 1.0), Giveaway("code", 0.97))
    )

    assert findings.cautions[0] == (
        "One sensor by itself tells the rows to be warned at from the others: leak (100 % of all "
        "pairs), code (97 % of all pairs). If it is written when the outcome is known, believe no "
        "figure here: --exclude it, and train again."
    )
    assert not said(made_findings(paper_like()).cautions, "by itself")


@pytest.mark.parametrize(
    ("auc", "n_outcomes", "doubted"), [(0.96, 5, True), (0.94, 50, False), (1.0, 4, False)]
)
def test_a_perfect_model_is_doubted(auc: float, n_outcomes: int, doubted: bool) -> None:  # noqa: FBT001
    doubts = tuple(doubts_of_perfection("the head", auc, n_outcomes=n_outcomes))

    assert bool(doubts) is doubted
    assert not doubts or "of the head, " in doubts[0]
