"""What it costs that models change: one on trial, and the stall of a change, on real Kafka.

``make bench`` runs this, too. It prints a table and writes it to ``build/bench-changing.json``;
goals are shown as met or not met, and nothing fails.
"""

import json
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from aiokafka import TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.worker.rehearsal import Rehearsal
from tests.benchmarks.environment import environment
from tests.benchmarks.models import NETWORKS, Subject
from tests.benchmarks.plant import Plant
from tests.benchmarks.progress import tell
from tests.benchmarks.yard import N_PARTITIONS, WORKER, Program, Yard
from tests.end_to_end.real_kafka import AS_SHIPPED, RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.waiting import wait_until

_OUT = Path(__file__).resolve().parents[2] / "build" / "bench-changing.json"
_BATCH = 512
_TABLE = ThresholdTable(Budget(6.0))
_LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    training_rows: int = 1500
    batches: int = 40
    n_machines: int = 10 * N_PARTITIONS
    per_second: int = 5000
    seconds_before: float = 5.0


_QUICK = Effort(training_rows=400, batches=2, n_machines=N_PARTITIONS, per_second=500)


@click.command()
@click.option("--quick", is_flag=True, help="Measure next to nothing, to see that it runs.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, help="The table as JSON.")
def main(*, quick: bool, out: Path) -> None:
    """Measure what a model on trial costs, and how long a change holds up the scores."""
    effort = _QUICK if quick else Effort()
    tell("a model on trial, in memory")
    first = Subject(NETWORKS["dense"], effort.training_rows)
    second = Subject(NETWORKS["dense"], effort.training_rows + 60)
    judging_us, trial_us = cpu_us_of_a_trial(first.bundle, effort)
    *others, core = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, others or {core})
    with tempfile.TemporaryDirectory(prefix="stream-detector-bench-") as temporary:
        folder = Path(temporary)
        for subject in (first, second):
            subject.write_bundle(folder / "models" / str(subject.training_rows))
        with (
            RealKafka(folder / "kafka", java=AS_SHIPPED) as kafka,
            RealRedis(folder / "redis") as redis,
        ):
            yard = Yard(kafka, redis, folder, n_machines=effort.n_machines, core=core)
            bundles = folder / "models"
            program = yard.program(
                WORKER, "all", bundles / str(effort.training_rows), bundles=str(bundles)
            )
            tell(f"a change at {effort.per_second} readings a second")
            calm_ms, change_ms = gaps_ms(yard, program, second.bundle.id, effort)
    figures: list[tuple[str, float, float | None]] = [
        ("CPU us per reading of the model that judges", judging_us, None),
        ("CPU us more for one on trial", trial_us, None),
        ("of that, times the model that judges", trial_us / judging_us, 1.2),
        ("longest ms without a score before a change", calm_ms, None),
        ("longest ms without a score during it", change_ms, 200.0),
    ]
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(_as_json(effort, figures), indent=2), encoding="utf-8")
    tell("done")
    click.echo(f"\nDense, every score published; load {os.getloadavg()[0]:.1f}")
    for label, value, at_most in figures:
        goal = (
            ""
            if at_most is None
            else f"  at most {at_most:g}: {'met' if value <= at_most else 'not met'}"
        )
        click.echo(f"  {label:<50} {value:8.2f}{goal}")


def cpu_us_of_a_trial(bundle: Bundle, effort: Effort) -> tuple[float, float]:
    """Judge the same readings twice: by a model, and by it again beside itself, on trial."""
    judging, shadow = Pipeline(bundle, Rules()), Pipeline(bundle, Rules(), is_shadow=True)
    plant = Plant(n_machines=64, seed=1)
    place = TopicPartition("sensor.readings", 0)
    rehearsal = Rehearsal(shadow, place, judging.machines, lambda _: True)
    judged, followed = [], []
    for _ in range(effort.batches):
        records = plant.next_records(_BATCH)
        began = time.process_time()
        judging.process(records, _TABLE)
        between = time.process_time()
        told = rehearsal.follow(records, _TABLE)
        followed.append(time.process_time() - between)
        judged.append(between - began)
        assert len(told) == _BATCH
    return min(judged) / _BATCH * 1e6, min(followed) / _BATCH * 1e6


def gaps_ms(yard: Yard, program: Program, bundle_id: str, effort: Effort) -> tuple[float, float]:
    """Let readings come evenly, change the model of all machines, and look for the longest gap.

    Returns
    -------
    tuple of float
        The longest time without a score before the change, and from it until every machine
        was judged by the new model.
    """
    is_over = threading.Event()
    listener = _Listener(program, bundle_id)
    threads = [
        threading.Thread(target=_send, args=(yard, effort.per_second, is_over), daemon=True),
        threading.Thread(target=listener.listen, args=(is_over,), daemon=True),
    ]
    with program.at_work():
        for thread in threads:
            thread.start()
        wait_until(lambda: listener.arrivals, "scores come", limit_seconds=_LIMIT_SECONDS)
        # Behind what waited while it started.
        calm = time.monotonic() + effort.seconds_before
        wait_until(lambda: time.monotonic() > calm + effort.seconds_before, "a calm time")
        begin = time.monotonic()
        activated = program.installation.run("model", "activate", bundle_id)
        assert activated.returncode == 0, activated.stderr
        wait_until(
            lambda: len(listener.gone_over) == effort.n_machines,
            "all machines go over",
            limit_seconds=_LIMIT_SECONDS,
        )
        end = time.monotonic()
        is_over.set()
        for thread in threads:
            thread.join()
    return listener.longest_ms(calm, begin), listener.longest_ms(begin, end)


def _send(yard: Yard, per_second: int, is_over: threading.Event) -> None:
    began, n_sent = time.monotonic(), 0
    while not is_over.wait(0.005):
        due = int((time.monotonic() - began) * per_second)
        for _ in range(due - n_sent):
            yard.send(yard.next_reading())
        n_sent = due


class _Listener:
    """Notes when scores come, and which machines the new model has judged."""

    def __init__(self, program: Program, bundle_id: str) -> None:
        self.arrivals: list[float] = []
        self.gone_over: set[bytes] = set()
        self._sign = f'"bundle":"{bundle_id}"'.encode()
        self._consumer = Consumer(
            {
                "bootstrap.servers": program.installation.broker,
                "group.id": "not used",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 10,
                "log_level": 0,
            }
        )
        topic = program.installation.topics["scores"]
        self._consumer.assign([Place(topic, number, 0) for number in range(N_PARTITIONS)])

    def listen(self, is_over: threading.Event) -> None:
        """Read until it is over."""
        while not is_over.is_set():
            for message in self._consumer.consume(500, timeout=0.01):
                self.arrivals.append(time.monotonic())
                if self._sign in (message.value() or b""):
                    self.gone_over.add(message.key() or b"")
        self._consumer.close()

    def longest_ms(self, begin: float, end: float) -> float:
        """Give the longest time between two scores in a span of time."""
        times = [begin, *(one for one in self.arrivals if begin < one < end), end]
        return max(later - one for one, later in pairwise(times)) * 1000


def _as_json(effort: Effort, figures: Sequence[tuple[str, float, float | None]]) -> dict[str, Any]:
    return {
        "environment": environment(),
        "effort": asdict(effort),
        "figures": [
            {"label": label, "value": value, "at_most": at_most}
            for label, value, at_most in figures
        ],
    }


if __name__ == "__main__":
    main()
