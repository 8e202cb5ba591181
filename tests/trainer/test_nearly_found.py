"""What was missed by little is told, where that is not chance, and only there."""

from datetime import timedelta

import numpy as np
import pytest

from tests.trainer.made_findings import HORIZON, made_evaluation, made_findings, made_points
from trainer.evaluation import Evaluation
from trainer.report.about_alerts import budget_table

OUTCOMES = (100, 200, 300, 400)


def showed(evaluation: Evaluation) -> str:
    return " ".join(made_findings(evaluation).showed)


def early(*rows_ahead: int, horizon: timedelta = HORIZON) -> Evaluation:
    """A day of readings every two minutes, and an alert so many before each outcome."""
    raised = [outcome - ahead for outcome, ahead in zip(OUTCOMES, rows_ahead, strict=False)]
    return made_evaluation(
        np.ones(720),
        outcome_rows=OUTCOMES,
        alert_rows=tuple((row, row + 2) for row in raised),
        horizon=horizon,
    )


def test_alerts_that_came_too_soon_for_the_horizon_are_told() -> None:
    assert (
        "4 of 4 outcomes had an alert at most 60 min before them, half of these 20 min ahead or "
        "more (as many alerts at random times would reach 16 %): a rule with a longer "
        "horizon_seconds would count them as warned of."
    ) in showed(early(5, 10, 12, 15))


@pytest.mark.parametrize(
    "evaluation",
    [
        pytest.param(early(5, 10), id="two more are noise"),
        pytest.param(early(1, 10, 12), id="one of three was in time"),
        pytest.param(early(5, 10, 12, horizon=timedelta(hours=1)), id="the horizon is an hour"),
        pytest.param(
            made_evaluation(
                np.ones(720),
                outcome_rows=OUTCOMES,
                alert_rows=tuple((row, row + 1) for row in range(10, 720, 20)),
            ),
            id="alerts all the time",
        ),
    ],
)
def test_nothing_is_said_of_a_few_or_of_chance(evaluation: Evaluation) -> None:
    assert "horizon_seconds" not in showed(evaluation)


def test_where_a_larger_budget_finds_less_the_table_says_why() -> None:
    findings = made_findings(early(1, 10))
    assert findings.evaluation is not None
    assert findings.measures is not None
    less, *others = made_points(findings.evaluation)
    falling = (less._replace(n_found=2), *others)

    rising, fallen = (
        budget_table(points, findings.measures).note for points in ((less, *others), falling)
    )

    assert "Found is each outcome with an alert raised at most 4 min before it: under" in fallen
    assert "stand already" not in rising
