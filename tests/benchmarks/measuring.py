"""Rounds of measuring: every case once a round, so that a disturbance hits all alike."""

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from stream_detector.pipeline.readings import Record
from tests.benchmarks.models import NETWORKS, Subject
from tests.benchmarks.plant import Plant
from tests.benchmarks.ways import NetworkAlone, PredictPerMessage, Stages, WholeRecipe

PREDICT = "json, StandardScaler, model.predict"
ALONE = "network alone"
RECIPE = "default recipe, threshold and alert policy"
RECIPE_TOLD = "the same, every score published"

BATCH = 64
MANY, ONE = 64, 1
"""Machines that a batch is of: one reading of each, or all readings of one."""

_WARM_UP_ROUNDS = 2


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    training_rows: int = 2000
    """Of the history that the bundles are made of."""
    repeats: int = 25
    readings: int = 10 * BATCH
    """Of each repeat of a case."""
    predictions: int = 5
    """The same where ``model.predict`` takes tens of milliseconds each."""


class Measured(NamedTuple):
    """What was measured: a way of scoring or a stage of one, for a network fed in one way."""

    network: str
    way: str
    batch: int
    n_machines: int


Seconds = Mapping[str, float]
"""CPU time by what it was spent on."""


@dataclass(frozen=True)
class _Case:
    network: str
    batch: int
    n_machines: int
    n_readings: int
    spend: Callable[[list[list[Record]]], Seconds]


def measure(effort: Effort, *, tell: Callable[[str], object]) -> dict[Measured, list[float]]:
    """Measure every way of scoring with every network: CPU µs per reading of each repeat."""
    cases: list[_Case] = []
    for network, settings in NETWORKS.items():
        tell(f"making a bundle: {network}")
        cases += _cases(network, Subject(settings, effort.training_rows), effort)
    # A worker carries no TensorFlow: its objects must not make each collection long.
    gc.collect()
    gc.freeze()
    plants = {of: Plant(n_machines=of, seed=of) for of in (MANY, ONE)}
    costs: defaultdict[Measured, list[float]] = defaultdict(list)
    for number in range(-_WARM_UP_ROUNDS, effort.repeats):
        tell("warming up" if number < 0 else f"repeat {number + 1} of {effort.repeats}")
        feeds = {of: plant.next_records(effort.readings) for of, plant in plants.items()}
        for case in cases:
            readings = feeds[case.n_machines][: case.n_readings]
            seconds = case.spend(_batches(readings, case.batch))
            if number >= 0:
                for way, spent in seconds.items():
                    key = Measured(case.network, way, case.batch, case.n_machines)
                    costs[key].append(spent * 1e6 / len(readings))
    gc.unfreeze()
    return dict(costs)


def _cases(network: str, subject: Subject, effort: Effort) -> Iterator[_Case]:
    predict = partial(_spend, PREDICT, PredictPerMessage(subject))
    yield _Case(network, 1, ONE, effort.predictions, predict)
    ways: dict[str, Callable[[], Callable[[list[Record]], object]]] = {
        ALONE: partial(NetworkAlone, subject),
        RECIPE: partial(WholeRecipe, subject.bundle, published_scores="none"),
        RECIPE_TOLD: partial(WholeRecipe, subject.bundle, published_scores="all"),
    }
    for way, make in ways.items():
        for batch, of in ((1, MANY), (BATCH, MANY), (BATCH, ONE)):
            yield _Case(network, batch, of, effort.readings, partial(_spend, way, make()))
    yield _Case(network, BATCH, MANY, effort.readings, Stages(subject.bundle).spend)


def _spend(
    way: str, score: Callable[[list[Record]], object], batches: list[list[Record]]
) -> Seconds:
    # Of all threads: TensorFlow and ONNX Runtime have their own.
    began = time.process_time()
    for batch in batches:
        score(batch)
    return {way: time.process_time() - began}


def _batches(readings: list[Record], size: int) -> list[list[Record]]:
    return [readings[start : start + size] for start in range(0, len(readings), size)]
