"""Rounds of measuring: every case once a round, so that what disturbs a round disturbs all alike."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from stream_detector.pipeline.readings import Record
from tests.benchmarks.models import NETWORKS, Subject, make_subject
from tests.benchmarks.plant import Plant
from tests.benchmarks.ways import NetworkAlone, PredictPerMessage, Stages, WholeRecipe

PREDICT = "json, StandardScaler, model.predict"
ALONE = "network alone"
RECIPE = "default recipe, threshold and alert policy"
RECIPE_TOLD = "the same, every score published"

BATCH = 64
MANY, ONE = 64, 1
"""Machines that a batch is of: one reading of each, or all readings of one."""

STAGES = ("decode", "intake", "graph", "join", "judge")

_WARM_UP_ROUNDS = 2


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    repeats: int = 15
    readings: int = 10 * BATCH
    """Of each repeat of a case."""
    predictions: int = 10
    """The same where ``model.predict`` takes tens of milliseconds each."""


@dataclass(eq=False)
class Case:
    """One way of scoring one network, fed in one way."""

    network: str
    way: str
    batch: int
    n_machines: int
    score: Callable[[list[Record]], object]
    costs: list[float] = field(default_factory=list)
    """CPU µs per reading of every repeat."""

    def run(self, readings: list[Record]) -> None:
        """Score readings and note the cost."""
        batches = list(_batches(readings, self.batch))
        # Of all threads: TensorFlow and ONNX Runtime have their own.
        began = time.process_time()
        for batch in batches:
            self.score(batch)
        self.costs.append((time.process_time() - began) * 1e6 / len(readings))


@dataclass(eq=False)
class StageCase:
    """The stages of the recipe for one network, fed in batches of many machines."""

    network: str
    stages: Stages
    costs: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STAGES})
    """CPU µs per reading of every repeat, by stage."""

    def run(self, readings: list[Record]) -> None:
        """Score readings and note the cost of each stage."""
        self.stages.seconds.clear()
        for batch in _batches(readings, BATCH):
            self.stages(batch)
        for name, costs in self.costs.items():
            costs.append(self.stages.seconds[name] * 1e6 / len(readings))


def measure(
    effort: Effort, *, networks: Sequence[str] = tuple(NETWORKS), tell: Callable[[str], object]
) -> tuple[list[Case], list[StageCase]]:
    """Measure all ways of scoring these networks."""
    cases: list[Case] = []
    stage_cases: list[StageCase] = []
    for network in networks:
        tell(f"making a bundle: {network}")
        subject = make_subject(NETWORKS[network])
        cases += _cases(network, subject)
        stage_cases.append(StageCase(network, Stages(subject)))
    # A worker carries no TensorFlow: its objects must not make each collection long.
    gc.collect()
    gc.freeze()
    plants = {
        n_machines: Plant(n_machines=n_machines, seed=n_machines) for n_machines in (MANY, ONE)
    }
    for number in range(_WARM_UP_ROUNDS + effort.repeats):
        tell(f"round {number + 1} of {_WARM_UP_ROUNDS + effort.repeats}")
        feeds = {of: plant.next_records(effort.readings) for of, plant in plants.items()}
        for case in cases:
            few = effort.predictions if case.way == PREDICT else None
            case.run(feeds[case.n_machines][:few])
        for stage_case in stage_cases:
            stage_case.run(feeds[MANY])
    gc.unfreeze()
    for costs in (
        *(case.costs for case in cases),
        *(costs for stage_case in stage_cases for costs in stage_case.costs.values()),
    ):
        del costs[:_WARM_UP_ROUNDS]
    return cases, stage_cases


def _cases(network: str, subject: Subject) -> Iterator[Case]:
    yield Case(network, PREDICT, 1, ONE, PredictPerMessage(subject))
    ways: dict[str, Callable[[], Callable[[list[Record]], object]]] = {
        ALONE: partial(NetworkAlone, subject),
        RECIPE: partial(WholeRecipe, subject, published_scores="none"),
        RECIPE_TOLD: partial(WholeRecipe, subject, published_scores="all"),
    }
    for way, make in ways.items():
        for batch, n_machines in ((1, MANY), (BATCH, MANY), (BATCH, ONE)):
            yield Case(network, way, batch, n_machines, make())


def _batches(readings: list[Record], size: int) -> Iterator[list[Record]]:
    for start in range(0, len(readings), size):
        yield readings[start : start + size]
