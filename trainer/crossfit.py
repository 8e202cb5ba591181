"""Fit the score parts, and score every training row by parts that never saw it.

A score in sample flatters: limits taken from it are exceeded by most later rows. So the
history is cut into contiguous blocks, and each block is scored by a whitening and a
network that were fitted on the others; rows next to the block, as many as a window has
readings and 10 at least, are purged. The final parts are fitted on all rows. Of the level part
a row that is far out weighs less (``row_weights``), but its own score is as any other's.

Memory: the windows as given, with a network one more array of n * 5 * p float32 (the rows
outside a block), and chunks. 100,000 rows of 60 sensors, windows of 5, measured: 137 MB
given, 31 MB besides without a network; with one it is that array, 114 MB, and what Keras
takes. Making the rows took more (``training_rows``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from trainer.architectures import STACKED_READINGS, NetworkConfig
from trainer.export import export
from trainer.parity import check_parity
from trainer.plain_parts import PlainParts
from trainer.row_weights import draw, weigh
from trainer.score_parts import Coordinates, Network, NetworkSpace, ScoreParts
from trainer.whitening import PURGED_ROWS, blocks, fit_whitening, outside

_SHORT_HISTORY = 2000
"""Rows below which the history is cut into more blocks, so that each fit sees enough."""

_ROWS_PER_CHUNK = 4096
"""Rows a network scores at once: a few 100 MB for windows of 30 readings."""

_LEAST_ROWS = 100
"""Outside a held-out block, and what is purged beside it."""

PARITY_ROWS = 256
"""Training rows on which the graph is compared with its definition."""


class Trained(Network, Protocol):
    """A network that knows how its training went."""

    @property
    def losses(self) -> NDArray[np.float32]:
        """Loss of every step."""
        ...

    @property
    def validation_losses(self) -> NDArray[np.float32]:
        """Loss of every epoch on the rows that validate; empty where there are none."""
        ...


class Fitter(Protocol):
    """Trains a network, from the same start every time."""

    @property
    def config(self) -> NetworkConfig:
        """Which network."""
        ...

    def fit(
        self,
        windows: NDArray[np.float32],
        space: NetworkSpace,
        *,
        learn_from: NDArray[np.intp],
        validate_on: NDArray[np.intp] | None = None,
        name: str = "network",
    ) -> Trained:
        """Train on the windows of these numbers."""
        ...


@dataclass(frozen=True, eq=False)
class FittedParts:
    """What fitting gives.

    Parameters
    ----------
    parts : ScoreParts or PlainParts
        Fitted on all rows; plain ones on the earlier rows.
    level_out_of_sample, deviation_out_of_sample : float64 arrays, shape (n,)
        Scores of every training row by parts fitted without its block; of plain parts, of the
        rows that validate.
    losses : mapping
        Loss curve of every fit of the network, by its name; ``final`` is the one in use.
    graph : bytes
        The parts as an ONNX model.
    """

    parts: ScoreParts | PlainParts
    level_out_of_sample: NDArray[np.float64]
    deviation_out_of_sample: NDArray[np.float64]
    losses: Mapping[str, NDArray[np.float32]]
    graph: bytes


def fit_parts(
    windows: NDArray[np.float32], deviations: NDArray[np.float32], *, fitter: Fitter | None
) -> FittedParts:
    """Fit all parts on normal training rows, and cross-fit their scores.

    Parameters
    ----------
    windows : float32 array, shape (n, window_size, p)
        Scaled and clipped, oldest reading first; in time order.
    deviations : float32 array, shape (n, p)
        Scaled and clipped deviations of the same rows.
    fitter : Fitter or None
        Trains the network of the level part; None leaves the linear half alone.

    Raises
    ------
    TrainingError
        If the rows are too few, a network diverges, or the graph differs from the parts.

    Examples
    --------
    Two sensors that go together; then one of them goes its own way.

    >>> g = np.random.default_rng(seed=7)
    >>> both = g.normal(size=(500, 1)) + 0.3 * g.normal(size=(500, 2))
    >>> windows = np.repeat(both[:, None], STACKED_READINGS, axis=1).astype(np.float32)
    >>> fitted = fit_parts(windows, both.astype(np.float32), fitter=None)
    >>> apart = np.tile(np.float32([1, -1]), (1, STACKED_READINGS, 1))
    >>> bool(fitted.parts.score(apart, apart[:, 0]).level[0] > fitted.level_out_of_sample.max())
    True
    """
    n_blocks = 10 if len(windows) < _SHORT_HISTORY else 5
    coordinates, weights = _coordinates(windows[:, -STACKED_READINGS:], n_blocks=n_blocks)
    deviation = fit_whitening(deviations, n_blocks=n_blocks)
    scores, network, network_unit = coordinates.level.out_of_sample, None, 1.0
    linear_unit = _unit(scores)
    scores = scores / linear_unit
    losses: dict[str, NDArray[np.float32]] = {}
    if fitter is not None:
        of_network, losses = _cross_fit(fitter, windows)
        network_unit = _unit(of_network)
        scores = (scores + of_network / network_unit) / 2
        network = fitter.fit(windows, coordinates, learn_from=draw(weights), name="final")
        losses["final"] = network.losses
    parts = ScoreParts(coordinates, deviation, linear_unit, network_unit, network)
    graph = export(parts)
    some = np.linspace(0, len(windows) - 1, PARITY_ROWS).astype(np.intp)
    check_parity(graph, parts, windows[some], deviations[some])
    return FittedParts(parts, scores, deviation.out_of_sample, losses, graph)


def _cross_fit(
    fitter: Fitter, windows: NDArray[np.float32]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float32]]]:
    """Score every row by a whitening and a network that were fitted without its block."""
    n_rows, window_size = windows.shape[:2]
    # No window of a row to learn from may reach into the block.
    n_purged = max(PURGED_ROWS, window_size)
    parts = blocks(n_rows, 5 if n_rows < _SHORT_HISTORY else 3)
    scores, losses = np.empty(n_rows), {}
    for number, block in enumerate(parts, start=1):
        learn_from = outside(block, n_rows, n_purged=n_purged)
        if len(learn_from) < _LEAST_ROWS:
            raise TrainingError(
                f"windows of {window_size} readings leave {len(learn_from)} of {n_rows} rows to "
                f"learn from, at least {_LEAST_ROWS} are needed; bring more history, or shorten "
                "--window"
            )
        stacked = windows[:, -STACKED_READINGS:][learn_from]
        coordinates, weights = _coordinates(stacked, n_blocks=5)
        name = f"block-{number}-of-{len(parts)}"
        drawn = learn_from[draw(weights)]
        network = fitter.fit(windows, coordinates, learn_from=drawn, name=name)
        losses[name] = network.losses
        for start in range(block.start, block.stop, _ROWS_PER_CHUNK):
            chunk = slice(start, min(start + _ROWS_PER_CHUNK, block.stop))
            residuals = coordinates.residuals(network, windows[chunk])
            scores[chunk] = np.square(residuals).mean(axis=1)
            scores[chunk] += coordinates.divergence(network, windows[chunk])
    return scores, losses


def _coordinates(
    stacked: NDArray[np.float32], *, n_blocks: int
) -> tuple[Coordinates, NDArray[np.float64]]:
    """Fit the whitenings of the level part; give them with what each row counted for.

    Only here are rows weighed. What is odd in a history stays so for a while, and its
    deviation from the running mean is then small.
    """
    plain = fit_whitening(stacked, n_blocks=n_blocks)
    weights = weigh(plain.out_of_sample)
    coordinates = Coordinates(
        level=fit_whitening(stacked, n_blocks=n_blocks, weights=weights),
        row=fit_whitening(stacked[:, -1], n_blocks=n_blocks, weights=weights),
    )
    return coordinates, weights


def _unit(scores: NDArray[np.float64]) -> float:
    unit = float(np.median(scores))
    if not unit > 0:
        raise TrainingError(
            "most normal training rows are exactly alike: there is nothing to learn from; "
            "bring rows from a running machine"
        )
    return unit
