"""Alerts and outcomes of a day, counted by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from tests.trainer.backtest.by_hand import judged
from trainer.backtest.tally import Counted, Tally, count
from trainer.followed import Followed

FOUR, TEN, HOUR = (timedelta(minutes=minutes) for minutes in (4, 10, 60))

#  row      0   1   2   3   4   5   6   7   8   9
#  minute   0   2   4   6   8  10  12  14  16  18
#  outcome                      o               o
#  over         x       x           x   x
#  raised       x       x           x
#  alarm        x   x   x   x       x   x   x
DAY = judged(
    range(0, 20, 2),
    runs=[0] * 6 + [1] * 4,
    labelled=[5, 9],
    over=[1, 3, 6, 7],
    raised=[1, 3, 6],
    alarm=[1, 2, 3, 4, 6, 7, 8],
    unscored=[5, 9],
)


@pytest.fixture(scope="module")
def counted() -> Counted:
    return count(DAY, "event", FOUR, fold=1)


def test_an_alert_counts_when_it_is_raised_and_only_within_the_horizon(counted: Counted) -> None:
    # Row 3 is 4 minutes before row 5, row 1 is 8; row 6 is 6 minutes before row 9.
    assert counted.raised[FOUR].tolist() == [True, False]
    assert counted.raised[TEN].tolist() == [True, True]
    # Rows 1 and 6 are false at the rule's horizon.
    assert (counted.n_raised, counted.n_false) == (3, 2)


def test_an_alert_that_stands_is_told_apart_from_one_that_is_raised(counted: Counted) -> None:
    assert counted.standing[FOUR].tolist() == [True, True]
    # Seven of the eight scored rows are in alarm.
    assert counted.in_alarm / counted.days == pytest.approx(7 / 8)


def test_an_alert_that_stands_counts_anew_after_ten_minutes(counted: Counted) -> None:
    # Row 1 covers rows 2 to 4; row 6 is ten minutes later and covers rows 7 and 8.
    assert counted.n_standing_false == 2
    always = judged(range(0, 60, 2), raised=[0], alarm=range(30))
    assert count(always, "event", FOUR, fold=1).n_standing_false == 6


def test_a_lead_is_that_of_the_earliest_alert_within_an_hour(counted: Counted) -> None:
    assert counted.leads.tolist() == [8.0, 6.0]


def test_the_horizon_of_the_rule_is_one_of_those_counted() -> None:
    three_hours = timedelta(hours=3)
    rows = judged(range(0, 200, 2), runs=[0] * 91 + [1] * 9, labelled=[90], raised=[10])

    tally = Tally([count(rows, "event", three_hours, fold=1)])

    assert [one / timedelta(minutes=1) for one in tally.horizons] == [4, 10, 30, 60, 180]
    assert (tally.recall("raised", HOUR), tally.recall("raised", three_hours)) == (0.0, 1.0)
    assert tally.leads.tolist() == [160.0]
    assert tally.followed(three_hours).n_followed == 1


def test_the_horizon_that_scores_are_for_is_counted_beside_the_one_of_the_head() -> None:
    seven = timedelta(minutes=7)
    tally = Tally([count(DAY, "event", timedelta(minutes=40), fold=1, to_find=seven)])

    assert [one / timedelta(minutes=1) for one in tally.horizons] == [4, 7, 10, 30, 40, 60]


def test_rows_before_an_outcome_are_to_be_warned_at(counted: Counted) -> None:
    #  scored rows     0  1  2  3  4  6  7  8
    assert counted.positives.tolist() == [False, False, False, True, True, False, True, True]
    assert Tally([counted]).base_rate == 0.5
    # Of the 4 x 4 pairs: row 3 beats rows 0 and 2, is equal to 1 and 6; row 7 the same; rows 4
    # and 8 are equal to rows 0 and 2.
    assert Tally([counted]).auc == pytest.approx((2 * (2 + 2 / 2) + 2 * (2 / 2)) / 16)


def test_of_the_last_rows_of_a_run_that_goes_on_nobody_knows_what_followed() -> None:
    rows = judged(range(0, 20, 2), raised=[2, 8])

    assert count(rows, "event", FOUR, fold=1).n_false == 1


def test_an_alert_in_a_labelled_stretch_is_right_however_late() -> None:
    rows = judged(range(0, 40, 2), labelled=range(2, 12), raised=[11, 15])

    counted = count(rows, "rows", FOUR, fold=1)

    assert counted.n_false == 1
    assert counted.raised[TEN].tolist() == [False]
    assert counted.raised[HOUR].tolist() == [True]
    # It came 18 minutes after the begin.
    assert counted.leads.tolist() == [-18.0]


def test_folds_are_put_together(counted: Counted) -> None:
    quiet = count(judged([0, 2, 4, 6], labelled=[3], unscored=[3]), "event", FOUR, fold=2)

    tally = Tally([counted, quiet])

    assert tally.n_events == 3
    assert tally.days == pytest.approx(11 / 720)
    assert tally.false_per_day == pytest.approx(2 / (11 / 720))
    assert tally.alarm_share == pytest.approx(7 / 11)
    assert tally.recall("raised", FOUR) == pytest.approx(1 / 3)
    ((week, (days, n_false)),) = tally.by_week.items()
    assert (week, n_false) == ((2026, 47), 2)
    assert days == pytest.approx(11 / 720)
    # The same day of another fold is another day: it may be of another machine.
    assert tally.all_days == [(1, date(2026, 11, 22)), (2, date(2026, 11, 22))]


def test_without_an_event_there_is_no_recall() -> None:
    tally = Tally([count(judged([0, 2, 4], raised=[1]), "event", FOUR, fold=1)])

    assert np.isnan(tally.recall("raised", HOUR))
    assert np.isnan(tally.by_chance("raised", HOUR))
    assert np.isnan(tally.auc)


def test_alerts_that_an_outcome_followed_stand_beside_moments_that_one_followed(
    counted: Counted,
) -> None:
    # Rows 3 and 4, 7 and 8 are at most 4 minutes before an outcome; row 3 raised an alert.
    assert counted.followed[FOUR] == Followed(n_followed=1, n_alerts=3, n_near=4, n_rows=8)
    # Ten minutes before an outcome is every row.
    assert counted.followed[TEN] == Followed(3, 3, 8, 8)
    twice = Tally([counted, counted]).followed(FOUR)
    assert twice.share == pytest.approx(2 / 6)
    assert twice.by_chance == pytest.approx(8 / 16)


def test_nobody_knows_what_followed_an_alert_or_a_row_when_the_rows_end_too_soon() -> None:
    # The last two rows are less than 4 minutes before the end; one of them raised an alert.
    rows = judged(range(0, 20, 2), raised=[2, 8])

    assert count(rows, "event", FOUR, fold=1).followed[FOUR] == Followed(0, 1, 0, 8)


def test_a_score_may_be_for_rows_nearer_to_an_outcome_than_an_alert_has_to_be() -> None:
    found = count(DAY, "event", TEN, fold=1, to_find=FOUR)

    assert found.positives.tolist() == [False, False, False, True, True, False, True, True]
    assert (found.horizon, found.n_false) == (TEN, 0)
