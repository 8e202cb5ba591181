"""Alerts held against what happened, worked out by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.alerting.ledger import (
    ClosedAlert,
    Fate,
    Scorecard,
    close_alerts,
    scorecard,
)
from tests.alerting.judged import at


def card(
    alerts: Sequence[tuple[float, float | None]],
    outcomes: Sequence[float] = (),
    *,
    horizon: float = 4,
    cadence: float = 2,
    end: float = 60,
) -> Scorecard:
    """Close alerts and outcomes of the hour after three o'clock; all in minutes."""
    return scorecard(
        [(at(raised), None if cleared is None else at(cleared)) for raised, cleared in alerts],
        [at(minute) for minute in outcomes],
        horizon=timedelta(minutes=horizon),
        cadence=timedelta(minutes=cadence),
        start=at(0),
        end=at(end),
    )


def test_an_hour_by_hand() -> None:
    #  minute   0        10        20        30        40        50        60
    #  alert        4--8           20----26      32-36                   58
    #  outcome         8             22             37    42
    #             warned, 4 min   warned, 2    5 min: missed  missed
    found = card([(4, 8), (20, 26), (32, 36), (58, None)], [8, 22, 37, 42])

    assert found.leads == (timedelta(minutes=4), timedelta(minutes=2))
    assert (found.n_alerts, found.n_outcomes, found.n_missed) == (4, 4, 2)
    assert found.recall == 0.5
    # That of minute 32; what would have followed the one of minute 58, nobody knows.
    assert found.n_nuisance == 1
    assert found.nuisance_per_day == pytest.approx(24)
    assert found.median_lead == timedelta(minutes=2)
    assert found.alarm_share == pytest.approx((4 + 6 + 4 + 2) / 60)
    # Four alerts at random times each cover 4 of 60 minutes.
    assert found.recall_by_chance == pytest.approx(1 - (56 / 60) ** 4)


def test_every_alert_is_closed_once() -> None:
    #  minute   0        10        20        30        40        50        60
    #  alert        4--8                          32-36                   58
    #  outcome         8                             37
    closed = close_alerts(
        [(at(58), None), (at(4), at(8)), (at(32), at(36))],
        [at(37), at(8)],
        horizon=timedelta(minutes=4),
        end=at(60),
    )

    assert closed == (
        ClosedAlert(at(4), at(8), Fate.EARLY, timedelta(minutes=4)),
        ClosedAlert(at(32), at(36), Fate.NUISANCE),
        ClosedAlert(at(58), None, Fate.UNLABELLED),
    )


@pytest.mark.parametrize("raised", [6, 8, 9.9])
def test_an_alert_within_the_horizon_before_an_outcome_warned_of_it(raised: float) -> None:
    found = card([(raised, None)], [10])

    assert (found.recall, found.n_nuisance) == (1.0, 0)


@pytest.mark.parametrize("raised", [5.9, 10, 11])
def test_an_alert_too_early_or_too_late_is_a_nuisance(raised: float) -> None:
    found = card([(raised, None)], [10])

    assert (found.recall, found.n_nuisance) == (0.0, 1)


def test_the_lead_is_that_of_the_earliest_alert_within_the_horizon() -> None:
    found = card([(5, 5), (7, 7), (9, 9)], [10])

    assert found.leads == (timedelta(minutes=3),)
    assert found.n_nuisance == 1


def test_one_alert_may_warn_of_two_outcomes() -> None:
    found = card([(6, None)], [8, 10])

    assert found.leads == (timedelta(minutes=2), timedelta(minutes=4))
    assert found.n_nuisance == 0


def test_the_horizon_decides_what_is_a_warning() -> None:
    alerts, outcomes = [(0.0, 1.0)], [30.0]

    assert [card(alerts, outcomes, horizon=h).recall for h in (4, 10, 30, 60)] == [0, 0, 1, 1]


def test_nothing_happened_and_nothing_was_said() -> None:
    found = card([])

    assert (found.recall, found.median_lead) == (None, None)
    assert (found.n_missed, found.nuisance_per_day, found.recall_by_chance) == (0, 0, 0)


def test_a_span_shorter_than_the_horizon_is_warned_of_by_any_alert() -> None:
    assert card([(0, None)], [1], end=2).recall_by_chance == 1.0


def test_of_an_even_number_of_leads_the_lower_one_is_in_the_middle() -> None:
    found = card([(1, 1), (11, 11), (21, 21), (31, 31)], [2, 13, 24, 35])

    assert found.median_lead == timedelta(minutes=2)


minutes = st.lists(st.integers(0, 59), max_size=12)


@given(raised=minutes, happened=minutes, horizon=st.integers(1, 20))
def test_the_books_balance(raised: list[int], happened: list[int], horizon: int) -> None:
    found = card([(one, one) for one in raised], happened, horizon=horizon)

    def foretold(alert: datetime, outcome: datetime) -> bool:
        return timedelta(0) < outcome - alert <= timedelta(minutes=horizon)

    warned = [o for o in happened if any(foretold(at(a), at(o)) for a in raised)]
    nuisances = [
        a for a in raised if a + horizon <= 60 and not any(foretold(at(a), at(o)) for o in happened)
    ]
    assert (len(found.leads), found.n_missed) == (len(warned), len(happened) - len(warned))
    assert found.n_nuisance == len(nuisances)
    assert all(timedelta(0) < lead <= timedelta(minutes=horizon) for lead in found.leads)


@pytest.mark.parametrize(
    ("cadence", "chance"),
    [
        (2, 4 / 60),  # readings 4 and 2 minutes ahead, of 30
        (3, 3 / 60),  # one reading of 20, 3 minutes ahead
        (4.02, 4 / 60),  # a clock that jitters
        (5, 0),
    ],
)
def test_a_random_alert_comes_at_a_reading_so_only_whole_cadences_count(
    cadence: float, chance: float
) -> None:
    assert card([(4, 8)], [8], cadence=cadence).recall_by_chance == pytest.approx(chance)
