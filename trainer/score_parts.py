"""What a model measures of a row, in NumPy: the definition that the ONNX graph must meet.

The level part compares the last readings with the training rows, the deviation part the
distances from the running mean. Both are means of squares of whitened rows, so each
sensor has its share in them.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.detector import GraphScores
from trainer.architectures import STACKED_READINGS, NetworkConfig
from trainer.whitening import Whitening


class Network(Protocol):
    """A fitted autoencoder of whitened rows."""

    @property
    def config(self) -> NetworkConfig:
        """What it was built from."""
        ...

    @property
    def weights(self) -> tuple[NDArray[np.float32], ...]:
        """Weights in the order of the plan.

        Kernel and bias of a dense layer; kernel, recurrent kernel and bias of an LSTM.
        """
        ...

    def reconstruct(self, whitened: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Reconstruct rows, shape (n, 4 * p) dense, (n, window_size, p) LSTM."""
        ...


@dataclass(frozen=True, eq=False)
class ScoreParts:
    """The fitted parts of the score.

    Parameters
    ----------
    level : Whitening
        Of the last 4 readings side by side, 4 * p columns, oldest first.
    row : Whitening
        Of single readings. Its precision gives conditional means; an LSTM sees its rows.
    deviation : Whitening
        Of the deviations from the running mean.
    linear_unit, network_unit : float
        Median out-of-sample score of the level's two halves, which makes them compare.
    network : Network or None
        None: the level score is the linear half alone.
    """

    level: Whitening
    row: Whitening
    deviation: Whitening
    linear_unit: float
    network_unit: float
    network: Network | None

    @property
    def n_sensors(self) -> int:
        """Number p of sensors."""
        return len(self.row.mean)

    @property
    def window_size(self) -> int:
        """Readings in a window."""
        return STACKED_READINGS if self.network is None else self.network.config.window_size

    def score(self, windows: NDArray[np.float32], deviations: NDArray[np.float32]) -> GraphScores:
        """Score windows, shape (n, window_size, p), and deviations, shape (n, p), in float64.

        The rows are conditioned (scaled and clipped). For thousands of rows, not millions.
        """
        squares = np.square(self.level.whiten(stack(windows))).reshape(
            -1, STACKED_READINGS, self.n_sensors
        )
        level = squares.sum(axis=1) / (STACKED_READINGS * self.n_sensors * self.linear_unit)
        if self.network is not None:
            whitening = self.level if self.network.config.kind == "dense" else self.row
            residuals = network_residuals(self.network, whitening, windows)
            squares = np.square(residuals).reshape(len(windows), -1, self.n_sensors)
            of_network = squares.sum(axis=1) / (residuals[0].size * self.network_unit)
            level = (level + of_network) / 2
        deviation = np.square(self.deviation.whiten(deviations)) / self.n_sensors
        newest = windows[:, -1]
        precision = self.row.precision
        pull = (newest - self.row.mean) @ precision / np.diag(precision)
        return GraphScores(
            level.sum(axis=1).astype(np.float32),
            deviation.sum(axis=1).astype(np.float32),
            level.astype(np.float32),
            deviation.astype(np.float32),
            (newest - pull).astype(np.float32),
        )


def stack(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay the last 4 readings of every window side by side, oldest first.

    >>> stack(np.arange(10).reshape(1, 5, 2))
    array([[2, 3, 4, 5, 6, 7, 8, 9]])
    """
    return windows[:, -STACKED_READINGS:].reshape(len(windows), -1)


def network_rows(
    config: NetworkConfig, whitening: Whitening, windows: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Whiten windows in the form in which a kind of network reads them."""
    return whitening.whiten(stack(windows) if config.kind == "dense" else windows)


def network_residuals(
    network: Network, whitening: Whitening, windows: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Subtract from whitened windows what the network makes of them."""
    rows = network_rows(network.config, whitening, windows)
    return rows - network.reconstruct(rows)
