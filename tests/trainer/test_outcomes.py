"""Whether a head is fitted: by the number of outcomes, or because somebody says so."""

import numpy as np
import pytest

from stream_detector.alerting.rules import BREAK_LIKELY, Rules
from stream_detector.errors import SettingsError, TrainingError
from stream_detector.replay.recording import Recording
from tests.small_head import RULES
from tests.small_models import recording_of
from tests.trainer.breaking import breaking_history
from trainer.config import TrainingConfig
from trainer.history import measure_timing
from trainer.outcomes import wish_for_head
from trainer.run import first_notes
from trainer.steps import Steps
from trainer.training import train


def history(n_outcomes: int | None) -> Recording:
    outcomes = None if n_outcomes is None else range(1, 2 * n_outcomes, 2)
    return recording_of(np.zeros((200, 5)), outcomes=outcomes)


def test_from_45_outcomes_on_a_head_is_fitted_unasked() -> None:
    wish = wish_for_head(history(45), None, RULES)

    assert (wish.rule, wish.n_outcomes) == (BREAK_LIKELY, 45)
    assert wish.notes == (
        "45 labelled outcomes in the rows that train: a head is fitted on them, for rule "
        "'break-likely'",
    )


def test_with_fewer_it_is_said_how_many_it_takes() -> None:
    wish = wish_for_head(history(44), None, RULES)

    assert wish.rule is None
    assert wish.notes == (
        "44 labelled outcomes in the rows that train: a head takes 45, so there is none",
    )


def test_who_asks_gets_one_with_fewer() -> None:
    assert wish_for_head(history(20), True, RULES).rule is BREAK_LIKELY  # noqa: FBT003


def test_one_on_fewer_than_15_is_refused_before_anything_is_trained() -> None:
    few = breaking_history(14)
    told: list[str] = []

    with pytest.raises(TrainingError, match="15 labelled outcomes in the rows that train, and th"):
        train(
            few,
            measure_timing(few),
            TrainingConfig(head=True),
            rules=RULES,
            make_fitter=None,
            steps=Steps(told.append),
        )

    assert told == []


def test_who_wants_none_gets_none() -> None:
    wish = wish_for_head(history(60), False, RULES)  # noqa: FBT003

    assert (wish.rule, wish.notes) == (None, ())


def test_an_outcome_that_row_after_row_tells_of_is_one() -> None:
    rows = [row for row in range(200) if row % 10 < 7]

    assert wish_for_head(recording_of(np.zeros((200, 5)), outcomes=rows), None, RULES).notes == (
        "20 labelled outcomes in the rows that train: a head takes 45, so there is none",
    )


def test_rows_that_go_on_with_an_outcome_are_told_of_before_anything_is_trained() -> None:
    stays = recording_of(np.zeros((200, 5)), outcomes=[20, 21, 22])

    (note,) = first_notes(stays, RULES)

    assert note.startswith("2 labelled rows go on with the outcome of the row before")


@pytest.mark.parametrize("n_outcomes", [None, 0])
def test_without_outcomes_nothing_is_said_of_a_head(n_outcomes: int | None) -> None:
    assert wish_for_head(history(n_outcomes), None, RULES).notes == ()


def test_without_a_rule_for_it_there_is_none_and_that_is_said() -> None:
    wish = wish_for_head(history(60), None, Rules())

    assert wish.rule is None
    assert wish.notes == (
        "60 labelled outcomes in the rows that train, enough for a head, but no rule of the rules "
        'file is judged by its score, so there is none; a rule with score = "head" brings one',
    )


def test_without_a_rule_for_it_nothing_is_said_of_too_few_outcomes() -> None:
    assert wish_for_head(history(44), None, Rules()).notes == ()


def test_who_asks_for_one_needs_a_rule_for_it() -> None:
    with pytest.raises(SettingsError, match='add a rule with score = "head", or leave --head out'):
        wish_for_head(history(60), True, Rules())  # noqa: FBT003
