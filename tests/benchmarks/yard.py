"""A real Kafka with a backlog of readings, and programs that are set to work on it.

A program has a core to itself; broker, senders and readers share the others.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, Producer, TopicPartition

from stream_detector.pipeline.pipeline import PublishedScores
from stream_detector.pipeline.readings import Record
from tests.benchmarks.plant import Plant
from tests.end_to_end.installation import COMMAND, Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import Server

N_PARTITIONS = 10

WORKER, AIOKAFKA, CONFLUENT = "worker", "bare aiokafka loop", "bare confluent-kafka loop"

_BARE = (sys.executable, "-m", "tests.benchmarks.bare_loops")

_PROGRAMS = {
    WORKER: ((*COMMAND, "worker"), "partitions.assigned"),
    AIOKAFKA: ((*_BARE, "aiokafka"), "begins"),
    CONFLUENT: ((*_BARE, "confluent-kafka"), "begins"),
}
"""The command of each, and what it says when it begins to read."""

_LIMIT_SECONDS = 120.0


class Mark(NamedTuple):
    """How far a program had come, and what that had taken it."""

    n_done: int
    cpu_seconds: float
    at: float


class Program:
    """One of the programs, looked at from outside."""

    def __init__(self, name: str, installation: Installation, topic: str, *, core: int) -> None:
        command, sign = _PROGRAMS[name]
        self.installation = installation
        self._places = [TopicPartition(topic, number) for number in range(N_PARTITIONS)]
        self._n_lives = 0
        self._log = installation.folder / f"{installation.group}.log"
        self._server = Server(
            ["taskset", "--cpu-list", str(core), *command],
            log=self._log,
            is_ready=lambda: self._log.read_text().count(sign) == self._n_lives,
            environment=installation.environment(),
        )

    @contextmanager
    def at_work(self) -> Iterator[Self]:
        """Let it work inside ``with``, which kills it."""
        self._n_lives += 1
        with self._server:
            yield self

    def work_off(self, count: int) -> list[Mark]:
        """Wait until so many readings are committed; give a mark for each commit."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.installation.broker,
                "group.id": self.installation.group,
                "log_level": 0,
            }
        )
        marks = [self._mark(0)]
        try:
            while marks[-1].n_done < count:
                found = consumer.committed(self._places, timeout=_LIMIT_SECONDS)
                n_done = sum(max(place.offset, 0) for place in found)
                if n_done > marks[-1].n_done:
                    marks.append(self._mark(n_done))
                assert time.monotonic() - marks[-1].at < _LIMIT_SECONDS, self._server.log_tail()
                time.sleep(0.002)
        finally:
            consumer.close()
        return marks

    def memory_mb(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self._server.pid}/status").read_text()
        (kb,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return int(kb) / 1000

    def n_alerts(self) -> int:
        """Messages in its topic of alerts."""
        with self.installation.subscriber("alerts") as subscriber:
            return len(subscriber.read_to_the_end())

    def told(self, event: str) -> list[dict[str, Any]]:
        """What it logged under this name in all its lives."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if f'"{event}"' in line]

    def _mark(self, n_done: int) -> Mark:
        # The clock of all threads of another process, numbered as by clock_getcpuclockid(3).
        cpu_seconds = time.clock_gettime((~self._server.pid << 3) | 2)
        return Mark(n_done, cpu_seconds, time.monotonic())


class Yard:
    """The servers, and the readings that all programs are given: so many machines at an instant.

    They lie on ten partitions, each with as many machines as the others.
    """

    def __init__(
        self, kafka: RealKafka, redis: RealRedis, folder: Path, *, n_machines: int, core: int
    ) -> None:
        assert n_machines % N_PARTITIONS == 0, "a machine stays on its partition"
        self._kafka, self._redis, self._folder, self.core = kafka, redis, folder, core
        self._plant = Plant(n_machines=n_machines, seed=1)
        self._due: deque[Record] = deque()
        installation = self._installation(folder)
        installation.create_topics()
        self._topic = installation.topics["readings"]
        # Without lingering: some are timed.
        options = {"bootstrap.servers": kafka.bootstrap, "linger.ms": 0, "log_level": 0}
        self._producer = Producer(options)
        self.n_sent = 0

    def next_reading(self) -> Record:
        """What a machine says next."""
        if not self._due:
            self._due += self._plant.next_records(1)
        return self._due.popleft()

    def send(self, reading: Record) -> None:
        """Send a reading, without waiting until Kafka has it."""
        partition = self.n_sent % N_PARTITIONS
        self._producer.produce(self._topic, reading.value, reading.key, partition=partition)
        self._producer.poll(0)
        self.n_sent += 1

    def load(self, count: int) -> None:
        """Let so many readings wait for whoever is set to work."""
        for _ in range(count):
            self.send(self.next_reading())
        assert self._producer.flush(_LIMIT_SECONDS) == 0, "not everything was delivered"

    def program(
        self, name: str, published_scores: PublishedScores, bundle: Path, **settings: str
    ) -> Program:
        """A program with a group and topics of its own, that has not read any of the readings."""
        installation = self._installation(
            bundle,
            readings_topic=self._topic,
            published_scores=published_scores,
            log_format="json",
            # The plant's clock may be ahead of this machine's.
            max_clock_skew_seconds="1e10",
            **settings,
        )
        installation.create_topics()
        return Program(name, installation, self._topic, core=self.core)

    def _installation(self, bundle: Path, **settings: str) -> Installation:
        return Installation(
            self._kafka.bootstrap,
            self._redis.url,
            bundle=bundle,
            folder=self._folder,
            n_partitions=N_PARTITIONS,
            settings=settings,
        )
