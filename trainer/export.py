"""The score parts as one ONNX graph: every matrix product on the way to a score.

Native operators only (Gemm, LSTM, reductions), in float32, so ONNX Runtime scores without
TensorFlow, a hundred times faster than Keras called reading by reading. A Keras LSTM
becomes an ``LSTM`` operator: gates in another order (Keras i, f, c, o; ONNX i, o, f, c),
matrices transposed, and its one bias in the first half of ONNX' two.
"""

import itertools
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from trainer.architectures import STACKED_READINGS, Layer, plan
from trainer.score_parts import Network, ScoreParts
from trainer.whitening import Whitening

OPSET, IR_VERSION = 17, 9
"""Old enough for every ONNX Runtime since 2022."""

_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu"}

_Matrix = NDArray[np.floating[Any]]
_Affine = tuple[_Matrix, _Matrix]
_Shapes = dict[str, tuple[str | int, ...]]


def export(parts: ScoreParts) -> bytes:
    """Write the graph of a model, for any number n of rows of its p sensors.

    Inputs: ``window`` (n, window_size, p), scaled and clipped readings, oldest first;
    ``deviation`` (n, p). Outputs: ``level`` and ``deviation_score`` (n,);
    ``level_contributions`` and ``deviation_contributions`` (n, p), never negative, which
    sum to them; ``expected`` (n, p), each sensor of the newest reading as the others of
    that reading would have it.

    Returns
    -------
    bytes
        A serialized ONNX model, the same for the same parts.
    """
    p, window_size, network = parts.n_sensors, parts.window_size, parts.network
    graph = _Graph()
    readings = graph.add("Reshape", "window", graph.ints(-1, window_size * p))
    stacked = readings
    if window_size > STACKED_READINGS:
        stacked = _last_columns(graph, readings, STACKED_READINGS * p)
    whitened = _affine(graph, stacked, *_whitening(parts.coordinates.level))
    shares = _shares(graph, whitened, n_readings=STACKED_READINGS, p=p, unit=parts.linear_unit)
    if network is not None:
        residual = graph.add("Sub", whitened, _reconstruct(graph, parts, network, whitened))
        unit = parts.network_unit
        of_network = _shares(graph, residual, n_readings=STACKED_READINGS, p=p, unit=unit)
        shares = graph.add("Mul", graph.add("Add", shares, of_network), graph.floats(0.5))
    _output_score(graph, "level", "level_contributions", shares, p=p)

    deviation = _affine(graph, "deviation", *_whitening(parts.deviation))
    shares = _shares(graph, deviation, n_readings=1, p=p, unit=1.0)
    _output_score(graph, "deviation_score", "deviation_contributions", shares, p=p)

    newest = _last_columns(graph, readings, p)
    _affine(graph, newest, *_conditional_means(parts.coordinates.row), out="expected")
    return graph.serialize(
        inputs={"window": ("n", window_size, p), "deviation": ("n", p)},
        outputs={
            "level": ("n",),
            "deviation_score": ("n",),
            "level_contributions": ("n", p),
            "deviation_contributions": ("n", p),
            "expected": ("n", p),
        },
    )


class _Graph:
    """Nodes in the order they run, and their constants."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its first output that has one."""
        out = out or f"{operator}_{len(self._nodes)}"
        outputs = [""] * attributes.pop("nth_output", 0) + [out]
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return out

    def floats(self, values: Any) -> str:
        return self._constant(np.asarray(values, np.float32))

    def ints(self, *values: int) -> str:
        return self._constant(np.array(values, np.int64))

    def _constant(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def serialize(self, *, inputs: _Shapes, outputs: _Shapes) -> bytes:
        def values(shapes: _Shapes) -> list[onnx.ValueInfoProto]:
            return [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in shapes.items()
            ]

        graph = helper.make_graph(
            self._nodes, "stream_detector", values(inputs), values(outputs), self._constants
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))


def _whitening(whitening: Whitening) -> _Affine:
    return whitening.matrix, -whitening.mean @ whitening.matrix


def _conditional_means(row: Whitening) -> _Affine:
    """Each sensor given the others: mean_j - sum over k != j of (P_jk / P_jj) (x_k - mean_k)."""
    matrix = -row.precision / np.diag(row.precision)
    np.fill_diagonal(matrix, 0.0)
    return matrix, row.mean - row.mean @ matrix


def _affine(graph: _Graph, rows: str, matrix: _Matrix, offset: _Matrix, out: str = "") -> str:
    return graph.add("Gemm", rows, graph.floats(matrix), graph.floats(offset), out=out)


