"""Proof that the alert book loses nothing and does nothing twice, whatever happens to its keepers.

While alerts and commands stream, keepers are killed, frozen until somebody else has the book, and
woken; then all that they wrote is held against what was wanted of them. What one book makes of
the same inputs, in the order that the markers tell, has to be what stands there, byte for byte.
"""

import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
from confluent_kafka import Message, Producer

from stream_detector.alerting.alert_state import FLOOD_KEY, MARKER_KEY, BookMarker, Flood
from stream_detector.alerting.book import Book, Kept
from stream_detector.alerting.commands import CommandName, decode_command
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.pipeline.readings import kafka_time
from tests.alerting.told import RULES, Alerts, alert_id, outcome
from tests.end_to_end.chaos import Crew
from tests.end_to_end.installation import N_PARTITIONS, Installation
from tests.end_to_end.real_kafka import RealKafka

_PACE_SECONDS = 0.02

Told = list[tuple[bytes, bytes]]
"""Keys and values of a topic."""


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


@dataclass(frozen=True)
class Written:
    """What the keepers wrote, and what they had to go by; messages in the order of their topics."""

    states: Sequence[Message]
    replies: Sequence[Message]
    alerts: Sequence[Message]
    commands: Sequence[Message]

    @property
    def faults(self) -> list[str]:
        """Tell where it is not what one book makes of the same."""
        states, replies = uninterrupted(self)
        told = [one for one in _told(self.states) if one[0] != MARKER_KEY]
        return [
            *_differences("state", told, states),
            *_differences("reply", _told(self.replies), replies),
        ]


def uninterrupted(written: Written) -> tuple[Told, Told]:
    """Let one book take in the same inputs in the order that the markers tell.

    No time is up meanwhile: what is shelved is so for an hour at least.
    """
    book, states, replies = Book(RULES), Told(), Told()
    for alerts, commands in _batches(written):
        for message in sorted(alerts, key=lambda one: (_ms(one), one.partition(), one.offset())):
            news, at = decode_news(message.value()), kafka_time(_ms(message))
            assert news is not None
            if isinstance(news, OutcomeNews):
                states += _as_written(book.fold_outcome(news, at))
            else:
                states += _as_written(book.fold(*news, at))
        for message in commands:
            command = decode_command(message.value())
            reply, kept = book.carry_out(command, kafka_time(_ms(message)))
            states += _as_written(kept)
            replies.append((command.command_id.encode(), msgspec.json.encode(reply)))
    return states, replies


def _batches(written: Written) -> Iterator[tuple[list[Message], list[Message]]]:
    """What was taken in between two markers."""
    read: dict[int, int] = {}
    n_commands = 0
    for message in written.states:
        if message.key() != MARKER_KEY:
            continue
        marker = msgspec.json.decode(message.value() or b"", type=BookMarker)
        reached = {int(partition): offset for partition, offset in marker.alerts.items()}
        alerts = [
            one
            for one in written.alerts
            if read.get(one.partition() or 0, 0)
            <= (one.offset() or 0)
            < reached.get(one.partition() or 0, 0)
        ]
        commands = [
            one for one in written.commands if n_commands <= (one.offset() or 0) < marker.commands
        ]
        assert all(reached[one] >= offset for one, offset in read.items()), "a marker went back"
        read, n_commands = reached, marker.commands
        yield alerts, commands


def _as_written(kept: Iterable[Kept]) -> Told:
    return [
        (FLOOD_KEY if isinstance(one, Flood) else one.key.encode(), msgspec.json.encode(one))
        for one in kept
    ]


def _told(messages: Iterable[Message]) -> Told:
    return [(one.key() or b"", one.value() or b"") for one in messages]


def _differences(what: str, told: Told, expected: Told) -> Iterator[str]:
    if len(told) != len(expected):
        yield f"{len(told)} of {what} were written, {len(expected)} should have been"
    for n, (one, other) in enumerate(zip(told, expected, strict=False)):
        if one != other:
            yield f"{what} {n} is {one!r}, should be {other!r}"
            return


def _ms(message: Message) -> int:
    return message.timestamp()[1]


def prove(
    installation: Installation,
    *,
    seconds: float,
    seed: int,
    fault: str = "none",
    kafka: RealKafka | None = None,
) -> tuple[Written, Counter[str]]:
    """Let machines, operators and keepers go on for so long; give what was written in the end.

    A broker that is given is killed in the middle, and started again.
    """
    signed = installation.folder / "keeper"
    keeper = [sys.executable, "-m", "tests.end_to_end.book_alone", fault, str(signed)]
    crew, plant = Crew(installation, keeper), Plant(installation, seed=seed)
    try:
        crew.add()
        crew.add()
        fate = Fate(crew, signed, seed=seed)
        for _ in range(2):
            until = time.monotonic() + seconds / 2
            while time.monotonic() < until:
                plant.go_on()
                fate.look()
                time.sleep(_PACE_SECONDS)
            if kafka is not None:
                kafka.kill()
                kafka.start()
                kafka = None
        fate.relent()
        plant.finish()
        return _read_all(installation, crew), fate.happened
    finally:
        crew.end()


def _read_all(installation: Installation, crew: Crew) -> Written:
    """Read everything, once the keepers have."""
    with (
        installation.subscriber("alerts") as alerts,
        installation.subscriber("commands") as commands,
        installation.subscriber("alert_state") as states,
        installation.subscriber("replies") as replies,
    ):
        ends: dict[str, int] = {}
        for one in alerts.read_to_the_end():
            ends[str(one.partition())] = (one.offset() or 0) + 1
        n_commands = len(commands.read_to_the_end())

        def is_read() -> bool:
            crew.tend()
            markers = [one for one in states.messages if one.key() == MARKER_KEY]
            if not markers:
                return False
            marker = msgspec.json.decode(markers[-1].value() or b"", type=BookMarker)
            return dict(marker.alerts) == ends and marker.commands == n_commands

        states.wait_until(is_read, f"the book has read {ends} and {n_commands} commands")
        return Written(
            states.messages, replies.read_to_the_end(), alerts.messages, commands.messages
        )
