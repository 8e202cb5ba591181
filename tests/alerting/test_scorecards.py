"""What alerts were worth as warnings, worked out by hand; two machines, one hour."""

from datetime import timedelta
from typing import Any

import pytest

from stream_detector.alerting.scorecards import PlantCard, plant_card
from tests.alerting.accounts import ledger, stood, warned
from tests.alerting.judged import at
from tests.alerting.told import outcome


def card(*messages: bytes, horizon: float = 4) -> PlantCard:
    found = ledger(*messages)
    return plant_card(
        found.alerts,
        found.outcomes,
        horizon=timedelta(minutes=horizon),
        start=at(0),
        end=at(60),
    )


#  minute    0        10        20        30        40        50        60
#  pm3       1---4              20-------------35                  57
#  outcome       4                                  38
#  pm4                 12-14
#  outcome                                                   49
PLANT = (
    *warned(1, 4),
    *stood((20, 35)),
    outcome(38, run_start=4),
    *stood((57, None)),
    *stood((12, 14), machine="pm4"),
    outcome(49, machine="pm4"),
)


def test_an_hour_by_hand() -> None:
    found = card(*PLANT)

    # Of pm3's 4, three minutes before. That of 38 came 18 minutes after an alert, that of 49 37.
    assert (found.n_outcomes, found.n_warned, found.n_missed) == (3, 1, 2)
    assert found.recall == pytest.approx(1 / 3)
    assert found.median_lead_s == 180
    # Those of 20 and 12; of that of 57 nobody knows yet.
    assert (found.n_raised, found.n_nuisance) == (4, 2)
    assert found.nuisance_per_day == pytest.approx(48)
    # pm3 for 3, 15 and 3 minutes of 60, pm4 for 2.
    assert found.alarm_share == pytest.approx((3 + 15 + 3 + 2) / 120)
    # Each alert at random covers 4 of 60 minutes before each outcome: three of pm3's, one of pm4's.
    of_pm3, of_pm4 = 1 - (56 / 60) ** 3, 4 / 60
    assert found.recall_by_chance == pytest.approx((2 * of_pm3 + of_pm4) / 3)


@pytest.mark.parametrize(
    ("horizon", "n_warned", "n_nuisance", "lead"),
    [(4, 1, 2, 180), (10, 1, 2, 180), (30, 2, 1, 630), (60, 3, 0, 1080)],
)
def test_further_ahead_more_is_a_warning(
    horizon: float, n_warned: int, n_nuisance: int, lead: float
) -> None:
    found = card(*PLANT, horizon=horizon)

    assert (found.n_warned, found.n_nuisance, found.median_lead_s) == (n_warned, n_nuisance, lead)


def test_an_alert_of_the_run_before_warned_of_nothing() -> None:
    #  minute   1---4    8
    #  outcome      4    8, of the run since 4
    found = card(*warned(1, 4), outcome(8, run_start=4), horizon=30)

    assert (found.n_warned, found.n_missed) == (1, 1)


def test_chance_has_no_more_than_the_run_to_warn_in() -> None:
    #  minute  0  4       8-10      20     30             60
    #  raised   1                   x      x, of another rule
    #  outcome    4         10, of both rules
    found = card(
        *warned(1, 4),
        *stood((20, 21)),
        *stood((30, 31), rule="odd"),
        outcome(10, run_start=8),
        outcome(10, run_start=8, rule="odd"),
        horizon=30,
    )

    # 4 minutes of an hour since it began, and 2 of the run since 8; both rules warn of the last.
    missed = ((1 - 4 / 60) ** 2, (1 - 2 / 60) ** 2 * (1 - 2 / 60))
    assert found.recall_by_chance == pytest.approx(1 - sum(missed) / 2)


def test_chance_does_not_warn_of_an_outcome_outside_of_a_run() -> None:
    assert card(*stood((1, 3)), outcome(4, run_start=None)).recall_by_chance == 0


def test_an_alert_whose_rule_was_removed_is_neither_a_nuisance_nor_a_warning() -> None:
    found = card(*stood((1, 3), (20, 50), reason="rule-removed"), *stood((10, 12), machine="pm4"))

    assert (found.n_raised, found.n_nuisance, found.n_warned) == (3, 1, 0)


def test_an_alert_of_another_machine_warned_of_nothing() -> None:
    found = card(*stood((1, 3)), outcome(4, machine="pm4"))

    assert (found.n_warned, found.n_nuisance) == (0, 1)


def test_a_break_that_two_rules_warn_of_counts_once() -> None:
    #  minute        0       10       20
    #  sheet-break     2---4             22----26      28, missed by both
    #  odd            1--3                  24----30
    found = card(
        *warned(2, 4),
        *stood((1, 3), rule="odd"),
        outcome(4, rule="odd"),
        *stood((22, 26)),
        *stood((24, 30), rule="odd"),
        outcome(28.5, run_start=4),
        outcome(28.5, run_start=4, rule="odd"),
    )

    assert (found.n_outcomes, found.n_warned, found.n_missed) == (2, 1, 1)
    # Of the earlier of the two that warned of it.
    assert (found.n_raised, found.median_lead_s) == (4, 180)
    assert found.recall_by_chance == pytest.approx(1 - (56 / 60) ** 4)
    # From 1 to 4 and from 22 to 30; both at a time are one time.
    assert found.alarm_share == pytest.approx((3 + 8) / 60)


def test_an_outcome_outside_of_a_run_was_not_warned_of() -> None:
    assert card(*stood((1, 3)), outcome(4, run_start=None)).n_warned == 0


@pytest.mark.parametrize("raised", [-0.03, 0.0, 3.9])
def test_an_alert_within_the_horizon_warns_though_clocks_jitter(raised: float) -> None:
    found = ledger(*stood((raised, 3.95)), outcome(4))
    made: dict[str, Any] = {"horizon": timedelta(minutes=4), "start": at(-60), "end": at(60)}

    assert plant_card(found.alerts, found.outcomes, **made).n_warned == 1


def test_nothing_happened_and_nothing_was_said() -> None:
    found = card()

    assert (found.recall, found.recall_by_chance, found.median_lead_s) == (None, None, None)
    assert (found.n_missed, found.nuisance_per_day, found.alarm_share) == (0, 0, 0)
