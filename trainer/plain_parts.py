"""A published model's score: what its autoencoder leaves of standardised readings.

Nothing is whitened and no parts are joined. It is here to compare with, and for whoever
wants a model exactly as it was published.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.detector import GraphScores
from trainer.architectures import Kind
from trainer.score_parts import Network


@dataclass(frozen=True)
class PlainSpace:
    """Scaled windows as they are: what a plain network works between."""

    def inputs(self, kind: Kind, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay the readings side by side for a dense network."""
        return self.targets(windows) if kind == "dense" else windows

    def targets(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay all readings of a window side by side, oldest first.

        >>> PlainSpace().targets(np.arange(4.0, dtype=np.float32).reshape(1, 2, 2))
        array([[0., 1., 2., 3.]], dtype=float32)
        """
        return windows.reshape(len(windows), -1)


@dataclass(frozen=True, eq=False)
class PlainParts:
    """The one part of a plain model's score, in NumPy: the definition that its graph must meet.

    Parameters
    ----------
    network : Network
    n_sensors : int
        Number p of sensors.
    """

    network: Network
    n_sensors: int

    @property
    def space(self) -> PlainSpace:
        """What the network works between."""
        return PlainSpace()

    @property
    def window_size(self) -> int:
        """Readings in a window."""
        return self.network.config.window_size

    def score(self, windows: NDArray[np.float32], deviations: NDArray[np.float32]) -> GraphScores:
        """Score windows, shape (n, window_size, p); the deviations, shape (n, p), count for 0.

        The level is the mean squared residual over the window and the sensors, in squared
        standard deviations, with the divergence on top where the network is judged by its
        ELBO: that belongs to no sensor, and is spread over all. Expected of a sensor is what
        the network gives back of its newest reading.
        """
        n_rows, size, p = windows.shape
        residuals = self.residuals(windows)
        level = np.square(residuals).reshape(n_rows, size, p).sum(axis=1) / (size * p)
        level += self.divergence(windows)[:, None] / p
        nothing = np.zeros_like(deviations)
        return GraphScores(
            level.sum(axis=1).astype(np.float32),
            nothing[:, 0],
            level.astype(np.float32),
            nothing,
            (windows[:, -1] - residuals[:, -p:]).astype(np.float32),
        )

    def residuals(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Leave of the windows what the network does not give back, shape (n, window_size * p)."""
        given = self.space.targets(windows).astype(np.float64)
        return given - self.network.reconstruct(self._inputs(windows))

    def divergence(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give what the network's code adds to its score, shape (n,)."""
        if self.network.config.score == "reconstruction":
            return np.zeros(len(windows))
        return self.network.divergence(self._inputs(windows))

    def _inputs(self, windows: NDArray[np.float32]) -> NDArray[Any]:
        return self.space.inputs(self.network.config.kind, windows)
