from datetime import timedelta

import numpy as np
import pytest

from tests.trainer.made_findings import CADENCE, HORIZON, made_evaluation
from trainer.found import delays, found, timeliness
from trainer.history import stretches

MINUTES = CADENCE / timedelta(minutes=1)


def test_a_labelled_stretch_is_found_by_an_alert_raised_in_it() -> None:
    #  row         0  1  2  3  4  5  6  7  8  9
    #  anomalous         x  x  x        x     x
    #  raised         !        !           !
    evaluation = made_evaluation(
        np.ones(10),
        anomalous_rows=(2, 3, 4, 7, 9),
        alert_rows=((1, None), (4, 5), (8, 9)),
    )

    assert [rows.tolist() for rows in stretches(evaluation.positives)] == [[2, 7, 9], [5, 8, 10]]
    np.testing.assert_array_equal(delays(evaluation), [2 * MINUTES, np.nan, np.nan])
    assert found(evaluation)[:2] == (1, 3)


def test_chance_finds_long_stretches_more_easily() -> None:
    evaluation = made_evaluation(
        np.ones(10), anomalous_rows=(0, 1, 2, 3, 4, 9), alert_rows=((6, 7), (8, 9))
    )

    # Two rows drawn at random miss five of ten in a quarter of all cases, one of ten in 81 %.
    assert found(evaluation).by_chance == pytest.approx((0.75 + 0.19) / 2)


def test_outcomes_are_found_within_the_horizon_of_the_rule() -> None:
    evaluation = made_evaluation(
        np.ones(100), outcome_rows=(20, 60), alert_rows=((18, 20), (50, 60)), horizon=HORIZON
    )

    assert found(evaluation) == (1, 2, evaluation.card.recall_by_chance)
    assert found(evaluation).share == 0.5


def test_the_longer_the_span_the_more_outcomes_are_found() -> None:
    #  An alert 4 minutes before the first outcome, and one 20 minutes before the second.
    evaluation = made_evaluation(
        np.ones(100), outcome_rows=(20, 60), alert_rows=((18, 20), (50, 60))
    )

    soon = timeliness(evaluation)

    assert soon is not None
    assert soon.n_to_find == 2
    assert soon.minutes[[0, -1]].tolist() == [2, 60]
    assert [soon.found[soon.minutes == span].item() for span in (2, 4, 18, 20, 60)] == [
        0.0,
        0.5,
        0.5,
        1.0,
        1.0,
    ]
    assert sorted(soon.of_each.tolist()) == [4, 20]
    # A span of 4 of 198 minutes holds one of two alerts drawn at random in 4 % of all cases.
    by_chance = soon.by_chance[soon.minutes == 4].item()
    assert by_chance == pytest.approx(1 - (1 - 4 / 198) ** 2)


def test_the_time_to_detection_counts_from_the_begin_of_a_stretch() -> None:
    evaluation = made_evaluation(
        np.ones(100),
        anomalous_rows=(*range(10, 20), *range(50, 60)),
        alert_rows=((10, 12), (53, 54)),
    )

    soon = timeliness(evaluation)

    assert soon is not None
    assert soon.minutes[0] == 0
    assert [soon.found[soon.minutes == span].item() for span in (0, 4, 6)] == [0.5, 0.5, 1.0]
    # At the very begin only a row drawn at random that is the first one of a stretch.
    assert soon.by_chance[0] == pytest.approx(1 - 0.99**2)


@pytest.mark.parametrize("label_kind", ["event", "rows", None])
def test_where_there_is_nothing_to_find_nothing_is_said(label_kind: str | None) -> None:
    evaluation = made_evaluation(np.ones(9), alert_rows=((3, 4),), label_kind=label_kind)  # type: ignore[arg-type]

    assert timeliness(evaluation) is None
