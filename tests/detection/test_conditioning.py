"""Scale, the place of a missing sensor, and the deviation from the running mean."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from stream_detector.detection.conditioning import (
    CLIP,
    HALF_LIFE_READINGS,
    ConditionalMeans,
    Conditioning,
    clip,
    mean_weight,
    running_means,
)

Array = NDArray[np.float64]

PLAIN = Conditioning(
    center=np.array([10.0, -1.0]),
    spread=np.array([2.0, 0.5]),
    deviation_center=np.array([0.0, 0.5]),
    deviation_spread=np.array([1.0, 2.0]),
    row_mean=np.zeros(2),
    precision=np.eye(2),
    deviation_mean=np.zeros(2),
    deviation_precision=np.eye(2),
    window_size=4,
)


def test_values_are_expressed_in_spreads_from_the_centre() -> None:
    assert PLAIN.scale(np.array([[10.0, -1.0], [14.0, -2.0]])).tolist() == [[0, 0], [2, -2]]


def test_scaled_values_go_back_to_the_units_of_the_sensor() -> None:
    assert PLAIN.in_units(np.array([2.0, -2.0])).tolist() == [14.0, -2.0]


def test_a_missing_value_stays_missing() -> None:
    assert np.isnan(PLAIN.scale(np.array([[np.nan, 0.0]]))).tolist() == [[True, False]]


def test_the_graph_sees_at_most_twelve_spreads() -> None:
    scaled = clip(np.array([-1e6, -12.5, 3.0, 1e6]))

    assert scaled.dtype == np.float32
    assert scaled.tolist() == [-CLIP, -CLIP, 3.0, CLIP]


def test_deviations_have_a_scale_of_their_own() -> None:
    scaled = PLAIN.scale_deviations(np.array([[3.0, 4.5], [99.0, -99.0]]))

    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[3, 2], [CLIP, -CLIP]]


@pytest.mark.parametrize("spread", [2.0, 1e-300])
def test_no_value_makes_a_row_infinite(spread: float) -> None:
    conditioning = dataclasses.replace(PLAIN, spread=np.full(2, spread))

    assert conditioning.scale(np.array([[1.7e308, -1.7e308]])).tolist() == [[1e6, -1e6]]


def one_machine(run: Array, weights: Array | None = None) -> Array:
    """The running means of a run that begins with the first row."""
    n_rows, n_sensors = run.shape
    if weights is None:
        weights = np.array([[mean_weight(n)] for n in range(1, n_rows + 1)])
    return running_means(run, weights, np.zeros((1, n_sensors)), sizes=[1] * n_rows)


def mean_by_the_book(run: Array, missing: NDArray[np.bool_]) -> Array:
    """A plain loop, sensor by sensor."""
    alpha = 1 - 0.5 ** (1 / HALF_LIFE_READINGS)
    mean = run[0].copy()
    means = [mean.copy()]
    for n_readings, (row, absent) in enumerate(zip(run[1:], missing[1:], strict=True), start=2):
        weight = max(alpha, 1 / n_readings)
        for i, value in enumerate(row):
            if not absent[i]:
                mean[i] += weight * (value - mean[i])
        means.append(mean.copy())
    return np.array(means)


@given(
    run=arrays(float, (30, 3), elements=st.floats(-100, 100)),
    missing=arrays(bool, (30, 3)),
)
def test_the_running_mean_equals_a_plain_loop(run: Array, missing: NDArray[np.bool_]) -> None:
    missing[0] = False  # the first row of a run is taken as it is
    weights = np.array([[mean_weight(n)] for n in range(1, 31)]) * ~missing

    np.testing.assert_allclose(one_machine(run, weights), mean_by_the_book(run, missing), atol=1e-9)


def test_a_running_mean_of_weight_0_stands_still_to_the_last_bit() -> None:
    weights = np.array([[1.0], [0.0], [0.0]])

    assert one_machine(np.array([[0.1], [7.0], [-3.0]]), weights).tolist() == [[0.1]] * 3


def test_a_run_begins_at_its_first_row_whatever_was_before() -> None:
    before = np.array([[1e6]])

    assert running_means(np.array([[0.1]]), np.ones((1, 1)), before, sizes=[1]).tolist() == [[0.1]]


def test_the_running_mean_is_a_plain_mean_at_first() -> None:
    assert one_machine(np.array([[1.0], [2.0], [6.0]]))[-1].tolist() == pytest.approx([3.0])


def test_the_running_mean_has_half_forgotten_a_step_after_seven_readings() -> None:
    step = np.array([[0.0]] * 100 + [[1.0]] * HALF_LIFE_READINGS)

    assert one_machine(step)[-1].tolist() == pytest.approx([0.5])


def some_covariance(n_sensors: int) -> Array:
    mixing = np.random.default_rng(seed=n_sensors).normal(size=(n_sensors, 2 * n_sensors))
    return np.asarray(mixing @ mixing.T / n_sensors + 0.1 * np.eye(n_sensors))


def inverse(matrix: Array) -> Array:
    return np.asarray(np.linalg.inv(matrix), np.float64)


@given(missing=arrays(bool, 6).filter(lambda m: 0 < m.sum() < 6), seed=st.integers(0, 99))
def test_conditional_means_equal_those_from_the_covariance(
    missing: NDArray[np.bool_], seed: int
) -> None:
    # E[m | o] = mean_m + C_mo inv(C_oo) (o - mean_o), of any multivariate normal distribution.
    random = np.random.default_rng(seed)
    covariance, mean = some_covariance(6), random.normal(size=6)
    row = random.normal(size=6)
    observed = ~missing
    expected = row.copy()
    expected[missing] = mean[missing] + covariance[np.ix_(missing, observed)] @ np.linalg.solve(
        covariance[np.ix_(observed, observed)], row[observed] - mean[observed]
    )

    means = ConditionalMeans(mean, inverse(covariance))
    row[missing] = np.nan
    means.fill(row, missing)

    np.testing.assert_allclose(row, expected, atol=1e-9)


def test_a_wild_sensor_pulls_a_missing_one_no_further_than_the_graph_sees_it() -> None:
    precision = inverse(np.array([[1.0, 0.5], [0.5, 1.0]]))
    row = np.array([1e6, np.nan])

    ConditionalMeans(np.zeros(2), precision).fill(row, np.isnan(row))

    assert row.tolist() == pytest.approx([1e6, 0.5 * CLIP])


def test_a_pattern_of_missing_sensors_gives_the_same_bits_again_however_many_came_between() -> None:
    precision = inverse(some_covariance(10))
    means = ConditionalMeans(np.zeros(10), precision)
    values = np.random.default_rng(seed=7).normal(size=10)
    patterns = [np.array([int(bit) for bit in f"{n:010b}"], bool) for n in range(1, 400)]

    def filled(missing: NDArray[np.bool_]) -> bytes:
        row = np.where(missing, np.nan, values)
        means.fill(row, missing)
        return row.tobytes()

    assert [filled(one) for one in patterns] == [filled(one) for one in patterns]
