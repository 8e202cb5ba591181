"""What was measured on Kafka, held against the goals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from tests.benchmarks.latency import PER_SECOND
from tests.benchmarks.streaming_measuring import BARE, QUIET, TOLD, Effort, Found
from tests.benchmarks.yard import N_PARTITIONS, Mark

MOST_US = {"dense": 30.0, "LSTM 5": 38.0, "LSTM 30": 63.0}
"""CPU per reading from Kafka to alert."""

MOST_US_FOR_SCORES = 10.0
"""CPU per reading that publishing every score adds."""

MOST_TIMES = 2.0
"""The worker's CPU, in that of each bare loop."""

MOST_MS = {50: 5.0, 99: 30.0}
"""Latency by percentile."""

MOST_MB = 250.0
"""Memory with 1,000 machines."""

MOST_RECOVERY_SECONDS = 0.5
"""To restore a partition of 100 machines."""


@dataclass(frozen=True)
class Figure:
    """Something that was measured of one network; judged by the least of the repeats.

    What else a machine does only ever makes the same work dearer: the least is the cost of the
    work, and what is above it that of the company.
    """

    section: str
    label: str
    found: float
    median: float | None = None
    """Of the repeats."""
    at_most: float | None = None
    """The goal, where there is one."""

    @property
    def met(self) -> bool | None:
        return None if self.at_most is None else self.found <= self.at_most

    def __str__(self) -> str:
        digits = 0 if self.found >= 1000 else 2 if self.found < 10 else 1
        spread = "" if self.median is None else f" ({self.median:.{digits}f})"
        return f"{self.found:.{digits}f}{spread}"


def figures(network: str, found: Found, effort: Effort) -> Iterator[Figure]:
    """Sum up what was found of a network."""
    least = {run: min(_costs_us(work.marks)) for run, work in found.work.items()}
    section = "CPU µs per reading, from Kafka to alert"
    yield _least(section, "yardstick: json.loads of a reading", found.yardstick_us)
    yield _least(section, "recipe alone, in memory", found.in_memory_us)
    for run, work in found.work.items():
        at_most = MOST_US[network] if run == QUIET else None
        yield _least(section, str(run), _costs_us(work.marks), at_most)
    more = least[TOLD] - least[QUIET]
    yield Figure(section, "more with every score published", more, at_most=MOST_US_FOR_SCORES)
    for bare in BARE:
        times = least[QUIET] / least[bare]
        yield Figure(section, f"worker over {bare.program}", times, at_most=MOST_TIMES)
    section = "readings per second"
    for run, work in found.work.items():
        yield Figure(section, str(run), max(_rates(work.marks)))
    section = f"ms from sender to reader of the score, {PER_SECOND} a second"
    spells = [quantiles(spell, n=100) for spell in found.latencies_ms]
    for percent in (50, 90, 99):
        ms = [spell[percent - 1] for spell in spells]
        yield _least(section, f"p{percent}", ms, MOST_MS.get(percent))
    section = f"MB of memory, {effort.n_machines} machines"
    yield Figure(section, "worker", found.memory_mb, at_most=MOST_MB)
    section = f"s to restore a partition, {effort.n_machines // N_PARTITIONS} machines"
    yield _least(section, "worker", found.recovery_seconds, MOST_RECOVERY_SECONDS)


def _least(
    section: str, label: str, repeats: Sequence[float], at_most: float | None = None
) -> Figure:
    return Figure(section, label, min(repeats), median(repeats), at_most)


def _costs_us(marks: Sequence[Mark]) -> list[float]:
    return [
        (after.cpu_seconds - before.cpu_seconds) * 1e6 / (after.n_done - before.n_done)
        for before, after in _spans(marks)
    ]


def _rates(marks: Sequence[Mark]) -> list[float]:
    return [
        (after.n_done - before.n_done) / (after.at - before.at) for before, after in _spans(marks)
    ]


def _spans(marks: Sequence[Mark]) -> list[tuple[Mark, Mark]]:
    """Go from commit to commit, about a second each.

    Before the first one a program may still be starting, and before the last one it had no more to
    do. A run too short for that counts as a whole.
    """
    return list(pairwise(marks[1:-1])) or [(marks[0], marks[-1])]
