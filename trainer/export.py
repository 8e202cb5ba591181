"""The score parts as one ONNX graph: every matrix product on the way to a score.

Native operators only (Gemm, LSTM, reductions), in float32, so ONNX Runtime scores without
TensorFlow, a hundred times faster than Keras called reading by reading.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.architectures import STACKED_READINGS
from trainer.export_network import affine, reconstruct
from trainer.onnx_graph import GraphWriter
from trainer.plain_parts import PlainParts
from trainer.score_parts import Network, ScoreParts
from trainer.whitening import Whitening

_Matrix = NDArray[np.floating[Any]]
_Affine = tuple[_Matrix, _Matrix]


def export(parts: ScoreParts | PlainParts) -> bytes:
    """Write the graph of a model, for any number n of rows of its p sensors.

    Inputs: ``window`` (n, window_size, p), scaled and clipped readings, oldest first;
    ``deviation`` (n, p). Outputs: ``level`` and ``deviation_score`` (n,);
    ``level_contributions`` and ``deviation_contributions`` (n, p), never negative, which
    sum to them; ``expected`` (n, p), each sensor of the newest reading as the others of
    that reading would have it, or as a plain model gives it back. A plain model has no
    deviation part: its score is 0.

    Returns
    -------
    bytes
        A serialized ONNX model, the same for the same parts.
    """
    graph, p = GraphWriter(), parts.n_sensors
    if isinstance(parts, PlainParts):
        _add_plain(graph, parts)
    else:
        _add_joined(graph, parts)
    return graph.serialize(
        inputs={"window": ("n", parts.window_size, p), "deviation": ("n", p)},
        outputs={
            "level": ("n",),
            "deviation_score": ("n",),
            "level_contributions": ("n", p),
            "deviation_contributions": ("n", p),
            "expected": ("n", p),
        },
    )


def _add_joined(graph: GraphWriter, parts: ScoreParts) -> None:
    p, window_size, network = parts.n_sensors, parts.window_size, parts.network
    readings = graph.add("Reshape", "window", graph.ints(-1, window_size * p))
    stacked = readings
    if window_size > STACKED_READINGS:
        stacked = _last_columns(graph, readings, STACKED_READINGS * p)
    whitened = affine(graph, stacked, *_whitening(parts.coordinates.level))
    shares = _shares(graph, whitened, n_readings=STACKED_READINGS, p=p, unit=parts.linear_unit)
    if network is not None:
        inputs = whitened
        if network.config.kind == "lstm":
            inputs = _in_time(graph, window_size, parts.coordinates.row, p=p)
        of_network, _ = _network_shares(
            graph, network, inputs, whitened, p=p, unit=parts.network_unit
        )
        shares = graph.add("Mul", graph.add("Add", shares, of_network), graph.floats(0.5))
    _output_score(graph, "level", "level_contributions", shares, p=p)

    deviation = affine(graph, "deviation", *_whitening(parts.deviation))
    shares = _shares(graph, deviation, n_readings=1, p=p, unit=1.0)
    _output_score(graph, "deviation_score", "deviation_contributions", shares, p=p)

    newest = _last_columns(graph, readings, p)
    affine(graph, newest, *_conditional_means(parts.coordinates.row), out="expected")


def _add_plain(graph: GraphWriter, parts: PlainParts) -> None:
    p, network = parts.n_sensors, parts.network
    readings = graph.add("Reshape", "window", graph.ints(-1, parts.window_size * p))
    inputs = readings
    if network.config.kind == "lstm":
        inputs = _in_time(graph, parts.window_size, None, p=p)
    shares, reconstructed = _network_shares(graph, network, inputs, readings, p=p, unit=1.0)
    _output_score(graph, "level", "level_contributions", shares, p=p)
    nothing = graph.add("Mul", "deviation", graph.floats(0.0))
    _output_score(graph, "deviation_score", "deviation_contributions", nothing, p=p)
    _last_columns(graph, reconstructed, p, out="expected")


def _network_shares(
    graph: GraphWriter, network: Network, inputs: str, targets: str, *, p: int, unit: float
) -> tuple[str, str]:
    """Give each sensor's share of what a network leaves of its targets, and what it gives back."""
    back = reconstruct(graph, network, inputs, p=p)
    residual = graph.add("Sub", targets, back.rows)
    shares = _shares(graph, residual, n_readings=network.config.readings_back, p=p, unit=unit)
    if back.divergence is not None:
        of_each = graph.add("Mul", back.divergence, graph.floats(1 / (p * unit)))
        shares = graph.add("Add", shares, of_each)
    return shares, back.rows


def _whitening(whitening: Whitening) -> _Affine:
    return whitening.matrix, -whitening.mean @ whitening.matrix


def _conditional_means(row: Whitening) -> _Affine:
    """Each sensor given the others: mean_j - sum over k != j of (P_jk / P_jj) (x_k - mean_k)."""
    matrix = -row.precision / np.diag(row.precision)
    np.fill_diagonal(matrix, 0.0)
    return matrix, row.mean - row.mean @ matrix


def _in_time(graph: GraphWriter, window_size: int, whitening: Whitening | None, *, p: int) -> str:
    """Give single readings as an LSTM wants them, time first: (window_size, n, p)."""
    rows = graph.add("Transpose", "window", perm=[1, 0, 2])
    if whitening is not None:
        rows = graph.add("Reshape", rows, graph.ints(-1, p))
        rows = affine(graph, rows, *_whitening(whitening))
        rows = graph.add("Reshape", rows, graph.ints(window_size, -1, p))
    return rows


def _last_columns(graph: GraphWriter, rows: str, n_columns: int, out: str = "") -> str:
    far = graph.ints(np.iinfo(np.int64).max)
    return graph.add("Slice", rows, graph.ints(-n_columns), far, graph.ints(1), out=out)


def _shares(graph: GraphWriter, residual: str, *, n_readings: int, p: int, unit: float) -> str:
    """Sum the squares of each sensor over the readings: its share of the mean of squares."""
    by_sensor = graph.add("Reshape", residual, graph.ints(-1, n_readings, p))
    squares = graph.add("ReduceSumSquare", by_sensor, axes=[1], keepdims=0)
    return graph.add("Mul", squares, graph.floats(1 / (n_readings * p * unit)))


def _output_score(
    graph: GraphWriter, score: str, contributions: str, shares: str, *, p: int
) -> None:
    graph.add("Identity", shares, out=contributions)
    # A product with ones: ReduceSum along rows adds in an order that depends on where a row
    # begins in memory, so a row's last bits would differ with the batch it came in.
    total = graph.add("MatMul", shares, graph.floats(np.ones((p, 1))))
    graph.add("Reshape", total, graph.ints(-1), out=score)
