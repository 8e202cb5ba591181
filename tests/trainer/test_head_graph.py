"""What a head sees of a run's last rows, by the graph that shows it live and in training."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.bundle.graph import OnnxHead
from stream_detector.detection.head import HEAD_READINGS
from tests.small_head import TREES
from trainer.head_graph import (
    PrincipalAxes,
    features_graph,
    head_graph,
    n_features,
    principal_axes,
)

# Of two sensors, the deviations go along the diagonal; three is the variance along it.
DIAGONAL = PrincipalAxes(np.array([1.0, 0.0]), np.full((2, 1), 0.5**0.5), np.array([3.0]))


def seen(
    levels: list[list[float]], deviations: list[list[float]], axes: PrincipalAxes = DIAGONAL
) -> NDArray[np.float32]:
    """Features of a run of these readings."""
    rows = np.zeros((1, HEAD_READINGS, 2, len(axes.mean)), np.float32)
    rows[0, -len(levels) :, 0], rows[0, -len(levels) :, 1] = levels, deviations
    features = OnnxHead(features_graph(axes), n_sensors=len(axes.mean), output="features")
    return np.asarray(features(rows, np.array([len(levels)], np.float32))[0])


def test_the_spread_of_a_sensor_is_its_standard_deviation_over_5_and_15_readings() -> None:
    # The first sensor has moved only before the last five readings; the second is 0 and 2 in turn.
    levels = [[9.0 if n < 5 else 0.0, 2.0 * (n % 2)] for n in range(15)]

    features = seen(levels, [[0.0, 0.0]] * 15)

    # A third of 9 and two thirds of 0; twice 2 or three times in five; seven times 2 in fifteen.
    spread, other = 9 * (2 / 9) ** 0.5, [(4 * 0.24) ** 0.5, (4 * 7 * 8 / 15**2) ** 0.5]
    np.testing.assert_allclose(features[:4], [0.0, other[0], spread, other[1]], rtol=1e-6)


def test_a_young_run_is_seen_by_the_readings_it_has() -> None:
    features = seen([[1.0, 0.0], [4.0, 0.0]], [[1.0, 0.0]] * 2)

    np.testing.assert_allclose(features[:4], [1.5, 0.0, 1.5, 0.0], rtol=1e-6)


def test_deviations_are_seen_along_and_across_the_principal_axes() -> None:
    # (3, 0) less the mean of (1, 0): half of it is along the diagonal, half across.
    features = seen([[0.0, 0.0]], [[3.0, 0.0]])

    across, along, q, t2 = features[4:6], features[6], features[7], features[8]
    np.testing.assert_allclose(across, [1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose([along, q, t2], [2**0.5, 1.0, 2 / 3], rtol=1e-6)


def test_distances_across_are_averaged_over_3_and_15_readings() -> None:
    # Across: 1 in the first reading of four, then nothing.
    deviations = [[3.0, 0.0], [1.0, 0.0], [2.0, 1.0], [1.0, 0.0]]

    features = seen([[0.0, 0.0]] * 4, deviations)

    np.testing.assert_allclose(features[9:], [0.0, 0.25], atol=1e-6)


def test_a_single_axis_is_left_of_sensors_that_all_vary_alike() -> None:
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)

    assert len(principal_axes(corners).variances) >= 1


@pytest.mark.parametrize("n_sensors", [1, 5, 19, 52, 59])
def test_a_row_gives_the_same_bits_in_any_batch(n_sensors: int) -> None:
    rng = np.random.default_rng(seed=n_sensors)
    mixed = rng.normal(size=(500, n_sensors)) @ rng.normal(size=(n_sensors, n_sensors))
    axes = principal_axes(mixed.astype(np.float32))
    rows = rng.normal(size=(256, HEAD_READINGS, 2, n_sensors)).astype(np.float32)
    n_readings = rng.integers(1, HEAD_READINGS + 1, 256).astype(np.float32)
    features = OnnxHead(features_graph(axes), n_sensors=n_sensors, output="features")
    at_once = features(rows, n_readings)

    for size in (1, 2, 3, 7, 13, 31, 64):
        batches = [
            features(rows[i : i + size], n_readings[i : i + size]) for i in range(0, 256, size)
        ]
        np.testing.assert_array_equal(np.concatenate(batches), at_once)
    assert at_once.shape == (256, n_features(axes))


def test_a_head_gives_the_same_bits_in_any_batch() -> None:
    rng = np.random.default_rng(seed=7)
    axes = principal_axes(rng.normal(size=(500, 5)).astype(np.float32))
    rows = 4 * rng.normal(size=(100, HEAD_READINGS, 2, 5)).astype(np.float32)
    n_readings = rng.integers(1, HEAD_READINGS + 1, 100).astype(np.float32)
    head = OnnxHead(head_graph(axes, TREES), n_sensors=5)

    one_by_one = [head(rows[i : i + 1], n_readings[i : i + 1]) for i in range(100)]

    np.testing.assert_array_equal(np.concatenate(one_by_one), head(rows, n_readings))
