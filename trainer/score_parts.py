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
from stream_detector.detection.scoring import over_used
from trainer.architectures import STACKED_READINGS, Kind, NetworkConfig
from trainer.whitening import Whitening


class NetworkSpace(Protocol):
    """What a network is shown of windows, shape (n, window_size, p), and what it should give."""

    def inputs(self, kind: Kind, windows: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        """Give what a kind of network reads of them: see :class:`Network`."""
        ...

    def targets(self, windows: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        """Give what every network gives back of them, shape (n, readings_back * p)."""
        ...


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The whitenings between which a network of the default recipe works.

    Parameters
    ----------
    level : Whitening
        Of the last 5 readings side by side, 5 * p columns, oldest first.
    row : Whitening
        Of single readings.
    """

    level: Whitening
    row: Whitening

    def inputs(self, kind: Kind, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Whiten windows as a kind of network reads them: see :class:`Network`."""
        return self.targets(windows) if kind == "dense" else self.row.whiten(windows)

    def targets(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Whiten what every network gives back, shape (n, 5 * p)."""
        return self.level.whiten(stack(windows))

    def residuals(self, network: "Network", windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Leave of the targets what a network does not give back, shape (n, 5 * p)."""
        return self.targets(windows) - network.reconstruct(
            self.inputs(network.config.kind, windows)
        )

    def divergence(self, network: "Network", windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give what the network's code adds to its score, shape (n,)."""
        if network.config.score == "reconstruction":
            return np.zeros(len(windows))
        return network.divergence(self.inputs(network.config.kind, windows))


class Network(Protocol):
    """A fitted autoencoder of the last readings: 5 in the default recipe."""

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

    def reconstruct(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Give back the last readings side by side, shape (n, readings_back * p).

        Reads the same (dense), or single readings, (n, window_size, p) (LSTM). In the default
        recipe they are whitened, in a plain model only scaled.
        """
        ...

    def divergence(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Give what the ELBO of a variational network adds to the mean squared residual, (n,).

        That is the divergence of the code's distribution from the standard normal one, in the
        loss's own weight, spread over the columns like the residual.
        """
        ...


@dataclass(frozen=True, eq=False)
class ScoreParts:
    """The fitted parts of the score.

    Parameters
    ----------
    coordinates : Coordinates
        Of the level part. The precision of single readings gives conditional means.
    deviation : Whitening
        Of the deviations from the running mean.
    linear_unit, network_unit : float
        Median out-of-sample score of the level's two halves, which makes them compare.
    network : Network or None
        None: the level score is the linear half alone.
    """

    coordinates: Coordinates
    deviation: Whitening
    linear_unit: float
    network_unit: float
    network: Network | None

    @property
    def n_sensors(self) -> int:
        """Number p of sensors."""
        return len(self.deviation.mean)

    @property
    def space(self) -> Coordinates:
        """What the network works between."""
        return self.coordinates

    @property
    def window_size(self) -> int:
        """Readings in a window."""
        return STACKED_READINGS if self.network is None else self.network.config.window_size

    def score(self, windows: NDArray[np.float32], deviations: NDArray[np.float32]) -> GraphScores:
        """Score windows, shape (n, window_size, p), and deviations, shape (n, p), in float64.

        The rows are conditioned (scaled and clipped). For thousands of rows, not millions.
        """
        level = self._shares(self.coordinates.targets(windows), self.linear_unit)
        if self.network is not None:
            residuals = self.coordinates.residuals(self.network, windows)
            divergence = self.coordinates.divergence(self.network, windows) / self.network_unit
            of_network = self._shares(residuals, self.network_unit)
            level = (level + of_network + divergence[:, None] / self.n_sensors) / 2
        deviation = np.square(self.deviation.whiten(deviations)) / self.n_sensors
        newest = windows[:, -1]
        row = self.coordinates.row
        pull = (newest - row.mean) @ row.precision / np.diag(row.precision)
        return GraphScores(
            level.sum(axis=1).astype(np.float32),
            deviation.sum(axis=1).astype(np.float32),
            level.astype(np.float32),
            deviation.astype(np.float32),
            (newest - pull).astype(np.float32),
        )

    def _shares(self, rows: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
        """Each sensor's share of the mean of squares of 5 readings side by side."""
        squares = np.square(rows).reshape(-1, STACKED_READINGS, self.n_sensors)
        return np.asarray(squares.sum(axis=1) / (rows.shape[1] * unit))


def stack(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay the last 5 readings of every window side by side, oldest first.

    >>> stack(np.arange(12).reshape(1, 6, 2))
    array([[ 2,  3,  4,  5,  6,  7,  8,  9, 10, 11]])
    """
    return windows[:, -STACKED_READINGS:].reshape(len(windows), -1)


def over_used_rows(
    scores: NDArray[np.floating[Any]], n_unused: NDArray[np.intp], *, n_sensors: int
) -> NDArray[np.float64]:
    """Judge rows with missing sensors by the others, as live ones are, shape (n,)."""
    pairs = zip(scores.tolist(), n_unused.tolist(), strict=True)
    return np.array([over_used(score, n, n_sensors=n_sensors) for score, n in pairs])
