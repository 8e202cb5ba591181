"""Workers, a broker and a Redis to which things happen, while machines send their readings."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from stream_detector.pipeline.readings import Record
from tests.end_to_end.expectation import MACHINES, feed_of
from tests.end_to_end.installation import COMMAND, Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.small_models import BROKEN_STEAM

if TYPE_CHECKING:
    from pathlib import Path

READINGS_PER_SECOND = 300
MOST_WORKERS = 3


class Feeding:
    """Machines that send their readings, on and on, in a thread of its own, until it is stopped."""

    def __init__(self, installation: Installation, *, seed: int) -> None:
        self.records: list[Record] = []
        self._installation = installation
        self._readings = _readings(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send_on, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> list[Record]:
        """Send no more; give all that was sent, once Kafka has it."""
        self._stop.set()
        self._thread.join()
        return self.records

    def _send_on(self) -> None:
        # Idempotent: a broker that dies must neither double a reading nor change the order.
        producer = Producer(
            {
                "bootstrap.servers": self._installation.broker,
                "enable.idempotence": True,
                "log_level": 0,
            }
        )
        topic, began = self._installation.topics["readings"], time.monotonic()
        while not self._stop.wait(0.02):
            due = int((time.monotonic() - began) * READINGS_PER_SECOND)
            while len(self.records) < due:
                record = next(self._readings)
                producer.produce(topic, record.value, key=record.key)
                self.records.append(record)
            producer.poll(0)
        assert producer.flush(120) == 0, "not every reading was delivered"


def _readings(seed: int) -> Iterator[Record]:
    """What the machines send: faults come and go, sensors fail, sheets break, machines pause."""
    chance = random.Random(seed)
    feeds = [feed_of(machine, seed=seed + n) for n, machine in enumerate(MACHINES)]
    while True:
        for feed in feeds:
            match chance.randrange(60):
                case 0 | 1:
                    yield from feed.rows(4, steam=BROKEN_STEAM)
                case 2:
                    yield feed.tell(event="break")
                    feed.pause(timedelta(minutes=chance.choice([6, 40])))
                case 3:
                    yield from feed.rows(3, draw=None)
                case 4:
                    yield feed.values(speed=900.0)
                case 5:
                    yield feed.message(b"Guten Morgen")
                case 6:
                    yield feed.records[-1] if feed.records else feed.rows(1)[0]
                case _:
                    yield from feed.rows(1)


class Crew:
    """Workers that somebody starts again when they end."""

    def __init__(self, installation: Installation, command: Sequence[str] = COMMAND) -> None:
        self._installation = installation
        self._command = [*command, "worker"]
        self._numbers = count(1)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []
        self.n_ended_themselves = 0

    @property
    def running(self) -> list[int]:
        return [one.pid for one in self._workers if one.poll() is None]

    @property
    def n_begun_without_redis(self) -> int:
        return sum("what machines took before" in log.read_text() for log in self._logs)

    def add(self) -> None:
        log = self._installation.folder / f"chaos-worker-{next(self._numbers)}.log"
        self._logs.append(log)
        with log.open("wb") as output:
            self._workers.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *self._command],
                    env={**os.environ, **self._installation.environment()},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )

    def send(self, pid: int, how: signal.Signals) -> None:
        os.kill(pid, how)

    def retire(self, pid: int, how: signal.Signals) -> None:
        """End a worker that is not to be started again."""
        (worker,) = [one for one in self._workers if one.pid == pid]
        self._workers.remove(worker)
        worker.send_signal(signal.SIGCONT)
        worker.send_signal(how)
        try:
            worker.wait(30)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
            raise

    def tend(self) -> None:
        """Start another one for each that has ended by itself."""
        for worker in self._workers[:]:
            if worker.poll() is not None:
                self._workers.remove(worker)
                self.n_ended_themselves += 1
                self.add()

    def restart_all(self) -> None:
        """Let others take their places."""
        for worker in self._workers[:]:
            self.retire(worker.pid, signal.SIGTERM)
            self.add()

    def end(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()


class Chaos:
    """What happens, at moments and in an order that a seed decides."""

    def __init__(self, crew: Crew, kafka: RealKafka, redis: RealRedis, *, seed: int) -> None:
        self._crew = crew
        self._kafka = kafka
        self._redis = redis
        self._chance = random.Random(seed)
        self._frozen: dict[int, float] = {}
        self._redis_returns: float | None = None
        self.happened: Counter[str] = Counter()

    def rage(self, seconds: float) -> None:
        """Let things happen for so long, and leave all in order."""
        happenings: dict[str, tuple[int, Callable[[], None]]] = {
            "kill -9": (5, self._kill),
            "TERM": (3, self._stop),
            "freeze": (3, self._freeze),
            "join": (4, self._join),
            "leave": (2, self._leave),
            "broker kill -9": (1, self._kill_broker),
            "broker restart": (1, self._restart_broker),
            "Redis kill -9, all TERM": (2, self._kill_redis),
        }
        names, weights = list(happenings), [weight for weight, _ in happenings.values()]
        until = time.monotonic() + seconds
        name = "Redis kill -9, all TERM"  # first, so that a short run has it too
        while time.monotonic() < until:
            happenings[name][1]()
            self.happened[name] += 1
            self._pass(self._chance.uniform(0.3, 4.0), until)
            (name,) = self._chance.choices(names, weights)
        self._wake(all_of_them=True)
        self._let_redis_return(at_once=True)

    def _pass(self, seconds: float, until: float) -> None:
        """Let time go by: whoever sees to the workers does."""
        until = min(until, time.monotonic() + seconds)
        while time.monotonic() < until:
            self._wake()
            self._let_redis_return()
            self._crew.tend()
            time.sleep(0.05)

    def _one(self) -> int:
        return self._chance.choice(self._crew.running or [0])

    def _kill(self) -> None:
        if pid := self._one():
            self._frozen.pop(pid, None)
            self._crew.send(pid, signal.SIGKILL)

    def _stop(self) -> None:
        if pid := self._one():
            self._crew.send(pid, signal.SIGTERM)

    def _freeze(self) -> None:
        # Half of them for longer than Kafka waits for a sign of life.
        if pid := self._one():
            self._crew.send(pid, signal.SIGSTOP)
            self._frozen[pid] = time.monotonic() + self._chance.choice([1.0, 13.0])

    def _wake(self, *, all_of_them: bool = False) -> None:
        for pid, until in list(self._frozen.items()):
            if all_of_them or time.monotonic() > until:
                del self._frozen[pid]
                if pid in self._crew.running:
                    self._crew.send(pid, signal.SIGCONT)

    def _join(self) -> None:
        if len(self._crew.running) < MOST_WORKERS:
            self._crew.add()

    def _leave(self) -> None:
        if len(self._crew.running) > 1 and (pid := self._one()):
            self._frozen.pop(pid, None)
            self._crew.retire(pid, signal.SIGTERM)

    def _kill_broker(self) -> None:
        self._kafka.kill()
        self._pass(self._chance.uniform(0, 6), time.monotonic() + 6)
        self._kafka.start()

    def _restart_broker(self) -> None:
        self._kafka.stop()
        self._kafka.start()

    def _kill_redis(self) -> None:
        if self._redis_returns is not None:
            return
        # Stopped, for Kafka gives the partitions of a killed worker to another one only after 10 s.
        # Those that take their places judge without Redis for a while, then more happens to them.
        self._redis.kill()
        for pid in self._crew.running:
            self._crew.send(pid, signal.SIGTERM)
        self._pass(8, time.monotonic() + 8)
        self._redis_returns = time.monotonic() + self._chance.uniform(0, 10)

    def _let_redis_return(self, *, at_once: bool = False) -> None:
        if self._redis_returns is not None and (at_once or time.monotonic() > self._redis_returns):
            self._redis.start()
            self._redis_returns = None


def broken(how: str) -> list[str]:
    """The command of a worker with a fault that a proof has to find."""
    return [sys.executable, "-m", "tests.end_to_end.broken_worker", how]
