"""Readings of many machines in, scores out: one model at work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import fsum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.conditioning import ConditionalMeans, Conditioning
from stream_detector.detection.contributions import Evidence
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.detection.head import Head
from stream_detector.detection.head_memory import follow_runs
from stream_detector.detection.intake import Intake, Rows
from stream_detector.detection.packed import cut_rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored
from stream_detector.detection.scoring import Calibration, PlainScore, join, over_used
from stream_detector.detection.state import DetectorState
from stream_detector.detection.threshold import Limits


class GraphScores(NamedTuple):
    """What the model's graph makes of n rows; every array is float32.

    ``level`` and ``deviation`` have shape (n,), high = anomalous, never negative. The
    contributions, shape (n, p), sum along a row to them. ``expected``, shape (n, p), is
    each sensor's conditional mean given the others of the newest reading, or what a plain
    model gives back of it; scaled.
    """

    level: NDArray[np.float32]
    deviation: NDArray[np.float32]
    level_contributions: NDArray[np.float32]
    deviation_contributions: NDArray[np.float32]
    expected: NDArray[np.float32]


class Graph(Protocol):
    """Every matrix product of a model."""

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        """Score windows, shape (n, window_size, p), and deviations, shape (n, p).

        A row's results must not depend on the other rows of the call.
        """
        ...


@dataclass(frozen=True, eq=False)
class Model:
    """All that detection needs of a trained model."""

    features: FeatureSpec
    conditioning: Conditioning
    calibration: Calibration | PlainScore
    limits: Limits
    feed_limits: FeedLimits
    max_gap: timedelta
    graph: Graph
    head: Head | None = None
    """None where there were too few labelled outcomes to fit one."""


class Detector:
    """Scores readings with one model; the state of each machine is the caller's.

    A batch goes through in three passes: its readings enter their runs, one by one;
    one call of the graph scores all their rows; then, one by one again, comes what
    needs the scores before it. So a machine may appear in a batch as often as it
    likes: each of its readings sees only its own past, and gets the same bits as in a
    batch of one.

    Parameters
    ----------
    model : Model
    run_ending_events : frozenset of str
        Events after which a machine's run starts anew, e.g. ``{"break"}``.
    """

    def __init__(self, model: Model, *, run_ending_events: frozenset[str]) -> None:
        self.model = model
        self._intake = Intake(
            model.features,
            model.conditioning,
            model.feed_limits,
            max_gap=model.max_gap,
            run_ending_events=run_ending_events,
        )
        self._deviation_means = ConditionalMeans(
            model.conditioning.deviation_mean, model.conditioning.deviation_precision
        )

    def new_state(self) -> DetectorState:
        """Make the state of a machine never seen before."""
        return DetectorState(
            n_sensors=self.model.features.n_sensors,
            window_size=self.model.conditioning.window_size,
        )

    def score(self, readings: Sequence[Reading], states: Sequence[DetectorState]) -> list[Scored]:
        """Score readings in their order and advance the states.

        Parameters
        ----------
        readings : sequence of Reading
        states : sequence of DetectorState, same length
            Of each reading's machine; one object may appear many times.

        Returns
        -------
        list of Scored, same length and order
        """
        scored, rows = self._intake.take(readings, states)
        if not rows.indices:
            return scored
        deviations = self.model.conditioning.scale_deviations(rows.deviations)
        # A sensor that was left out deviates as the others of its reading let expect.
        self._deviation_means.fill_rows(deviations, rows.left_out)
        graph = self.model.graph(rows.windows, deviations)
        levels, deviation_scores = self._over_used(rows, graph)
        level_rows = cut_rows(graph.level_contributions)
        sustained, sustained_rows = _sustain(rows, scored, states, levels, level_rows)
        surprises = self.model.calibration.surprises(
            np.array(levels), np.array(sustained), np.array(deviation_scores)
        )
        results = zip(
            rows.indices,
            join(surprises).tolist(),
            surprises.tolist(),
            sustained_rows,
            cut_rows(graph.deviation_contributions),
            cut_rows(graph.expected),
            strict=True,
        )
        for k, (i, score, of_parts, its_rows, deviation, expected) in enumerate(results):
            scored[i].score = score
            scored[i].evidence = Evidence(
                of_parts, its_rows, deviation, expected, rows.left_out.get(k)
            )
        if self.model.head is not None:
            self._score_by_head(self.model.head, scored, rows, deviations, states)
        return scored

    def _over_used(self, rows: Rows, graph: GraphScores) -> tuple[list[float], list[float]]:
        """Give the level and the deviation of each row over the sensors that it rests on."""
        levels, deviations = graph.level.tolist(), graph.deviation.tolist()
        n_sensors = self.model.features.n_sensors
        for k, left_out in rows.left_out.items():
            levels[k] = over_used(levels[k], rows.n_unseen[k], n_sensors=n_sensors)
            deviations[k] = over_used(deviations[k], int(left_out.sum()), n_sensors=n_sensors)
        return levels, deviations

    def _score_by_head(
        self,
        head: Head,
        scored: list[Scored],
        rows: Rows,
        deviations: NDArray[np.float32],
        states: Sequence[DetectorState],
    ) -> None:
        found = follow_runs(scored, rows, deviations, states)
        scores = head.score(found, n_sensors=deviations.shape[1])
        for i, score, head_rows in zip(rows.indices, scores, found, strict=True):
            scored[i].head_score, scored[i].head_rows = score, head_rows


def _sustain(
    rows: Rows,
    scored: Sequence[Scored],
    states: Sequence[DetectorState],
    levels: Sequence[float],
    level_rows: Sequence[bytes],
) -> tuple[list[float], list[tuple[bytes, ...]]]:
    """Let the levels enter their runs; give the mean of each run's last ones, and their rows."""
    means, rows_of_means = [], []
    for i, level, row in zip(rows.indices, levels, level_rows, strict=True):
        state = states[i]
        if scored[i].first_of_run:
            state.levels.clear()
            state.level_rows.clear()
        state.levels.append(level)
        state.level_rows.append(row)
        # fsum rounds once, so every Python version gives the same bits.
        means.append(fsum(state.levels) / len(state.levels))
        rows_of_means.append(tuple(state.level_rows))
    return means, rows_of_means
