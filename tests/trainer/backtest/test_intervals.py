"""How sure a recall is."""

from datetime import date

import numpy as np
import pytest

from trainer.backtest.intervals import by_days, by_events

HITS = np.array([True] * 10 + [False] * 30)
DAYS = [(1, date(2026, 11, day)) for day in range(1, 21)]


def test_an_interval_holds_the_recall_and_what_theory_says_of_it() -> None:
    low, high = by_events(HITS) or (1.0, 0.0)

    # A quarter of 40: a binomial share with a standard deviation of 0.068.
    assert low == pytest.approx(0.25 - 1.96 * 0.068, abs=0.03)
    assert high == pytest.approx(0.25 + 1.96 * 0.068, abs=0.03)


def test_events_that_go_together_by_day_say_less() -> None:
    """Ten hits on one day are one lucky day."""
    together = [DAYS[0]] * 10 + [DAYS[1 + i // 3] for i in range(30)]

    low, high = by_days(HITS, together, DAYS) or (1.0, 0.0)

    assert low == 0.0
    assert high > (by_events(HITS) or (0.0, 0.0))[1]


@pytest.mark.parametrize("n_hits", [1, 3, 5, 7])
def test_a_handful_of_days_never_says_more_than_their_events(n_hits: int) -> None:
    """Eight events on two of twenty days: to draw days again and again makes no other days."""
    hits = np.isin(np.arange(8), [0, 4, 1, 5, 2, 6, 3][:n_hits])
    days = [DAYS[i // 4] for i in range(8)]

    of_events, of_days = by_events(hits), by_days(hits, days, DAYS)

    assert of_events is not None
    assert of_days is not None
    assert of_days[0] <= of_events[0]
    assert of_days[1] >= of_events[1]


@pytest.mark.parametrize("n_hits", [0, 28])
def test_what_never_happened_may_still_happen(n_hits: int) -> None:
    """28 events on 7 days, all alike: no draw of them can be any other."""
    hits = np.arange(28) < n_hits
    days = [DAYS[i // 4] for i in range(28)]

    of_events, of_days = by_events(hits), by_days(hits, days, DAYS)

    assert of_events is not None
    assert of_days is not None
    nobody, everybody = (0.0, 0.12, 0.0, 0.354), (0.88, 1.0, 0.646, 1.0)
    assert (*of_events, *of_days) == pytest.approx(everybody if n_hits else nobody, abs=0.005)


def test_one_day_is_one_case_whatever_its_events_say() -> None:
    low, high = by_days(HITS, [DAYS[0]] * 40, DAYS) or (1.0, 0.0)

    assert low < 0.05
    assert high > 0.75


def test_the_same_hits_have_the_same_interval() -> None:
    days = [DAYS[i % 20] for i in range(40)]

    assert by_events(HITS) == by_events(HITS.copy())
    assert by_days(HITS, days, DAYS) == by_days(HITS.copy(), days, DAYS)


def test_without_events_there_is_no_interval() -> None:
    assert by_events(HITS[:0]) is None
    assert by_days(HITS[:0], [], DAYS) is None
