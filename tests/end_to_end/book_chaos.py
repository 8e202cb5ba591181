"""Machines, operators, and keepers of the alert book to which things happen, as a seed decides."""

import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
from confluent_kafka import Producer

from stream_detector.alerting.commands import CommandName
from tests.alerting.told import Alerts, alert_id, outcome
from tests.end_to_end.chaos import Crew
from tests.end_to_end.installation import N_PARTITIONS, Installation


class Plant:
    """Machines and operators that send whatever comes to their minds, as a seed decides."""

    def __init__(self, installation: Installation, *, seed: int) -> None:
        self._installation = installation
        self._chance = random.Random(seed)
        self._lives = [Alerts(f"pm{n}", "sheet-break") for n in range(12)]
        self._minute = 0.0
        self._n_commands = 0
        # Idempotent: what is told of one alert has to come in its order.
        self._producer = Producer(
            {"bootstrap.servers": installation.broker, "enable.idempotence": True, "log_level": 0}
        )

    def go_on(self) -> None:
        """Let a little happen: some alerts change, and perhaps somebody wants something."""
        self._minute += 0.3
        for life in self._chance.sample(self._lives, k=2):
            self._tell(life)
        if self._chance.random() < 0.4:
            command = self._command(self._chance.choice(self._lives))
            # Some programs send twice what they want once.
            for _ in range(self._chance.choice([1, 1, 1, 2])):
                self._send("commands", b"", command, 0)
        self._producer.poll(0)

    def finish(self) -> None:
        """Let every alert change once more, so that all that was read is written down."""
        for life in self._lives:
            self._tell(life)
        assert self._producer.flush(60) == 0

    def _tell(self, life: Alerts) -> None:
        chance = self._chance.randrange(4)
        told = [life.next(self._minute, chance)]
        if self._chance.random() < 0.1:
            told = [*life.told[-3:], *told]  # repeats, as after a crash
        if not life.is_open and chance == 3:
            told.append(outcome(self._minute, machine=life.machine))
        key = f"{life.machine}/{life.rule}".encode()
        for message in told:
            self._send("alerts", key, message, int(life.machine[2:]) % N_PARTITIONS)

    def _command(self, life: Alerts) -> bytes:
        self._n_commands += 1
        now = datetime.now(UTC)
        value = {
            "command_id": f"c{self._n_commands}",
            "command": self._chance.choice([*get_args(CommandName), "acknowledge", "comment"]),
            "by": "anna",
            "at": now,
            "alert_id": alert_id(life.raised, machine=life.machine),
            "machine": life.machine,
            "rule": life.rule,
            "label": self._chance.choice(["useful", "late", "unclear"]),
            "until": now + timedelta(hours=self._chance.choice([1, 2, 13])),
            "comment": f"because of {self._n_commands}",
        }
        return msgspec.json.encode(value)

    def _send(self, kind: str, key: bytes, value: bytes, partition: int) -> None:
        topic = self._installation.topics[kind]
        self._producer.produce(topic, value, key=key, partition=partition)


class Fate:
    """What happens to the keepers of the book, at moments that a seed decides."""

    def __init__(self, crew: Crew, signed: Path, *, seed: int) -> None:
        self._crew = crew
        self._signed = signed
        self._chance = random.Random(seed)
        self._next_at = time.monotonic() + 2.0
        self._frozen: dict[int, float] = {}
        self.happened: Counter[str] = Counter()

    def look(self) -> None:
        """Do what is due; start keepers again that ended."""
        now = time.monotonic()
        for pid, until in list(self._frozen.items()):
            if now > until:
                self._wake(pid)
        self._crew.tend()
        if now < self._next_at:
            return
        self._next_at = now + self._chance.uniform(0.2, 2.5)
        pid = self._one()
        how = self._chance.choice(["kill -9", "kill -9", "freeze", "TERM"])
        self.happened[how] += 1
        if how == "freeze":
            # For longer than Kafka waits for a sign of life, mostly.
            self._crew.send(pid, signal.SIGSTOP)
            self._frozen[pid] = now + self._chance.choice([1.0, 4.0, 4.0])
        else:
            self._frozen.pop(pid, None)
            self._crew.send(pid, signal.SIGCONT)
            self._crew.send(pid, signal.SIGKILL if how == "kill -9" else signal.SIGTERM)

    def _one(self) -> int:
        """Choose whoever has the book, mostly; the others would hardly miss anything."""
        running = self._crew.running
        owner = int(self._signed.read_text()) if self._signed.exists() else 0
        is_there = owner in running and self._chance.random() < 0.8
        return owner if is_there else self._chance.choice(running)

    def relent(self) -> None:
        """Leave all in order."""
        for pid in list(self._frozen):
            self._wake(pid)

    def _wake(self, pid: int) -> None:
        del self._frozen[pid]
        if pid in self._crew.running:
            self._crew.send(pid, signal.SIGCONT)
