"""Alerts held against what happened, worked out by hand."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.alerting.recorded import (
    ClosedAlert,
    Fate,
    Scorecard,
    Standstill,
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
    stood_still: Sequence[tuple[float, float]] = (),
) -> Scorecard:
    """Close alerts and outcomes of the hour after three o'clock; all in minutes."""
    return scorecard(
        [(at(raised), None if cleared is None else at(cleared)) for raised, cleared in alerts],
        [at(minute) for minute in outcomes],
        horizon=timedelta(minutes=horizon),
        cadence=timedelta(minutes=cadence),
        start=at(0),
        end=at(end),
        stood_still=[Standstill(at(begin), at(after)) for begin, after in stood_still],
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
    assert found.false_per_day == pytest.approx(24)
    assert found.median_lead == timedelta(minutes=3)
    assert found.alarm_share == pytest.approx((4 + 6 + 4 + 2) / 60)
    # Four alerts at random times each cover 4 of 60 minutes.
    assert found.recall_by_chance == pytest.approx(1 - (56 / 60) ** 4)


def test_every_alert_is_closed_once() -> None:
    #  minute   0        10        20        30        40        50        60
    #  alert        4--8    12-----20             32-36                   58
    #  outcome         8            20               37
    closed = close_alerts(
        [(at(58), None), (at(4), at(8)), (at(32), at(36)), (at(12), at(20))],
        [at(37), at(8), at(20)],
        horizon=timedelta(minutes=4),
        end=at(60),
    )

    assert closed == (
        ClosedAlert(at(4), at(8), Fate.EARLY, timedelta(minutes=4)),
        ClosedAlert(at(12), at(20), Fate.LATE, timedelta(minutes=8)),
        ClosedAlert(at(32), at(36), Fate.NUISANCE),
        ClosedAlert(at(58), None, Fate.UNLABELLED),
    )


@pytest.mark.parametrize("raised", [5.97, 6, 8, 9.9])
def test_an_alert_within_the_horizon_before_an_outcome_warned_of_it(raised: float) -> None:
    found = card([(raised, None)], [10])

    assert (found.recall, found.n_nuisance) == (1.0, 0)


@pytest.mark.parametrize(("raised", "cleared"), [(5.9, 8), (10, None), (11, None)])
def test_an_alert_that_is_over_before_the_horizon_or_comes_afterwards_is_a_nuisance(
    raised: float, cleared: float | None
) -> None:
    found = card([(raised, cleared)], [10])

    assert (found.recall, found.n_nuisance) == (0.0, 1)


def test_an_alert_that_stood_for_longer_than_the_horizon_is_late_and_a_false_one() -> None:
    found = card([(5.9, 10), (20, None)], [10, 40])

    assert (found.recall, found.n_nuisance, found.n_late, found.n_false) == (0.0, 0, 2, 2)


def test_a_warning_counts_only_while_the_run_lasted() -> None:
    #  minute   0        10        20        30
    #  running  -----------6         18---------
    #  alert              4-------------22
    #  outcome                       20
    across = card([(4, 22)], [20], horizon=30, stood_still=[(6, 18)])
    within = card([(18, 22)], [20], horizon=30, stood_still=[(6, 18)])

    assert (across.recall, across.n_nuisance) == (0.0, 1)
    assert within.leads == (timedelta(minutes=2),)


def test_an_outcome_that_ends_the_standstill_comes_after_it() -> None:
    found = card([(4, None)], [18], horizon=30, stood_still=[(6, 18)])

    assert (found.recall, found.n_nuisance) == (0.0, 1)


def test_what_follows_a_standstill_cannot_make_an_alert_before_it_right() -> None:
    #  The recording ends within the horizon, but the run ended first: nothing is left to be known.
    found = card([(50, 52)], horizon=30, stood_still=[(52, 58)])

    assert found.n_nuisance == 1


def test_a_standstill_is_no_time_for_alarms_nor_for_chance() -> None:
    #  20 of 60 minutes stand still, 10 of them within the alert of 20 minutes.
    found = card([(20, 40)], [59], stood_still=[(10, 20), (30, 40)])

    assert found.running == timedelta(minutes=40)
    assert found.alarm_share == pytest.approx(10 / 40)
    assert found.recall_by_chance == pytest.approx(4 / 40)
    assert found.false_per_day == pytest.approx(36)


def test_the_lead_is_that_of_the_earliest_alert_within_the_horizon() -> None:
    found = card([(5, 5), (7, 7), (9, 9)], [10])

    assert found.leads == (timedelta(minutes=3),)
    assert found.n_nuisance == 1


def test_an_alert_warns_of_the_next_outcome_only() -> None:
    found = card([(6, None)], [8, 10])

    assert found.leads == (timedelta(minutes=2),)
    assert (found.n_missed, found.n_nuisance) == (1, 0)


def test_the_horizon_decides_what_is_a_warning() -> None:
    alerts, outcomes = [(0.0, 1.0)], [30.0]

    assert [card(alerts, outcomes, horizon=h).recall for h in (4, 10, 30, 60)] == [0, 0, 1, 1]


def test_nothing_happened_and_nothing_was_said() -> None:
    found = card([])

    assert (found.recall, found.median_lead) == (None, None)
    assert (found.n_missed, found.false_per_day, found.recall_by_chance) == (0, 0, 0)


def test_chance_has_no_more_than_the_run_to_warn_in() -> None:
    #  minute   0    6         16        26        36                   60
    #  running  ------   stands   -------------------------------------
    #  outcome       6             24             37
    found = card([(4, 5), (40, 41)], [6, 24, 37], horizon=30, stood_still=[(6, 16)])

    # 6 minutes from the begin, 8 from the restart, 13 from the outcome before; 50 were running.
    missed = [(1 - minutes / 50) ** 2 for minutes in (6, 8, 13)]
    assert found.recall_by_chance == pytest.approx(1 - sum(missed) / 3)


def test_chance_does_not_warn_of_an_outcome_that_ends_a_standstill() -> None:
    assert card([(4, 5)], [16], horizon=30, stood_still=[(6, 16)]).recall_by_chance == 0


def test_a_run_that_is_all_there_is_is_warned_of_by_any_alert() -> None:
    assert card([(0, None)], [2], end=2).recall_by_chance == 1.0


def test_of_an_even_number_of_leads_the_median_lies_between_the_middle_two() -> None:
    found = card([(1, 1), (11, 11), (21, 21), (31, 31)], [2, 13, 24, 35])

    assert found.median_lead == timedelta(minutes=2.5)


minutes = st.lists(st.integers(0, 59), max_size=12, unique=True)


@given(raised=minutes, happened=minutes, stopped=minutes, horizon=st.integers(1, 20))
def test_the_books_balance(
    raised: list[int], happened: list[int], stopped: list[int], horizon: int
) -> None:
    # It stands still for half a minute before some of the minutes.
    found = card(
        [(one, one) for one in raised],
        happened,
        horizon=horizon,
        stood_still=[(one - 0.5, one) for one in sorted(stopped)],
    )

    def foretold(alert: int, outcome: int) -> bool:
        between = [one for one in (*happened, *stopped) if alert < one <= outcome]
        return 0 < outcome - alert <= horizon and between == [outcome]

    def nothing_can_follow(alert: int) -> bool:
        return alert + horizon <= 60 or any(one > alert for one in (*happened, *stopped))

    happened_in_run = [one for one in happened if one not in stopped]
    warned = [o for o in happened_in_run if any(foretold(a, o) for a in raised)]
    false = [
        a
        for a in raised
        if nothing_can_follow(a) and not any(foretold(a, o) for o in happened_in_run)
    ]
    assert (len(found.leads), found.n_missed) == (len(warned), len(happened) - len(warned))
    assert found.n_false == len(false)
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
