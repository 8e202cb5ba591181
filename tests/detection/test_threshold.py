"""What a threshold stands for: a number, a share of readings, or alerts a day."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.detection.threshold import Budget, Curve, Fixed, Limits, Rate, shifted

LIMITS = Limits(
    by_budget=Curve((1.0, 10.0), (4.0, 2.0)),
    by_rate=Curve((0.001, 0.1), (3.5, 1.5)),
    readings_per_day=720.0,
)

not_positive = pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf, -math.inf])


@not_positive
def test_a_threshold_needs_a_positive_number(number: float) -> None:
    with pytest.raises(ValueError, match=r"value is .*, expected a positive number"):
        Fixed(number)
    with pytest.raises(ValueError, match=r"share is .*, expected a positive number"):
        Rate(number)
    with pytest.raises(ValueError, match=r"per_day is .*, expected a positive number"):
        Budget(number)


def test_not_all_readings_can_be_above_a_threshold() -> None:
    with pytest.raises(ValueError, match=r"share is 1\.0, expected less than 1"):
        Rate(1.0)


def test_a_curve_goes_through_its_points_and_is_flat_outside() -> None:
    curve = Curve(x=(1.0, 10.0, 1000.0), y=(4.0, 3.0, 1.0))

    assert [curve(x) for x in (0.1, 1.0, 10.0, 100.0, 1000.0, 1e9)] == [4, 4, 3, 2, 1, 1]


def test_one_point_is_a_curve() -> None:
    assert [Curve((2.0,), (3.0,))(x) for x in (1.0, 2.0, 4.0)] == [3, 3, 3]


@pytest.mark.parametrize(
    ("x", "y"), [((), ()), ((1.0,), (1.0, 2.0)), ((2.0, 1.0), (1.0, 2.0)), ((1.0, 1.0), (2.0, 1.0))]
)
def test_points_without_order_are_no_curve(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="a curve needs"):
        Curve(x, y)


@given(
    points=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9, unique=True),
    asked=st.tuples(st.floats(1e-4, 1e4), st.floats(1e-4, 1e4)),
)
def test_more_alerts_asked_never_mean_a_higher_limit(
    points: list[float], asked: tuple[float, float]
) -> None:
    x = tuple(sorted(points))
    curve = Curve(x, tuple(float(len(x) - i) for i in range(len(x))))
    few, many = sorted(asked)

    assert curve(many) <= curve(few) + 1e-12


def test_each_kind_of_threshold_stands_for_a_limit() -> None:
    assert LIMITS.limit(Fixed(3.1)) == 3.1
    assert LIMITS.limit(Rate(0.01)) == pytest.approx(2.5)
    assert LIMITS.limit(Budget(10**0.5)) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("shift", "level"),
    [(0.0, 3.0), (0.2, 3.2), (2.0, 5.0), (-1.0, 2.0), (-1.5, 1.5), (-1.6, 1.5), (-9.0, 1.5)],
)
def test_a_shift_never_takes_a_limit_below_its_half(shift: float, level: float) -> None:
    assert shifted(3.0, shift) == level


def test_a_shifted_limit_has_six_decimals_like_the_score() -> None:
    assert shifted(2.12345678, 0.0) == 2.123457
