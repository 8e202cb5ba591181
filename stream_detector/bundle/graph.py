"""The model's graph in ONNX Runtime: every matrix product on the way to a score.

One thread: with it a row gets the same bits in a batch of 1 and of 256 (measured),
which an exact replay rests on. Workers scale by processes.
"""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stream_detector.detection.detector import GraphScores
from stream_detector.errors import BundleError

MAX_ROWS = 64
"""Rows of one call: ONNX Runtime gains little beyond 16, and latency grows."""

_INPUTS = ("window", "deviation")
_OUTPUTS = (
    "level",
    "deviation_score",
    "level_contributions",
    "deviation_contributions",
    "expected",
)


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

    def __init__(self, model: bytes, *, window_size: int, n_sensors: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise BundleError(f"model.onnx cannot be loaded: {error}; fit it anew") from error
        inputs = {one.name: one.shape[1:] for one in self._session.get_inputs()}
        outputs = {one.name for one in self._session.get_outputs()}
        expected = {"window": [window_size, n_sensors], "deviation": [n_sensors]}
        if inputs != expected or not outputs >= set(_OUTPUTS):
            raise BundleError(
                f"model.onnx takes {inputs} and gives {sorted(outputs)}, expected {expected} "
                f"and {sorted(_OUTPUTS)}; fit it anew"
            )

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        """Score windows, shape (n, window_size, p), and deviations, shape (n, p)."""
        slices = [
            self._run(windows[i : i + MAX_ROWS], deviations[i : i + MAX_ROWS])
            for i in range(0, len(windows), MAX_ROWS)
        ]
        if len(slices) == 1:
            return slices[0]
        return GraphScores(*(np.concatenate(parts) for parts in zip(*slices, strict=True)))

    def _run(self, windows: NDArray[np.float32], deviations: NDArray[np.float32]) -> GraphScores:
        feed: dict[str, Any] = dict(zip(_INPUTS, (windows, deviations), strict=True))
        return GraphScores(*self._session.run(_OUTPUTS, feed))
