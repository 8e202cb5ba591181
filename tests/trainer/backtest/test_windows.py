"""Where a warning counts, worked out by hand."""

from datetime import timedelta

import numpy as np
import pytest

from tests.trainer.backtest.by_hand import judged
from trainer.backtest.windows import Windows, stretches_of, windows_of


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_warning_of_an_outcome_counts_in_the_same_run_for_so_long_before_it() -> None:
    #  row      0  1  2         3   4   5   6
    #  minute   0  2  4   gap   30  32  34  36
    #  outcome                          o
    rows = judged([0, 2, 4, 30, 32, 34, 36], runs=[0, 0, 0, 1, 1, 1, 2], labelled=[5])

    def window(horizon: float) -> list[int]:
        return np.flatnonzero(windows_of(rows, "event", minutes(horizon)).rows(7)).tolist()

    assert window(2) == [4]
    assert window(4) == [3, 4]
    # What was said before the standstill was said of another run.
    assert window(60) == [3, 4]


def test_an_outcome_that_goes_on_is_warned_of_before_its_begin() -> None:
    #  row      0  1  2  3  4   5   6
    #  minute   0  2  4  6  8  10  12
    #  outcome        o--o--o
    rows = judged(range(0, 14, 2), runs=[0, 0, 0, 1, 2, 3, 3], labelled=[2, 3, 4], going_on=[3, 4])

    windows = windows_of(rows, "event", minutes(4))

    assert windows.at.tolist() == [2]
    assert np.flatnonzero(windows.rows(7)).tolist() == [0, 1]


def test_an_outcome_at_the_first_reading_of_a_run_cannot_be_warned_of() -> None:
    rows = judged([0, 2, 30], runs=[0, 0, 1], labelled=[2])

    windows = windows_of(rows, "event", minutes(60))

    assert windows.at.tolist() == [2]
    assert windows.holding(np.ones(3, bool)).tolist() == [False]


def test_a_labelled_stretch_is_warned_of_soon_after_it_began() -> None:
    #  row      0  1  2  3  4   5   6
    #  minute   0  2  4  6  8  10  12
    #  label       x  x  x         x
    rows = judged([0, 2, 4, 6, 8, 10, 12], labelled=[1, 2, 3, 6])

    soon, late = (windows_of(rows, "rows", minutes(horizon)) for horizon in (2, 60))

    assert np.flatnonzero(soon.rows(7)).tolist() == [1, 2, 6]
    assert np.flatnonzero(late.rows(7)).tolist() == [1, 2, 3, 6]
    assert stretches_of(rows).at.tolist() == [1, 6]


def test_chance_is_the_share_of_places_at_which_a_window_holds_a_mark() -> None:
    #  a window of two rows lies at one of six places among seven rows; two of them hold row 4
    windows = Windows(np.array([3, 2]), np.array([5, 2]), np.array([5, 2]))
    mark = np.arange(7) == 4

    # The other one has no row at all, so it never holds a mark.
    assert windows.by_chance(mark) == pytest.approx((2 / 6 + 0) / 2)
    assert windows.by_chance(np.ones(7, bool)) == 0.5


def test_the_first_mark_of_a_window_is_its_earliest_warning() -> None:
    windows = Windows(np.array([0, 4]), np.array([3, 7]), np.array([3, 7]))

    assert windows.first_held(np.isin(np.arange(8), [1, 2, 7])).tolist() == [1]
