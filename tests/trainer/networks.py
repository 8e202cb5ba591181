"""Networks in plain NumPy: the second reading of a plan, and a fitter that needs no TensorFlow."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.architectures import STACKED_READINGS, Layer, NetworkConfig, Plan, plan
from trainer.score_parts import Coordinates, NetworkSpace, ScoreParts
from trainer.whitening import fit_whitening

_ACTIVATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "linear": lambda values: values,
}


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """An autoencoder computed step by step, as textbooks write it."""

    config: NetworkConfig
    weights: tuple[NDArray[np.float32], ...]
    losses: NDArray[np.float32]
    validation_losses: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def reconstruct(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        encoder, decoder, _ = self._plan(rows)
        values = self._run((*encoder, *decoder), rows, iter(self.weights))
        return values.reshape(len(values), -1).astype(np.float32)

    def divergence(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        encoder, decoder, spread = self._plan(rows)
        assert spread is not None
        weights = iter(self.weights)
        before_code = self._run(encoder[:-1], rows, weights)
        mean = self._run(encoder[-1:], before_code, weights)
        self._run(decoder, mean, weights)
        log_variance = self._run((spread,), before_code, weights)
        terms = mean**2 + np.exp(log_variance) - log_variance - 1
        return np.asarray(self.config.variational / rows.shape[-1] * terms.sum(axis=1))

    def _plan(self, rows: NDArray[np.floating[Any]]) -> Plan:
        dense = self.config.kind == "dense"
        n_columns = rows.shape[-1]
        n_sensors = n_columns // self.config.readings_back if dense else n_columns
        return plan(self.config, n_sensors=n_sensors)

    def _run(
        self, layers: Sequence[Layer], values: NDArray[Any], weights: Iterator[NDArray[np.float32]]
    ) -> NDArray[Any]:
        for layer in layers:
            if layer.kind == "repeat":
                values = np.repeat(values[:, None], self.config.readings_back, axis=1)
            elif layer.kind == "dense":
                values = _ACTIVATIONS[layer.activation](values @ next(weights) + next(weights))
            else:
                every = _lstm(values, next(weights), next(weights), next(weights))
                values = every if layer.every_reading else every[:, -1]
        return values


def _lstm(
    readings: NDArray[Any], kernel: NDArray[Any], recurrent: NDArray[Any], bias: NDArray[Any]
) -> NDArray[Any]:
    """Hochreiter and Schmidhuber's cell with a forget gate; gates in the order of Keras."""
    state = memory = np.zeros((len(readings), len(recurrent)))
    outputs = []
    for reading in np.moveaxis(readings, 1, 0):
        at_input, forget, cell, output = np.split(
            reading @ kernel + state @ recurrent + bias, 4, axis=1
        )
        memory = _sigmoid(forget) * memory + _sigmoid(at_input) * np.tanh(cell)
        state = _sigmoid(output) * np.tanh(memory)
        outputs.append(state)
    return np.stack(outputs, axis=1)


def _sigmoid(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-values)))


def untrained_network(config: NetworkConfig, *, n_sensors: int) -> PlainNetwork:
    """Give random weights of a trained network's size."""
    rng = np.random.default_rng(seed=3)
    n_inputs = n_sensors * (config.readings_back if config.kind == "dense" else 1)
    encoder, decoder, spread = plan(config, n_sensors=n_sensors)
    weights: list[NDArray[np.float32]] = []
    for layer in (*encoder, *decoder, *([] if spread is None else [spread])):
        if layer is spread:
            n_inputs = encoder[-2].units
        gates = 4 if layer.kind == "lstm" else 1
        shapes = [(n_inputs, gates * layer.units), (layer.units, gates * layer.units)]
        if layer.kind != "repeat":
            weights += [
                (rng.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)
                for shape in shapes[: 2 if gates == 4 else 1]
            ]
            weights.append(rng.normal(size=gates * layer.units, scale=0.1).astype(np.float32))
        n_inputs = layer.units
    return PlainNetwork(config, tuple(weights), np.zeros(0, np.float32))


class PrincipalComponents:
    """A fitter of linear autoencoders: they keep the first principal components."""

    def __init__(self, *, code: int) -> None:
        self.config = NetworkConfig(layers=(), code=code)

    def fit(
        self,
        windows: NDArray[np.float32],
        space: NetworkSpace,
        *,
        learn_from: NDArray[np.intp],
        validate_on: NDArray[np.intp] | None = None,  # noqa: ARG002
        name: str = "network",  # noqa: ARG002
    ) -> PlainNetwork:
        rows = space.targets(windows[learn_from])
        axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
        kept = axes[: self.config.code].astype(np.float32)
        nothing = np.zeros(self.config.code, np.float32)
        weights = (kept.T, nothing, kept, np.zeros(kept.shape[1], np.float32))
        return PlainNetwork(self.config, weights, np.zeros(3, np.float32))


def correlated_windows(*, n_rows: int, window_size: int, n_sensors: int) -> NDArray[np.float32]:
    """Make windows of one long run of sensors that go together, and on as they were."""
    rng = np.random.default_rng(seed=5)
    mixing = rng.normal(size=(n_sensors, n_sensors)) / np.sqrt(n_sensors) + np.eye(n_sensors)
    rows = rng.normal(size=(n_rows + window_size - 1, n_sensors)) @ mixing
    for number in range(1, len(rows)):
        rows[number] += 0.7 * rows[number - 1]
    windows = np.lib.stride_tricks.sliding_window_view(rows, window_size, axis=0)
    return np.swapaxes(windows, 1, 2).clip(-12, 12).astype(np.float32)


def coordinates_of(windows: NDArray[np.float32]) -> Coordinates:
    """Fit both whitenings."""
    return Coordinates(
        level=fit_whitening(windows[:, -STACKED_READINGS:], n_blocks=5),
        row=fit_whitening(windows[:, -1], n_blocks=5),
    )


def parts_with(
    network: PlainNetwork | None, windows: NDArray[np.float32], deviations: NDArray[np.float32]
) -> ScoreParts:
    """Put a network among fitted whitenings."""
    return ScoreParts(
        coordinates=coordinates_of(windows),
        deviation=fit_whitening(deviations, n_blocks=5),
        linear_unit=0.9,
        network_unit=0.7,
        network=network,
    )
