"""One network after the other: the worker and the bare loops on the same backlog, one by one."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from stream_detector.bundle.directory import read_bundle
from stream_detector.pipeline.pipeline import PublishedScores
from stream_detector.worker import memory
from tests.benchmarks.latency import latencies_ms
from tests.benchmarks.models import NETWORKS, Subject
from tests.benchmarks.plant import Plant
from tests.benchmarks.ways import WholeRecipe
from tests.benchmarks.yard import AIOKAFKA, CONFLUENT, N_PARTITIONS, WORKER, Mark, Yard
from tests.waiting import wait_until

_BATCH = 500
"""As many as the programs take from Kafka at once, of the machines of one partition."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    networks: Sequence[str] = tuple(NETWORKS)
    training_rows: int = 2000
    """Of the history that the bundles are made of."""
    readings: int = 100_000
    """Of the backlog."""
    n_machines: int = 100 * N_PARTITIONS
    """That send them."""
    spells: int = 3
    """In which the latency is measured, one after the other."""
    spell_seconds: float = 4.0
    batches: int = 40
    """Of 500 readings that are scored in memory."""


class Run(NamedTuple):
    """A program, and which scores it publishes beside the alerts."""

    program: str
    published_scores: PublishedScores

    def __str__(self) -> str:
        what = "alerts only" if self.published_scores == "none" else "every score published"
        return f"{self.program}, {what}"


TOLD, QUIET = Run(WORKER, "all"), Run(WORKER, "none")
BARE = (Run(AIOKAFKA, "none"), Run(CONFLUENT, "none"))


class Work(NamedTuple):
    """What a program did with the backlog."""

    marks: Sequence[Mark]
    n_alerts: int
    """That it sent."""


@dataclass(frozen=True)
class Found:
    """What was found of one network."""

    yardstick_us: Sequence[float]
    """CPU per reading of Python's own ``json.loads``, for each batch."""
    in_memory_us: Sequence[float]
    """CPU per reading of the recipe alone, for each batch."""
    work: Mapping[Run, Work]
    latencies_ms: Sequence[Sequence[float]]
    """Of each spell."""
    memory_mb: float
    """Of a worker that knows all machines."""
    recovery_seconds: Sequence[float]
    """Of each partition, when a worker goes on for one that was killed."""


def measure(
    yard: Yard, folder: Path, effort: Effort, *, tell: Callable[[str], object]
) -> dict[str, Found]:
    """Measure everything."""
    bundles = {network: folder / network for network in effort.networks}
    for network, bundle in bundles.items():
        tell(f"making a bundle: {network}")
        Subject(NETWORKS[network], effort.training_rows).write_bundle(bundle)
    tell("sending the backlog")
    yard.load(effort.readings)
    return {
        network: _measure(yard, network, bundle, effort, tell=tell)
        for network, bundle in bundles.items()
    }


def _measure(
    yard: Yard, network: str, bundle: Path, effort: Effort, *, tell: Callable[[str], object]
) -> Found:
    tell(f"{network}: in memory")
    yardstick_us, in_memory_us = _in_memory_us(bundle, effort, core=yard.core)
    work: dict[Run, Work] = {}
    tell(f"{network}: {TOLD}")
    worker = yard.program(*TOLD, bundle)
    with worker.at_work():
        work[TOLD] = Work(worker.work_off(yard.n_sent), worker.n_alerts())
        memory_mb = worker.memory_mb()
        tell(f"{network}: latency")
        spells = [
            latencies_ms(yard, worker, seconds=effort.spell_seconds) for _ in range(effort.spells)
        ]
    for run in (QUIET, *BARE):
        tell(f"{network}: {run}")
        with yard.program(*run, bundle).at_work() as program:
            work[run] = Work(program.work_off(yard.n_sent), program.n_alerts())
    tell(f"{network}: recovery")
    with worker.at_work():
        wait_until(
            lambda: len(worker.told("recovery.done")) == N_PARTITIONS,
            "all partitions are restored",
            limit_seconds=60,
        )
    recoveries = [float(one["seconds"]) for one in worker.told("recovery.done")]
    return Found(yardstick_us, in_memory_us, work, spells, memory_mb, recoveries)


def _in_memory_us(bundle: Path, effort: Effort, *, core: int) -> tuple[list[float], list[float]]:
    """Score batches that are at hand, on the core of the programs: what all of them have to do.

    In turn with it the yardstick: machines, and builds of Python, differ by a factor of two.
    """
    recipe = WholeRecipe(read_bundle(bundle), published_scores="none")
    plant = Plant(n_machines=effort.n_machines // N_PARTITIONS, seed=2)
    batches = [plant.next_records(_BATCH) for _ in range(effort.batches)]
    others = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    memory.prepare()
    yardstick_us, recipe_us = [], []
    for batch in batches:
        began = time.thread_time()
        recipe(batch)
        between = time.thread_time()
        # Behind it, so that the recipe finds no message in a cache.
        for record in batch:
            json.loads(record.value or b"null")
        recipe_us.append((between - began) * 1e6 / len(batch))
        yardstick_us.append((time.thread_time() - between) * 1e6 / len(batch))
    os.sched_setaffinity(0, others)
    return yardstick_us, recipe_us
