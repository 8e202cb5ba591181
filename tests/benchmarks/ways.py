"""Ways from a reading's bytes to its score: the usual one, and ours with less or more around it.

Each keeps its own state of the machines and must be fed its batches in order. Each gives what it
makes of a batch, so that a test can hold the ways against each other.
"""

import dataclasses
import json
import struct
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.detector import Detector, Graph, GraphScores
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.packed import cut_rows, join_rows
from stream_detector.detection.state import DetectorState
from stream_detector.detection.threshold import Budget
from stream_detector.detection.window import SlidingWindow
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import MAX_CLOCK_SKEW, Pipeline, PublishedScores
from stream_detector.pipeline.readings import ReadingDecoder, Record
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.benchmarks.models import Subject
from tests.benchmarks.plant import N_SENSORS, SENSORS

_ROW = struct.Struct(f"{N_SENSORS}d")

STAGES = ("decode", "intake", "graph", "join", "judge")


class PredictPerMessage:
    """``json``, ``StandardScaler`` and ``model.predict`` for each message, as it is often done."""

    def __init__(self, subject: Subject) -> None:
        self._scaler = subject.scaler
        self._model = subject.network.models.autoencoder
        self._window_size = subject.network.config.window_size
        self._windows: dict[str, deque[NDArray[np.float64]]] = {}

    def __call__(self, batch: list[Record]) -> list[float]:
        return [self._score(record.value or b"") for record in batch]

    def _score(self, data: bytes) -> float:
        message = json.loads(data)
        row = self._scaler.transform([[message["values"][name] for name in SENSORS]])[0]
        window = self._windows.setdefault(
            message["machine"], deque([row] * self._window_size, maxlen=self._window_size)
        )
        window.append(row)
        rows = np.array(window).reshape(1, *self._model.input_shape[1:])
        reconstruction = self._model.predict(rows, verbose=0)
        # An LSTM gives the last readings of its window back.
        target = rows.reshape(1, -1)[:, -reconstruction.shape[1] :]
        return float(np.mean((target - reconstruction) ** 2))


class NetworkAlone:
    """The same score by our parts: decoder, window and a graph in ONNX Runtime."""

    def __init__(self, subject: Subject) -> None:
        features = FeatureSpec.without_limits(SENSORS)
        self._decoder = ReadingDecoder(features, max_clock_skew=MAX_CLOCK_SKEW)
        self._center, self._spread = subject.scaler.mean_, subject.scaler.scale_
        self._window_size = subject.network.config.window_size
        self._windows: dict[str, SlidingWindow] = {}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(subject.graph, options)

    def __call__(self, batch: list[Record]) -> list[float]:
        readings = [self._decoder.decode(record) for record in batch]
        packed = b"".join([_ROW.pack(*reading.values or ()) for reading in readings])
        values = np.frombuffer(packed).reshape(len(batch), N_SENSORS)
        rows = ((values - self._center) / self._spread).astype(np.float32)
        windows: list[bytes] = []
        for reading, row in zip(readings, cut_rows(rows), strict=True):
            windows += self._follow(reading.machine, row)
        scores: list[float] = self._session.run(["score"], {"window": self._join(windows)})[
            0
        ].tolist()
        return scores

    def _join(self, windows: list[bytes]) -> NDArray[np.float32]:
        return join_rows(windows, np.float32, self._window_size, N_SENSORS)

    def _follow(self, machine: str, row: bytes) -> Iterable[bytes]:
        window = self._windows.get(machine)
        if window is None:
            window = SlidingWindow(size=self._window_size)
            self._windows[machine] = window
            window.start(row)
        else:
            window.push(row)
        return window.rows


class WholeRecipe:
    """The pipeline: all parts of the score, the threshold with its controller, the alert policy."""

    def __init__(self, bundle: Bundle, *, published_scores: PublishedScores) -> None:
        self._pipeline = Pipeline(bundle, Rules(), published_scores=published_scores)
        self._thresholds = ThresholdTable(Budget(bundle.manifest.default_budget_per_day))

    def __call__(self, batch: list[Record]) -> list[Output]:
        return self._pipeline.process(batch, self._thresholds)


class Stages:
    """The recipe, watched as it goes from stage to stage.

    The graph's place in time is marked within the pipeline. What comes before it is decoding,
    which is also measured alone, and the intake; what comes after it is the join, which a
    detector of its own tells, and the judgement with its messages.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._graph = _MarkedGraph(bundle.model.graph)
        model = dataclasses.replace(bundle.model, graph=self._graph)
        marked = dataclasses.replace(bundle, model=model)
        self._whole = WholeRecipe(marked, published_scores="none")
        self._decoder = ReadingDecoder(model.features, max_clock_skew=MAX_CLOCK_SKEW)
        self._detector = Detector(model, run_ending_events=frozenset())
        self._states: dict[str, DetectorState] = {}

    def spend(self, batches: list[list[Record]]) -> dict[str, float]:
        """Process batches and give the CPU seconds of each stage."""
        by_batch = [self._spend(batch) for batch in batches]
        return dict(zip(STAGES, map(sum, zip(*by_batch, strict=True)), strict=True))

    def _spend(self, batch: list[Record]) -> tuple[float, ...]:
        began = time.process_time()
        readings = [self._decoder.decode(record) for record in batch]
        decode = time.process_time() - began
        self._detector.score(readings, [self._state_of(reading.machine) for reading in readings])
        join = time.process_time() - self._graph.ended
        began = time.process_time()
        self._whole(batch)
        done = time.process_time()
        intake = self._graph.began - began - decode
        graph = self._graph.ended - self._graph.began
        judge = done - self._graph.ended - join
        return decode, intake, graph, join, judge

    def _state_of(self, machine: str) -> DetectorState:
        state = self._states.get(machine)
        if state is None:
            state = self._states[machine] = self._detector.new_state()
        return state


class _MarkedGraph:
    """A graph that notes when its last call began and ended."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.began = self.ended = 0.0

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        self.began = time.process_time()
        scores = self._graph(windows, deviations)
        self.ended = time.process_time()
        return scores
