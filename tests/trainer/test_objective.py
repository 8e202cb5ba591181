"""What training minimises, on numbers that can be worked out by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from trainer.architectures import NetworkConfig

pytestmark = pytest.mark.tensorflow

BARE = NetworkConfig(layers=(), code=2, activation="linear", decay=0.0, plain=True, window_size=4)
ONE_SENSOR = {"n_sensors": 1}
"""Four columns: the window of four readings."""

CODE_SEES = np.array([[3.0, 0.0], [4.0, 5.0], [0.0, 0.0], [0.0, 0.0]], np.float32)
"""Units with weights (3, 4) and (0, 5): their cosine is 4 / 5."""

ROW = np.array([[1.0, 1.0, 0.0, 0.0]], np.float32)
"""Of which the code is (7, 5)."""


def loss_of(config: NetworkConfig, *weights: Any, inputs: Any = ROW, targets: Any = ROW) -> float:
    """Give the loss of a batch; matrices of zeros give back nothing."""
    objective, models = made(config)
    nothing = [np.zeros_like(array) for array in models.weights]
    models.set_weights([*weights, *nothing[len(weights) :]])
    return float(objective.loss(tensor(inputs), tensor(targets), step=step(0)))


def made(config: NetworkConfig) -> Any:
    from trainer.keras_models import build
    from trainer.objective import Objective

    models = build(config, **ONE_SENSOR)
    return Objective(config, models), models


def tensor(values: Any) -> Any:
    from trainer.quiet_tensorflow import tf

    return tf.constant(values, tf.float32)


def step(number: int) -> Any:
    from trainer.quiet_tensorflow import tf

    return tf.constant(number, tf.int64)


def test_without_more_the_loss_is_the_mean_squared_residual() -> None:
    assert loss_of(BARE, targets=[[1.0, 3.0, 0.0, 2.0]]) == pytest.approx((1 + 9 + 4) / 4)


def test_weight_decay_adds_half_the_squares_of_a_matrix_in_the_mean_over_both() -> None:
    decayed = replace(BARE, decay=0.1)

    assert loss_of(decayed, CODE_SEES) - loss_of(BARE, CODE_SEES) == pytest.approx(
        0.1 / 2 * (9 + 16 + 25) / 2
    )


def test_sparsity_adds_what_the_first_layer_gives() -> None:
    sparse, two = replace(BARE, sparsity=0.01), np.vstack([ROW, -ROW])

    added = loss_of(sparse, CODE_SEES, inputs=two, targets=two) - loss_of(
        BARE, CODE_SEES, inputs=two, targets=two
    )

    assert added == pytest.approx(0.01 * (7 + 5))  # of each of the two rows


def test_orthogonality_adds_the_mean_squared_cosine_of_both_halves() -> None:
    orthogonal = replace(BARE, orthogonality=2.0)

    added = loss_of(orthogonal, CODE_SEES) - loss_of(BARE, CODE_SEES)

    assert added == pytest.approx(2.0 * (0.8**2 + 0.0) / 2)  # the decoder is all zeros


def test_decorrelation_adds_the_mean_squared_correlation_of_the_code() -> None:
    """Codes (1, 1), (-1, -1), (1, -1), (1, -1) about their mean (0.5, -0.5).

    Products 0.75 + 0.75 - 0.25 - 0.25 = 1 of squares 3 and 3: the correlation is 1 / 3.
    """
    passed_on = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    rows = np.array([[1, 1, 0, 0], [-1, -1, 0, 0], [1, -1, 0, 0], [1, -1, 0, 0]])
    correlated = replace(BARE, decorrelation=9.0)

    added = loss_of(correlated, passed_on, inputs=rows) - loss_of(BARE, passed_on, inputs=rows)

    assert added == pytest.approx(1.0)


def test_a_variational_code_pays_for_its_divergence_spread_over_the_columns() -> None:
    """Means (7, 5), variances 1: twice the divergence is 49 + 25, over four columns."""
    variational = replace(BARE, variational=0.5)

    assert loss_of(variational, CODE_SEES) - loss_of(BARE, CODE_SEES) == pytest.approx(
        0.5 * (49 + 25) / 4
    )


def test_a_divergence_also_counts_the_variance() -> None:
    """Mean 2, variance e: 4 + e - 1 - 1."""
    from trainer.objective import twice_divergence

    found = twice_divergence(tensor([[2.0]]), tensor([[1.0]]))

    assert found.numpy() == pytest.approx([2 + np.e])


def test_noise_and_dropout_disturb_what_the_network_reads_and_not_what_it_gives_back() -> None:
    """An encoder of ones: the first unit of the code is the sum of what it reads."""
    ones = np.ones((4, 2), np.float32)
    rows = np.ones((1000, 4), np.float32)
    sums = {}
    for name, config in {
        "noise": replace(BARE, noise=0.5, sparsity=1.0),
        "dropout": replace(BARE, dropout=0.2, sparsity=1.0),
    }.items():
        # The sparsity adds both units; the residual is 1, because nothing comes back.
        sums[name] = (loss_of(config, ones, inputs=rows, targets=rows) - 1) / 2

    assert sums["noise"] == pytest.approx(4.0, abs=0.15)
    assert sums["noise"] != 4.0
    assert sums["dropout"] == pytest.approx(4.0, abs=0.15)  # those left are 1 / 0.8
    assert sums["dropout"] != 4.0


def test_every_step_draws_other_noise_and_the_same_step_the_same() -> None:
    objective, models = made(replace(BARE, noise=1.0, sparsity=1.0))
    models.set_weights([CODE_SEES, *models.weights[1:]])
    rows = tensor(ROW)

    losses = [float(objective.loss(rows, rows, step=step(n))) for n in (0, 1, 0)]

    assert losses[0] == losses[2] != losses[1]


def test_tied_matrices_are_trained_as_one() -> None:
    """The decoder gives back through the encoder's matrix, whatever its own is."""
    objective, models = made(replace(BARE, tied=True))
    models.set_weights([CODE_SEES, *models.weights[1:]])

    loss = float(objective.loss(tensor(ROW), tensor(ROW), step=step(0)))
    objective.constrain()

    back = np.array([7.0, 5.0]) @ CODE_SEES.T
    assert loss == pytest.approx(np.mean((back - ROW) ** 2))
    assert [tuple(one.shape) for one in objective.variables] == [(4, 2), (2,), (4,)]
    np.testing.assert_array_equal(models.decoder.get_weights()[0], CODE_SEES.T)


def test_unit_norm_brings_weights_to_length_1() -> None:
    objective, models = made(replace(BARE, unit_norm=True))
    back = np.array([[0.0, 2.0, 0.0, 0.0], [3.0, 0.0, 4.0, 0.0]])
    models.set_weights([CODE_SEES, np.zeros(2), back, np.zeros(4)])

    objective.constrain()

    into, _, out, _ = models.weights
    np.testing.assert_allclose(into[:, 0], [0.6, 0.8, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(out[1], [0.6, 0.0, 0.8, 0.0], rtol=1e-6)
