"""The head's graph: what it sees of a run's last rows, and the trees that rate it.

What it sees is written as a graph before there are any trees, and the training rows go
through that: trained and live features are the same bits, so each falls on the same side
of every split. There is no logarithm among the operators and no sum along rows: the
former gives other last bits in another place of a batch, the latter too (``export``).
Trees ask for the order of a feature only, so they need none.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.head import HEAD_READINGS
from trainer.onnx_graph import GraphWriter
from trainer.trees import Trees, add_trees

_SPREAD_READINGS = (5, HEAD_READINGS)
"""Readings over which the standard deviation of each sensor is taken."""

_SMOOTHED_READINGS = (3, HEAD_READINGS)
"""Readings over which the distance from the principal axes is averaged."""


class PrincipalAxes(NamedTuple):
    """The main ways in which deviations go together.

    Parameters
    ----------
    mean : float64 array, shape (p,)
    directions : float64 array, shape (p, k)
    variances : float64 array, shape (k,)
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    variances: NDArray[np.float64]


def principal_axes(deviations: NDArray[np.float32]) -> PrincipalAxes:
    """Find the axes with more variance than the mean axis has, of rows of shape (n, p).

    References
    ----------
    Kaiser (1960), "The application of electronic computers to factor analysis".

    Examples
    --------
    Two sensors that go together and one that goes its own way, less far:

    >>> both, own = np.random.default_rng(seed=7).normal(size=(2, 1000, 1))
    >>> axes = principal_axes(np.hstack([both, both, 0.5 * own]).astype(np.float32))
    >>> np.abs(axes.directions.T).round(1)
    array([[0.7, 0.7, 0. ]])
    """
    rows = deviations.astype(np.float64)
    variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(rows.T)))
    # Of sensors that all vary alike none would be above the mean.
    kept = variances >= min(variances.mean(), variances[-1])
    return PrincipalAxes(rows.mean(axis=0), directions[:, kept][:, ::-1], variances[kept][::-1])


def n_features(axes: PrincipalAxes) -> int:
    """Count the features of so many sensors and axes."""
    p, n_codes = len(axes.mean), len(axes.variances)
    return (len(_SPREAD_READINGS) + 1) * p + n_codes + 2 + len(_SMOOTHED_READINGS)


def features_graph(axes: PrincipalAxes) -> bytes:
    """Write the graph that gives the features of rows, shape (n, 3 * p + k + 4).

    Inputs: ``rows`` (n, 15, 2, p) and ``n_readings`` (n,), see
    :class:`~stream_detector.detection.head.HeadGraph`. Output: ``features``, in the order

    - standard deviation of each sensor's level over the run's last 5 and 15 readings
    - of the newest deviation each sensor's distance from the principal axes
    - its place along each of the k axes, and its squared distances from and along them
      (Q and T2)
    - the root of Q averaged over the last 3 and 15 readings

    with as many readings as the run has where these are fewer.
    """
    graph = GraphWriter()
    _features(graph, axes, out="features")
    return _serialize(graph, axes, {"features": ("n", n_features(axes))})


def head_graph(axes: PrincipalAxes, trees: Trees) -> bytes:
    """Write the graph of a head: ``log_odds`` (n,) is what trees make of the features."""
    graph = GraphWriter()
    rated = add_trees(graph, _features(graph, axes), trees)
    graph.add("Reshape", rated, graph.ints(-1), out="log_odds")
    return _serialize(graph, axes, {"log_odds": ("n",)})


def _serialize(
    graph: GraphWriter, axes: PrincipalAxes, outputs: dict[str, tuple[str | int, ...]]
) -> bytes:
    rows = ("n", HEAD_READINGS, 2, len(axes.mean))
    return graph.serialize(inputs={"rows": rows, "n_readings": ("n",)}, outputs=outputs)


