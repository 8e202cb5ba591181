"""What the live code makes of a recording: the rows that the graph is given."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.detection.detector import Detector, GraphScores, Model
from stream_detector.detection.scored import Scored
from stream_detector.pipeline.readings import ReadingDecoder
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records


class Listener:
    """A graph that keeps what it is given, and says that all is normal."""

    def __init__(self) -> None:
        self.windows: list[NDArray[np.float32]] = []
        self.deviations: list[NDArray[np.float32]] = []

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        self.windows += list(windows.copy())
        self.deviations += list(deviations.copy())
        level, each = np.ones(len(windows), np.float32), np.ones_like(deviations)
        return GraphScores(level, level, each, each, each)


def live_rows(
    recording: Recording, model: Model, *, sizes: Sequence[int] = ()
) -> tuple[list[Scored], Listener]:
    """Send a recording through the live code, in batches of these sizes and then at once.

    The model is as it is but for its graph.
    """
    listener = Listener()
    decoder = ReadingDecoder(model.features, max_clock_skew=timedelta(0))
    readings = [decoder.decode(record) for record in records(recording, Rules())]
    detector = Detector(replace(model, graph=listener), run_ending_events=frozenset({"break"}))
    state, scored = detector.new_state(), []
    for size in [*sizes, len(readings)]:
        batch, readings = readings[:size], readings[size:]
        scored += detector.score(batch, [state] * len(batch))
    return scored, listener
