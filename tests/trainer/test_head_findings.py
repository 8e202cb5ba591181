"""What a report says of a head: how it ranked rows, and what came of its alerts."""

import dataclasses
from datetime import timedelta

import numpy as np

from stream_detector.alerting.recorded import Standstill
from tests.trainer.made_findings import CADENCE, START, made_evaluation, made_findings
from trainer.evaluation import Evaluation
from trainer.head_findings import HeadFindings, followed


def evaluation() -> Evaluation:
    """An hour and forty minutes: alerts at rows 4, 20 and 49, an outcome at row 10."""
    return made_evaluation(
        np.zeros(50),
        outcome_rows=(10,),
        alert_rows=((4, 10), (20, 25), (49, None)),
        horizon=timedelta(hours=1),
    )


def day(*, before_the_outcome: float, alert: tuple[int, int] = (99, 105)) -> Evaluation:
    """A day of scores of 1, but for the two rows before the outcome at row 100; one alert."""
    scores = np.ones(720)
    scores[98:100] = before_the_outcome
    return made_evaluation(scores, outcome_rows=(100,), alert_rows=(alert,))


HONEST = [1.0, 0.5, 0.7, 0.0], [True, True, False, False]
"""Ratings of rows before an outcome or not: right in three of four pairs."""


def findings(
    ratings: list[float], positives: list[bool], of: Evaluation | None = None
) -> HeadFindings:
    return HeadFindings(
        n_outcomes=60,
        label=timedelta(minutes=4),
        fold_positives=np.array(positives),
        fold_ratings=np.array(ratings),
        evaluation=of,
    )


def test_an_alert_is_followed_by_an_outcome_within_a_span_or_not() -> None:
    # The first alert came 12 minutes ahead; what the last one was before, nobody knows.
    soon, later = (followed(evaluation(), within=timedelta(minutes=n)) for n in (10, 12))

    assert (soon.n_followed, soon.n_alerts) == (0, 2)
    assert (later.n_followed, later.n_alerts) == (1, 2)


def test_beside_it_is_how_often_that_is_so_at_random() -> None:
    # Of 49 scored rows, five are at most ten minutes before the outcome; what follows the last
    # five within ten minutes, nobody knows.
    found = followed(evaluation(), within=timedelta(minutes=10))

    assert (found.n_near, found.n_rows) == (5, 44)


def test_an_outcome_after_a_standstill_follows_neither_an_alert_nor_a_row_before_it() -> None:
    # The machine stood still between row 6 and row 8: of five rows only two ran into the outcome.
    still = Standstill(START + 6 * CADENCE, START + 8 * CADENCE)
    stopped = dataclasses.replace(evaluation(), stood_still=(still,))

    found = followed(stopped, within=timedelta(minutes=12))

    assert (found.n_followed, found.n_near) == (0, 2)


def test_ranks_are_told_from_trees_that_had_not_seen_the_rows() -> None:
    # Three of the four pairs of a positive row and another are in order.
    found = findings([3.0, 1.0, 2.0, 0.0], [True, True, False, False])

    assert found.fold_auc == 0.75
    assert "with a ROC-AUC of 0.75 (chance is 0.50; 50 % of the rows are such)" in found.words[1]


def test_without_a_row_to_be_found_nothing_is_said_of_ranks() -> None:
    found = findings([1.0, 0.0], [False, False])

    assert found.fold_auc is None
    assert len(found.words) == 1


def test_words_put_every_share_beside_that_of_random_moments() -> None:
    words = findings([1.0, 0.0], [True, False], evaluation()).words

    assert words[0] == (
        "A supervised head was fitted on 60 outcomes: to find the rows at most 4 min before one."
    )
    assert (
        "1 of 2 were followed by an outcome within 30 min (50 %; of moments drawn at random 29 %)."
        in words
    )


def test_words_begin_with_the_outcomes_that_it_warned_of() -> None:
    words = findings(*HONEST, evaluation()).words

    assert words[2].startswith(
        "On the rows kept back 1 of 1 outcome was warned of, at most 60 min ahead: a recall of"
    )
    assert words[3] == "The median warning came 12 min ahead."
    assert words[4].startswith("It raised 3 alerts, ")


def test_where_no_outcome_came_words_begin_with_the_alerts() -> None:
    words = findings(*HONEST, made_evaluation(np.zeros(50), alert_rows=((4, 10),))).words

    assert words[2].startswith("On the rows kept back it raised 1 alert, ")


def test_a_head_that_chance_could_equal_is_doubted() -> None:
    foretold, missed = (day(before_the_outcome=2.0, alert=rows) for rows in ((99, 105), (500, 505)))

    (doubt,) = findings(*HONEST, missed).doubts
    assert "not shown that the alerts of the head do better than chance" in doubt
    assert findings(*HONEST, foretold).doubts == ()


def test_a_head_whose_hits_chance_may_make_too_is_doubted() -> None:
    #  A fifth of the time is within the horizon behind an alert; 2 of 6 outcomes were foretold.
    outcomes = tuple(range(50, 350, 50))
    alerts = ((45, 50), (95, 100), (310, 312))
    some = made_evaluation(
        np.ones(360), outcome_rows=outcomes, alert_rows=alerts, horizon=timedelta(minutes=50)
    )

    (doubt, *_) = findings(*HONEST, some).doubts
    assert "would find 2 or more of 6 outcomes with a probability of 3" in doubt


def test_a_head_that_ranks_rows_kept_back_no_better_than_chance_is_doubted() -> None:
    (doubt,) = findings(*HONEST, day(before_the_outcome=0.0)).doubts

    assert "higher for the former in 0 % of all pairs" in doubt


def test_a_head_that_ranks_earlier_folds_perfectly_is_doubted() -> None:
    (doubt,) = findings([1.0, 0.0], [True, False]).doubts

    assert doubt.startswith("The ROC-AUC of the head, 1.00, is too good to be true")


def test_numbers_are_those_of_the_words() -> None:
    numbers = findings([1.0, 0.0], [True, False], evaluation()).numbers

    assert numbers["walk_forward"] == {"rows": 2, "positive": 1, "auc": 1.0}
    assert numbers["holdout"]["alerts"] == 3
    assert numbers["holdout"]["followed"][2] == {
        "within_seconds": 1800.0,
        "alerts": 2,
        "followed": 1,
        "base_rate": round(10 / 34, 6),
    }


def test_without_rows_kept_back_no_alert_is_told_of() -> None:
    found = findings(*HONEST)

    assert found.followed == {}
    assert found.doubts == ()
    assert found.numbers["holdout"] is None


def test_what_not_to_believe_begins_with_the_head() -> None:
    low = day(before_the_outcome=0.0)
    without, head = made_findings(low), findings([1.0, 0.0], [True, False], low)

    assert dataclasses.replace(without, head=head).cautions == (*head.doubts, *without.cautions)
