"""Whether the ONNX graph gives the scores that the parts define, up to what float32 rounds.

What a network leaves of a row is a difference of near numbers: both are rounded at the
size of the row, so the less it leaves, the fewer digits of that are certain. A network
that gives back one sensor to 3 % of its spread leaves a score with four certain digits,
in Keras as well as in the graph. Differences are therefore measured by the size that
rounding has, not by the score alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_detector.bundle.graph import MAX_ROWS, OnnxGraph
from stream_detector.detection.detector import GraphScores
from stream_detector.errors import TrainingError
from trainer.plain_parts import PlainParts
from trainer.score_parts import ScoreParts

TOLERANCE = 1e-5
"""Largest difference to Keras and NumPy, relative to its size; 1e-6 is usual in float32."""

_SMALL_SCORE = 0.1
"""Scores far below the normal ones, which are near 1, need not agree to all their digits."""


def check_parity(
    graph: bytes,
    parts: ScoreParts | PlainParts,
    windows: NDArray[np.float32],
    deviations: NDArray[np.float32],
) -> None:
    """Make sure that the graph gives the scores that the parts define.

    One row at a time and 64 at once, within 1e-5 of :func:`level_size` and of the deviation
    score; contributions within 1e-5 of the same, expected values within 1e-5 of a spread or
    of their size.

    Parameters
    ----------
    graph : bytes
        From :func:`~trainer.export.export`.
    parts : ScoreParts or PlainParts
    windows : float32 array, shape (n, window_size, p)
    deviations : float32 array, shape (n, p)
        Some hundred rows, from all over the history: whether the model saw them in training
        makes no difference to arithmetic.

    Raises
    ------
    TrainingError
        If they differ by more.
    """
    session = OnnxGraph(graph, window_size=parts.window_size, n_sensors=parts.n_sensors)
    wanted = parts.score(windows, deviations)
    sizes = _sizes(wanted, level_size(parts, windows))
    one_by_one = [session(windows[i : i + 1], deviations[i : i + 1]) for i in range(len(windows))]
    singles = GraphScores(*(np.concatenate(rows) for rows in zip(*one_by_one, strict=True)))
    for batch, found in ((1, singles), (MAX_ROWS, session(windows, deviations))):
        for name, got, want, size in zip(GraphScores._fields, found, wanted, sizes, strict=True):
            worst = float((np.abs(got - want) / size).max(initial=0.0))
            if not worst <= TOLERANCE:
                raise TrainingError(
                    f"the ONNX graph's {name} differs from Keras by {worst:.1e}, allowed "
                    f"{TOLERANCE:.0e} (batch {batch}): the model cannot be trusted; report this"
                )


def level_size(parts: ScoreParts | PlainParts, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the size that a difference in the level score is measured by, shape (n,).

    The linear half is a mean of squares, certain to its own digits. The network's half is
    one of residuals r, of whitened values w: r is uncertain by a part of w, so r * r is by
    as much of 2 * r * w. By Cauchy and Schwarz the half's size is then the geometric mean
    of its score and the score that w itself would have. w counts for 1 at least, its
    spread, which the sums that it is made of have. A plain model is all network, and w are
    its scaled values.

    Parameters
    ----------
    parts : ScoreParts or PlainParts
    windows : float32 array, shape (n, window_size, p)

    Returns
    -------
    float32 array, shape (n,)
        Never below 0.1.
    """
    if isinstance(parts, PlainParts):
        size = _residual_size(parts.space.targets(windows), parts.residuals(windows))
        size += parts.divergence(windows)
    else:
        coordinates, network = parts.coordinates, parts.network
        whitened = coordinates.targets(windows)
        size = _mean_square(whitened) / parts.linear_unit
        if network is not None:
            left = _residual_size(whitened, coordinates.residuals(network, windows))
            left += coordinates.divergence(network, windows)
            size = (size + left / parts.network_unit) / 2
    return np.asarray(np.maximum(size, _SMALL_SCORE), np.float32)


def _residual_size(
    values: NDArray[np.floating[Any]], residuals: NDArray[np.float64]
) -> NDArray[np.float64]:
    left = _mean_square(residuals)
    subtracted = np.maximum(np.maximum(_mean_square(values), 1.0), left)
    return np.asarray(np.sqrt(left * subtracted))


def _mean_square(rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(np.square(rows, dtype=np.float64).mean(axis=1))


def _sizes(wanted: GraphScores, level: NDArray[np.float32]) -> GraphScores:
    """Size that a difference in each output is measured by."""
    deviation = np.maximum(wanted.deviation, _SMALL_SCORE)
    return GraphScores(
        level=level,
        deviation=deviation,
        level_contributions=level[:, None],
        deviation_contributions=deviation[:, None],
        expected=np.maximum(np.abs(wanted.expected), 1.0),
    )