def _last_columns(graph: _Graph, rows: str, n_columns: int) -> str:
    far = graph.ints(np.iinfo(np.int64).max)
    return graph.add("Slice", rows, graph.ints(-n_columns), far, graph.ints(1))


def _shares(graph: _Graph, residual: str, *, n_readings: int, p: int, unit: float) -> str:
    """Sum the squares of each sensor over the readings: its share of the mean of squares."""
    by_sensor = graph.add("Reshape", residual, graph.ints(-1, n_readings, p))
    squares = graph.add("ReduceSumSquare", by_sensor, axes=[1], keepdims=0)
    return graph.add("Mul", squares, graph.floats(1 / (n_readings * p * unit)))


def _output_score(graph: _Graph, score: str, contributions: str, shares: str, *, p: int) -> None:
    graph.add("Identity", shares, out=contributions)
    # A product with ones: ReduceSum along rows adds in an order that depends on where a row
    # begins in memory, so a row's last bits would differ with the batch it came in.
    total = graph.add("MatMul", shares, graph.floats(np.ones((p, 1))))
    graph.add("Reshape", total, graph.ints(-1), out=score)


def _reconstruct(graph: _Graph, parts: ScoreParts, network: Network, whitened: str) -> str:
    """Give back the whitened last 4 readings, shape (n, 4 * p)."""
    p = parts.n_sensors
    if network.config.kind == "dense":
        return _run(graph, network, whitened, p=p)
    # The LSTM operator wants time first, and all else is content with it.
    rows = graph.add("Transpose", "window", perm=[1, 0, 2])
    rows = graph.add("Reshape", rows, graph.ints(-1, p))
    rows = _affine(graph, rows, *_whitening(parts.coordinates.row))
    return _run(graph, network, rows, p=p)


def _run(graph: _Graph, network: Network, values: str, *, p: int) -> str:
    """Run the network on rows of shape (n, 4 * p), an LSTM on (window_size * n, p), time first."""
    weights = iter(network.weights)
    in_time = network.config.kind == "lstm"
    if in_time:
        values = graph.add("Reshape", values, graph.ints(network.config.window_size, -1, p))
    for layer in itertools.chain(*plan(network.config, n_sensors=p)):
        match layer.kind:
            case "repeat":
                values = graph.add("Tile", values, graph.ints(STACKED_READINGS, 1, 1))
            case "lstm":
                values = _lstm(graph, values, layer, next(weights), next(weights), next(weights))
            case "dense":
                kernel, bias = next(weights), next(weights)
                if in_time:
                    values = graph.add("Reshape", values, graph.ints(-1, len(kernel)))
                values = _affine(graph, values, kernel, bias)
                if layer.activation != "linear":
                    values = graph.add(_ACTIVATIONS[layer.activation], values)
    if in_time:
        values = graph.add("Reshape", values, graph.ints(STACKED_READINGS, -1, p))
        values = graph.add("Transpose", values, perm=[1, 0, 2])
        values = graph.add("Reshape", values, graph.ints(-1, STACKED_READINGS * p))
    return values


def _lstm(
    graph: _Graph, values: str, layer: Layer, kernel: _Matrix, recurrent: _Matrix, bias: _Matrix
) -> str:
    """Give the outputs at every reading, shape (window_size, n, u), or the last, (1, n, u)."""
    activation = _ACTIVATIONS[layer.activation]
    inputs = (
        values,
        graph.floats(_onnx_gates(kernel).T[None]),
        graph.floats(_onnx_gates(recurrent).T[None]),
        graph.floats(np.concatenate((_onnx_gates(bias), np.zeros_like(bias)))[None]),
    )
    every = graph.add(
        "LSTM",
        *inputs,
        nth_output=0 if layer.every_reading else 1,
        hidden_size=layer.units,
        activations=["Sigmoid", activation, activation],
    )
    return graph.add("Squeeze", every, graph.ints(1)) if layer.every_reading else every


def _onnx_gates(weights: _Matrix) -> _Matrix:
    """Reorder the gates of a Keras LSTM for ONNX.

    >>> _onnx_gates(np.array([1.0, 2.0, 3.0, 4.0]))  # input, forget, cell, output
    array([1., 4., 2., 3.])
    """
    at_input, forget, cell, output = np.split(weights, 4, axis=-1)
    return np.concatenate((at_input, output, forget, cell), axis=-1)
