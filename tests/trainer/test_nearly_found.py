"""What was missed by little is told, where that is not chance, and only there."""

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from tests.trainer.made_findings import HORIZON, made_evaluation, made_findings, made_points
from trainer.budgets import Point
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
        "4 of 4 outcomes had an alert at most 60 min before them, half of these 22 min ahead or "
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


def brought(*, at_asked: int, at_twice: int, of: int, by_chance: float) -> str:
    """What is said where 6 false alerts a day were asked for, and other budgets found so many."""
    findings = made_findings(made_evaluation(np.ones(720), outcome_rows=OUTCOMES))
    asked, twice, eightfold = (
        Point(per_day, 0.8 * per_day, 9, n_found, of, by_chance, 0.1)
        for per_day, n_found in ((6.0, at_asked), (12.0, at_twice), (48.0, of))
    )
    points = (asked, twice._replace(by_chance=2 * by_chance), eightfold)
    return " ".join(dataclasses.replace(findings, points=points).showed)


def test_a_budget_that_blinds_is_told_from_a_model_that_is_blind() -> None:
    assert (
        "A larger budget would have found more: at 12 false alerts a day instead of 6, 9 of 20 "
        "outcomes instead of 4 (as many alerts at random times would find 10 %); 9.6 false alerts "
        "a day came then instead of 4.8. Whoever picks a budget so picks it in hindsight."
    ) in brought(at_asked=4, at_twice=9, of=20, by_chance=0.05)
    assert "12 false alerts a day instead of 6, 1 of 1 outcome instead of 0 (" in (
        brought(at_asked=0, at_twice=1, of=1, by_chance=0.1)
    )


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(brought(at_asked=4, at_twice=6, of=20, by_chance=0.0), id="two more"),
        pytest.param(brought(at_asked=4, at_twice=7, of=20, by_chance=0.1), id="chance adds two"),
        pytest.param(brought(at_asked=0, at_twice=1, of=3, by_chance=0.0), id="one of three"),
        pytest.param(brought(at_asked=0, at_twice=0, of=0, by_chance=0.0), id="nothing to find"),
        pytest.param(brought(at_asked=4, at_twice=4, of=20, by_chance=0.0), id="only at 48"),
    ],
)
def test_a_budget_that_finds_hardly_more_is_not_named(said: str) -> None:
    assert "A larger budget" not in said


def test_a_fixed_threshold_is_told_of_no_budget() -> None:
    findings = made_findings(made_evaluation(np.ones(720), outcome_rows=OUTCOMES))
    points = (Point(6.0, 5.0, 9, 0, 4, 0.0, 0.1), Point(12.0, 9.0, 9, 4, 4, 0.0, 0.1))
    fixed = dataclasses.replace(findings, points=points, is_fixed=True)

    assert "A larger budget" not in " ".join(fixed.showed)


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