def _features(graph: GraphWriter, axes: PrincipalAxes, out: str = "") -> str:
    p, n_codes = axes.directions.shape
    levels = graph.add("Gather", "rows", graph.ints(0), axis=2)
    deviations = graph.add("Gather", "rows", graph.ints(1), axis=2)
    levels, deviations = (
        graph.add("Reshape", one, graph.ints(-1, HEAD_READINGS, p)) for one in (levels, deviations)
    )
    spreads = _spreads(graph, levels, _weights(graph, _SPREAD_READINGS), p=p)

    every = graph.add("Reshape", deviations, graph.ints(-1, p))
    centred = graph.add("Sub", every, graph.floats(axes.mean))
    codes = graph.add("MatMul", centred, graph.floats(axes.directions))
    along = graph.add("MatMul", codes, graph.floats(axes.directions.T))
    residuals = graph.add("Sub", centred, along)
    squares = graph.add("Mul", residuals, residuals)
    q = graph.add("MatMul", squares, graph.floats(np.full((p, 1), 1 / p)))
    roots = graph.add("Sqrt", q)
    roots = graph.add("Reshape", roots, graph.ints(-1, HEAD_READINGS, 1))
    smoothed = graph.add("MatMul", _weights(graph, _SMOOTHED_READINGS), roots)
    smoothed = graph.add("Reshape", smoothed, graph.ints(-1, len(_SMOOTHED_READINGS)))

    residual, code, q = (
        _newest(graph, one, width=width)
        for one, width in ((residuals, p), (codes, n_codes), (q, 1))
    )
    code_squares = graph.add("Mul", code, code)
    per_variance = 1 / (n_codes * np.maximum(axes.variances, 1e-12))
    t2 = graph.add("MatMul", code_squares, graph.floats(per_variance[:, None]))
    distances = graph.add("Abs", residual)
    return graph.add("Concat", spreads, distances, code, q, t2, smoothed, axis=1, out=out)


def _weights(graph: GraphWriter, sizes: tuple[int, ...]) -> str:
    """Weigh the rows of a run so that they sum to the mean of its last ones, (n, n_sizes, 15)."""
    last = graph.add("Sub", "n_readings", graph.floats(1))
    index = graph.add("Cast", last, to=7)  # int64
    return graph.add("Gather", graph.floats(mean_weights(sizes)), index, axis=0)


def mean_weights(sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """Give, for runs of 1 to 15 readings, the weights of the means of their last ones.

    Returns
    -------
    float64 array, shape (15, n_sizes, 15)

    Examples
    --------
    Over 3 readings, of a run of 2:

    >>> mean_weights((3,))[1, 0, -4:]
    array([0. , 0. , 0.5, 0.5])
    """
    weights = np.zeros((HEAD_READINGS, len(sizes), HEAD_READINGS))
    for n_readings in range(1, HEAD_READINGS + 1):
        for place, size in enumerate(sizes):
            n = min(n_readings, size)
            weights[n_readings - 1, place, -n:] = 1 / n
    return weights


def _spreads(graph: GraphWriter, levels: str, weights: str, *, p: int) -> str:
    """Give the standard deviation of each sensor over each size, shape (n, n_sizes * p)."""
    n_sizes = len(_SPREAD_READINGS)
    means = graph.add("MatMul", weights, levels)
    means = graph.add("Reshape", means, graph.ints(-1, n_sizes, 1, p))
    levels = graph.add("Reshape", levels, graph.ints(-1, 1, HEAD_READINGS, p))
    centred = graph.add("Sub", levels, means)
    squares = graph.add("Mul", centred, centred)
    weights = graph.add("Reshape", weights, graph.ints(-1, n_sizes, 1, HEAD_READINGS))
    variances = graph.add("MatMul", weights, squares)
    return graph.add("Sqrt", graph.add("Reshape", variances, graph.ints(-1, n_sizes * p)))


def _newest(graph: GraphWriter, rows: str, *, width: int) -> str:
    """Take of rows (n * 15, width) those of the newest readings, (n, width)."""
    by_run = graph.add("Reshape", rows, graph.ints(-1, HEAD_READINGS, width))
    newest = graph.add("Gather", by_run, graph.ints(HEAD_READINGS - 1), axis=1)
    return graph.add("Reshape", newest, graph.ints(-1, width))
