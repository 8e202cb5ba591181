"""A fitted network as nodes of an ONNX graph: the second reading of a plan.

Native operators only. A Keras LSTM becomes an ``LSTM`` operator: gates in another order
(Keras i, f, c, o; ONNX i, o, f, c), matrices transposed, and its one bias in the first
half of ONNX' two. That operator wants time first.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.architectures import Layer, plan
from trainer.onnx_graph import GraphWriter
from trainer.score_parts import Network

_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu"}

_Matrix = NDArray[np.floating[Any]]


class Reconstruction(NamedTuple):
    """Names of what a network gives.

    Parameters
    ----------
    rows : str
        The last readings side by side, shape (n, readings_back * p).
    divergence : str or None
        What the ELBO adds to the mean squared residual, shape (n, 1); None where the residual
        alone is the score.
    """

    rows: str
    divergence: str | None


def reconstruct(graph: GraphWriter, network: Network, inputs: str, *, p: int) -> Reconstruction:
    """Run a network of p sensors.

    Parameters
    ----------
    graph : GraphWriter
    network : Network
    inputs : str
        Of a dense network rows, shape (n, readings_back * p); of an LSTM single readings,
        time first, shape (window_size, n, p).
    """
    config, weights = network.config, iter(network.weights)
    encoding, decoding, spreading = plan(config, n_sensors=p)
    values = inputs
    for layer in encoding[:-1]:
        values = _layer(graph, layer, values, weights)
    before_code = values
    mean = values = _layer(graph, encoding[-1], values, weights)
    for layer in decoding[:-1]:
        if layer.kind == "repeat":
            values = graph.add("Tile", values, graph.ints(config.readings_back, 1, 1))
        else:
            values = _layer(graph, layer, values, weights)
    if config.kind == "lstm":
        # The last layer takes readings one by one.
        values = graph.add("Reshape", values, graph.ints(-1, decoding[-2].units))
    values = _layer(graph, decoding[-1], values, weights)
    if config.kind == "lstm":
        values = graph.add("Reshape", values, graph.ints(config.readings_back, -1, p))
        values = graph.add("Transpose", values, perm=[1, 0, 2])
        values = graph.add("Reshape", values, graph.ints(-1, config.readings_back * p))
    if config.score == "reconstruction" or spreading is None:
        return Reconstruction(values, None)
    log_variance = _layer(graph, spreading, before_code, weights)
    per_unit = config.variational / (config.readings_back * p)
    return Reconstruction(
        values, _divergence(graph, mean, log_variance, n_units=config.code, per_unit=per_unit)
    )


def _divergence(
    graph: GraphWriter, mean: str, log_variance: str, *, n_units: int, per_unit: float
) -> str:
    """Sum mean ** 2 + variance - log(variance) - 1 over the code's units, shape (n, 1)."""
    moment = graph.add("Add", graph.add("Mul", mean, mean), graph.add("Exp", log_variance))
    offset = graph.add("Add", log_variance, graph.floats(1.0))
    terms = graph.add("Sub", moment, offset)
    # A product, not ReduceSum: see export.
    return graph.add("MatMul", terms, graph.floats(np.full((n_units, 1), per_unit)))


def _layer(graph: GraphWriter, layer: Layer, values: str, weights: Iterator[_Matrix]) -> str:
    if layer.kind == "lstm":
        return _lstm(graph, values, layer, next(weights), next(weights), next(weights))
    values = affine(graph, values, next(weights), next(weights))
    if layer.activation == "linear":
        return values
    return graph.add(_ACTIVATIONS[layer.activation], values)


def affine(graph: GraphWriter, rows: str, matrix: _Matrix, offset: _Matrix, out: str = "") -> str:
    """Give rows @ matrix + offset."""
    return graph.add("Gemm", rows, graph.floats(matrix), graph.floats(offset), out=out)


def _lstm(
    graph: GraphWriter,
    values: str,
    layer: Layer,
    kernel: _Matrix,
    recurrent: _Matrix,
    bias: _Matrix,
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
