"""The controller: one number that keeps the alerts of a machine to its budget."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.detection.threshold import (
    HIGHEST_SHIFT,
    LOWEST_SHIFT,
    controlled,
    shifted,
)

BUDGET = 6 / 720
"""Six alerts a day, per reading at two minutes."""


def quiet(shift: float, n_readings: int, *, budget: float = BUDGET) -> float:
    for _ in range(n_readings):
        shift = controlled(shift, raised=False, alarm=False, budget_per_reading=budget)
    return shift


def alert(shift: float, n_open: int = 1) -> float:
    """An alert that is open for so many readings."""
    for n in range(n_open):
        shift = controlled(shift, raised=n == 0, alarm=True, budget_per_reading=BUDGET)
    return shift


def test_an_alert_raises_the_threshold_and_its_due_time_takes_it_back() -> None:
    raised = alert(0.0)

    assert raised == 0.2
    # Six a day at 720 readings: one is due every 120 readings.
    assert quiet(raised, 120) == pytest.approx(0.0)


def test_an_alert_counts_once_however_long_it_is_open() -> None:
    assert alert(0.0, n_open=1000) == 0.2


def test_the_shift_ends_at_two() -> None:
    shift = 0.0
    for _ in range(20):
        shift = alert(shift)

    assert shift == HIGHEST_SHIFT == 2.0


def test_the_shift_ends_at_minus_one() -> None:
    assert quiet(0.0, 10_000) == LOWEST_SHIFT == -1.0


@pytest.mark.parametrize("readings_per_alert", [15, 120, 720])
def test_alerts_at_the_asked_rate_let_the_shift_stay_where_it_is(readings_per_alert: int) -> None:
    # One alert among every so many quiet readings, now early, now late among them.
    random = np.random.default_rng(seed=7)
    shift, shifts = 0.0, []
    for place in random.integers(0, readings_per_alert + 1, size=500).tolist():
        shift = alert(quiet(shift, place, budget=1 / readings_per_alert))
        shift = quiet(shift, readings_per_alert - place, budget=1 / readings_per_alert)
        shifts.append(shift)

    assert max(map(abs, shifts)) < 1e-9


@pytest.mark.parametrize("drift", [-0.5, 0.5, 1.5])
def test_the_shift_finds_the_asked_rate_on_a_machine_that_drifted(drift: float) -> None:
    # Scores with an exponential tail, as surprises have it: a share of exp(-limit) is above.
    # The limit was right for the machine as it was; then every score moved by the drift.
    random = np.random.default_rng(seed=7)
    n_readings, limit = 50_000, -math.log(BUDGET)
    shift, n_raised = 0.0, 0
    for score in (random.exponential(size=n_readings) + drift).tolist():
        over = score > shifted(limit, shift)
        n_raised += over
        shift = controlled(shift, raised=over, alarm=over, budget_per_reading=BUDGET)

    asked, without = BUDGET * n_readings, n_readings * math.exp(drift - limit)
    assert n_raised == pytest.approx(asked, rel=0.1)
    assert abs(without - asked) > 0.35 * asked


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 1)), max_size=200))
def test_the_shift_never_leaves_its_bounds(steps: list[tuple[bool, bool, float]]) -> None:
    shift = 0.0
    for raised, alarm, budget in steps:
        shift = controlled(shift, raised=raised, alarm=alarm, budget_per_reading=budget)
        assert LOWEST_SHIFT <= shift <= HIGHEST_SHIFT
