import numpy as np

from tests.trainer.networks import PlainNetwork
from trainer.architectures import NetworkConfig
from trainer.score_parts import Coordinates, ScoreParts
from trainer.whitening import Whitening

NOTHING = np.zeros(0)


def test_the_level_is_the_mean_of_squares_of_the_last_five_readings() -> None:
    #  sensor a: 9 is too old, then 1 1 1 1 1;  sensor b: 0 0 0 0 2
    window = np.array([[[9, 9], [1, 0], [1, 0], [1, 0], [1, 0], [1, 2]]], np.float32)
    parts = _parts(linear_unit=2.0)

    scores = parts.score(window, np.zeros((1, 2), np.float32))

    # Squares 5 and 4, over 10 columns and the unit 2.
    np.testing.assert_allclose(scores.level_contributions, [[0.25, 0.2]])
    np.testing.assert_allclose(scores.level, [0.45])


def test_a_network_halves_the_linear_part_and_adds_what_it_cannot_reconstruct() -> None:
    # One unit of code copies the first of the ten columns and gives back nothing else.
    first = np.eye(10, 1, dtype=np.float32)
    network = PlainNetwork(
        NetworkConfig(layers=(), code=1),
        (first, np.zeros(1, np.float32), first.T, np.zeros(10, np.float32)),
        np.zeros(0, np.float32),
    )
    window = np.array([[[2, 0], [0, 0], [0, 0], [0, 0], [0, 2]]], np.float32)

    scores = _parts(network=network, network_unit=0.5).score(window, np.zeros((1, 2), np.float32))

    # Sensor a: 4/10 linear, nothing left by the network. Sensor b: 4/10, and 4/10 over 0.5.
    np.testing.assert_allclose(scores.level_contributions, [[0.2, 0.2 + 0.4]])
    np.testing.assert_allclose(scores.level, [0.8])


def test_the_deviation_is_a_mean_of_squares_too() -> None:
    scores = _parts().score(np.zeros((1, 5, 2), np.float32), np.array([[3, 1]], np.float32))

    np.testing.assert_array_equal(scores.deviation_contributions, [[4.5, 0.5]])
    np.testing.assert_array_equal(scores.deviation, [5.0])


def test_a_sensor_is_expected_where_the_others_have_it() -> None:
    # Means 1 and 0, variances 1, correlation 0.8: b is 1 above its mean, so a is 0.8 above.
    covariance = np.array([[1.0, 0.8], [0.8, 1.0]])
    row = Whitening(np.array([1.0, 0.0]), np.eye(2), np.linalg.inv(covariance), NOTHING)
    window = np.zeros((1, 5, 2), np.float32)
    window[0, -1] = [6, 1]

    scores = _parts(row=row).score(window, np.zeros((1, 2), np.float32))

    np.testing.assert_allclose(scores.expected, [[1.8, 4.0]], rtol=1e-6)


def _parts(
    *,
    row: Whitening | None = None,
    linear_unit: float = 1.0,
    network: PlainNetwork | None = None,
    network_unit: float = 1.0,
) -> ScoreParts:
    return ScoreParts(
        coordinates=Coordinates(level=_unchanged(10), row=row or _unchanged(2)),
        deviation=_unchanged(2),
        linear_unit=linear_unit,
        network_unit=network_unit,
        network=network,
    )


def _unchanged(n_columns: int) -> Whitening:
    return Whitening(np.zeros(n_columns), np.eye(n_columns), np.eye(n_columns), NOTHING)
