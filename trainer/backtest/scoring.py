"""A model of a fold's earlier rows, and what the live code scores the fold's own rows."""

import dataclasses
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle, write_bundle
from stream_detector.detection.detector import Graph, GraphScores
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import HIGHEST_FIXED, ThresholdTable
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from trainer.backtest.folds import Fold
from trainer.config import TrainingConfig
from trainer.crossfit import Fitter
from trainer.history import measure_timing
from trainer.steps import Steps
from trainer.training import TrainedModel, train

FitterMaker = Callable[[TrainingConfig], Callable[[int], Fitter] | None]
"""Makes what makes the trainer of a configuration's network; None for one without a network."""


class Learned(NamedTuple):
    """A model, and the same as it was read from disk."""

    model: TrainedModel
    bundle: Bundle


@dataclass(frozen=True, eq=False)
class ScoredFold:
    """The rows of a fold, scored, but not yet judged.

    Parameters
    ----------
    fold : Fold
    model : TrainedModel
    bundle : Bundle
        The same model, as it was read from disk.
    verdicts : list of Verdict
        Of the judged rows, in order, under a threshold that nothing is over.
    rows : float32 array, shape (number of scored rows, p)
        Those rows, scaled and clipped, missing sensors filled: what a reference scores.
    """

    fold: Fold
    model: TrainedModel
    bundle: Bundle
    verdicts: list[Verdict]
    rows: NDArray[np.float32]


def score_fold(
    fold: Fold, config: TrainingConfig, *, rules: Rules, make_fitter: FitterMaker
) -> ScoredFold:
    """Train on a fold's history, and score its judged rows behind that history, as live.

    Raises
    ------
    TrainingError
        If the history cannot give a model that could be trusted.
    """
    return score_by(learn(fold.history, config, rules=rules, make_fitter=make_fitter), fold, rules)


def learn(
    history: Recording, config: TrainingConfig, *, rules: Rules, make_fitter: FitterMaker
) -> Learned:
    """Train on a history, and read the model back from disk, like a worker.

    Raises
    ------
    TrainingError
        If the history cannot give a model that could be trusted.
    """
    model = train(
        history,
        measure_timing(history),
        config,
        rules=rules,
        make_fitter=make_fitter(config),
        steps=Steps(),
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "bundle")
        write_bundle(folder, model.manifest, parameters=model.parameters, files=model.graphs)
        return Learned(model, read_bundle(folder))


def score_by(learned: Learned, fold: Fold, rules: Rules) -> ScoredFold:
    """Score the judged rows of a fold by a model of its history."""
    bundle = learned.bundle
    listener = _Listener(bundle.model.graph)
    heard = dataclasses.replace(bundle, model=dataclasses.replace(bundle.model, graph=listener))
    pipeline = Pipeline(heard, rules, published_scores="none")
    n_before = fold.history.n_rows if fold.follows else 0
    _judge(fold.history.slice(0, n_before), pipeline, rules)
    listener.rows.clear()
    found = _judge(fold.judged, pipeline, rules, first_offset=n_before)
    return ScoredFold(fold, learned.model, bundle, found, np.array(listener.rows, np.float32))


def _judge(
    recording: Recording, pipeline: Pipeline, rules: Rules, *, first_offset: int = 0
) -> list[Verdict]:
    """Send rows through the live code, under a threshold that raises nothing."""
    log = (one._replace(offset=first_offset + one.offset) for one in records(recording, rules))
    found = verdicts(log, pipeline, ThresholdTable(Fixed(HIGHEST_FIXED)))
    return [one for one in found if isinstance(one, Verdict)]


class _Listener:
    """A graph that keeps the newest reading of each window it is given."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.rows: list[NDArray[np.float32]] = []

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        self.rows += list(windows[:, -1].copy())
        return self._graph(windows, deviations)
