"""A model's graphs in ONNX Runtime: every matrix product on the way to a score.

One thread: with it a row gets the same bits in a batch of 1 and of 256 (measured),
which an exact replay rests on. Workers scale by processes.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.detector import GraphScores
from stream_detector.detection.head import HEAD_READINGS
from stream_detector.errors import BundleError

# From 1.29 on it tells its maker of every process, over the network, and writes a device id into
# the home folder, unless it is told otherwise before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

MAX_ROWS = 64
"""Rows of one call: ONNX Runtime gains little beyond 16, and latency grows."""


class _Session:
    """A graph of named float32 inputs and outputs, each with as many rows as are given.

    Parameters
    ----------
    model : bytes
    name : str
        Of the file.
    inputs : dict
        Shapes that it must take, without the first axis.
    outputs : tuple of str
        Those that it must give.

    Raises
    ------
    BundleError
        If it is no ONNX graph, or one with other inputs or outputs.
    """

    def __init__(
        self, model: bytes, name: str, inputs: dict[str, list[int]], outputs: tuple[str, ...]
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise BundleError(f"{name} cannot be loaded: {error}; fit it anew") from error
        found = {one.name: one.shape[1:] for one in self._session.get_inputs()}
        given = {one.name for one in self._session.get_outputs()}
        if found != inputs or not given >= set(outputs):
            raise BundleError(
                f"{name} takes {found} and gives {sorted(given)}, expected {inputs} "
                f"and {sorted(outputs)}; fit it anew"
            )
        self._inputs = tuple(inputs)

    def run(self, outputs: tuple[str, ...], *inputs: NDArray[np.float32]) -> list[Any]:
        """Give outputs, float32 arrays, for inputs in their order."""
        slices = [
            self._session.run(
                outputs,
                dict(zip(self._inputs, (one[i : i + MAX_ROWS] for one in inputs), strict=True)),
            )
            for i in range(0, len(inputs[0]), MAX_ROWS)
        ]
        if len(slices) == 1:
            return list(slices[0])
        return [np.concatenate(parts) for parts in zip(*slices, strict=True)]


class OnnxGraph:
    """A :class:`~stream_detector.detection.detector.Graph` from the bytes of an ONNX file.

    Parameters
    ----------
    model : bytes
    window_size, n_sensors : int
        Shape that the graph must take: (n, window_size, n_sensors).

    Raises
    ------
    BundleError
        If it is no ONNX graph, or one with other inputs or outputs.
    """

    _OUTPUTS = (
        "level",
        "deviation_score",
        "level_contributions",
        "deviation_contributions",
        "expected",
    )

    def __init__(self, model: bytes, *, window_size: int, n_sensors: int) -> None:
        inputs = {"window": [window_size, n_sensors], "deviation": [n_sensors]}
        self._session = _Session(model, "model.onnx", inputs, self._OUTPUTS)

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        """Score windows, shape (n, window_size, p), and deviations, shape (n, p)."""
        return GraphScores(*self._session.run(self._OUTPUTS, windows, deviations))


class OnnxHead:
    """A :class:`~stream_detector.detection.head.HeadGraph` from the bytes of an ONNX file.

    Parameters
    ----------
    model : bytes
    n_sensors : int
    output : str
        Another one than what a head gives is of interest to training only.

    Raises
    ------
    BundleError
        If it is no ONNX graph, or one with other inputs or outputs.
    """

    def __init__(self, model: bytes, *, n_sensors: int, output: str = "log_odds") -> None:
        inputs = {"rows": [HEAD_READINGS, 2, n_sensors], "n_readings": []}
        self._output = output
        self._session = _Session(model, "head.onnx", inputs, (output,))

    def __call__(
        self, rows: NDArray[np.float32], n_readings: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Rate rows, shape (n, 15, 2, p) to (n,)."""
        (found,) = self._session.run((self._output,), rows, n_readings)
        return np.asarray(found)
