"""The controller: one number that keeps the alerts of a machine to its budget."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.detection.threshold import (
    HIGHEST_SHIFT,
    LOWEST_SHIFT,
    Controller,
    shifted,
)

BUDGET = 6 / 720
"""Six alerts a day, per reading at two minutes."""


def quiet(controller: Controller, n_readings: int, *, budget: float = BUDGET) -> None:
    for _ in range(n_readings):
        controller.step(over=False, raised=False, alarm=False, budget_per_reading=budget)


def alert(controller: Controller, n_over: int, *, n_open: int = 0) -> list[float]:
    """An alert of so many readings over the threshold, then some while it is still open."""
    shifts = []
    for n in range(n_over + n_open):
        controller.step(over=n < n_over, raised=n == 0, alarm=True, budget_per_reading=BUDGET)
        shifts.append(round(controller.shift, 6))
    return shifts


def test_an_alert_raises_the_threshold_and_its_due_time_takes_it_back() -> None:
    controller = Controller()

    assert alert(controller, 1) == [0.2]
    quiet(controller, 120)  # six a day at 720 readings: one is due every 120 readings

    assert controller.shift == pytest.approx(0.0)


def test_a_long_alert_raises_it_three_times_more_and_then_no_more() -> None:
    #  reading over the threshold   1 ... 6 ... 11 ... 16 ... 100
    #  shift                       .2    .4    .6     .8      .8
    shifts = alert(Controller(), 100)

    assert shifts == [0.2] * 5 + [0.4] * 5 + [0.6] * 5 + [0.8] * 85


def test_readings_below_the_threshold_do_not_make_an_alert_longer() -> None:
    assert alert(Controller(), 5, n_open=50) == [0.2] * 55


def test_an_open_alert_takes_nothing_back() -> None:
    controller = Controller()
    alert(controller, 1, n_open=1000)

    assert controller.shift == 0.2


def test_the_next_alert_counts_its_readings_anew() -> None:
    controller = Controller()
    alert(controller, 30)

    assert alert(controller, 6) == [1.0] * 5 + [1.2]


def test_the_shift_ends_at_two() -> None:
    controller = Controller()
    for _ in range(20):
        alert(controller, 1)

    assert controller.shift == HIGHEST_SHIFT == 2.0


def test_the_shift_ends_at_minus_one() -> None:
    controller = Controller()
    quiet(controller, 10_000)

    assert controller.shift == LOWEST_SHIFT == -1.0


@pytest.mark.parametrize("readings_per_alert", [15, 120, 720])
def test_alerts_at_the_asked_rate_let_the_shift_stay_where_it_is(readings_per_alert: int) -> None:
    # One alert among every so many quiet readings, now early, now late among them.
    random = np.random.default_rng(seed=7)
    controller, shifts = Controller(), []
    for place in random.integers(0, readings_per_alert + 1, size=500).tolist():
        quiet(controller, place, budget=1 / readings_per_alert)
        alert(controller, 1)
        quiet(controller, readings_per_alert - place, budget=1 / readings_per_alert)
        shifts.append(controller.shift)

    assert max(map(abs, shifts)) < 1e-9


@pytest.mark.parametrize("drift", [-0.5, 0.5, 1.5])
def test_the_shift_finds_the_asked_rate_on_a_machine_that_drifted(drift: float) -> None:
    # Scores with an exponential tail, as surprises have it: a share of exp(-limit) is above.
    # The limit was right for the machine as it was; then every score moved by the drift.
    random = np.random.default_rng(seed=7)
    n_readings, limit = 50_000, -math.log(BUDGET)
    controller, n_raised = Controller(), 0
    for score in (random.exponential(size=n_readings) + drift).tolist():
        over = score > shifted(limit, controller.shift)
        n_raised += over
        controller.step(over=over, raised=over, alarm=over, budget_per_reading=BUDGET)

    asked, without = BUDGET * n_readings, n_readings * math.exp(drift - limit)
    assert n_raised == pytest.approx(asked, rel=0.1)
    assert abs(without - asked) > 0.35 * asked


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.floats(0, 1)), max_size=200),
    st.data(),
)
def test_a_controller_goes_on_from_its_snapshot_and_never_leaves_its_bounds(
    steps: list[tuple[bool, bool, bool, float]], data: st.DataObject
) -> None:
    controller, restored = Controller(), Controller()
    at = data.draw(st.integers(0, len(steps)))
    for n, (over, raised, alarm, budget) in enumerate(steps):
        if n == at:
            restored = Controller(*controller.snapshot())
        for one in (controller, restored) if n >= at else (controller,):
            one.step(over=over, raised=raised, alarm=alarm, budget_per_reading=budget)
        assert LOWEST_SHIFT <= controller.shift <= HIGHEST_SHIFT

    if at < len(steps):
        assert restored.snapshot() == controller.snapshot()
