"""An alert book at work on a broker, and those who talk to it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from confluent_kafka import Producer

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.commands import Command, Reply
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.operator_commands import OperatorCommands
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import topics
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.worker.book import BookService
from stream_detector.worker.health import Health
from tests.alerting.told import RULES

N_PARTITIONS = 2


def embedded_kafka() -> EmbeddedKafka:
    ours = topics(Settings.model_construct(broker=""))
    return EmbeddedKafka({topic.name: topic.partitions(N_PARTITIONS) for topic in ours})


@dataclass
class Plant:
    """A broker, on which each worker is of a group of its own: none waits for another to leave.

    If not told otherwise.
    """

    broker: str
    n_workers: int = 0
    health: Health = field(default_factory=lambda: Health(stall_seconds=60, began_at=0.0))

    def settings(self, group: str = "mill") -> Settings:
        return Settings(broker=self.broker, group=group, fetch_wait_ms=10)

    @asynccontextmanager
    async def worker(self, *, same_group: bool = False) -> AsyncIterator[BookService]:
        """Keeps the book; beside another worker of the same group, if that is so."""
        self.n_workers += not same_group
        service = BookService(self.settings(f"mill-{self.n_workers}"), RULES, self.health)
        await service.start()
        try:
            yield service
        finally:
            await service.stop()

    def tell(self, *alerts: bytes, partition: int = 0) -> None:
        """The alerts topic has these next."""
        self.send("detector.alerts", alerts, partition)

    def ask(self, *commands: bytes, key: bytes | None = None) -> None:
        """Somebody sends these, and does not wait for replies."""
        self.send("detector.commands", commands, 0, key=key)

    def send(
        self, topic: str, values: tuple[bytes, ...], partition: int, key: bytes | None = None
    ) -> None:
        producer = Producer({"bootstrap.servers": self.broker, "log_level": 0})
        for value in values:
            producer.produce(topic, value, key=key, partition=partition)
        assert producer.flush(10) == 0

    @asynccontextmanager
    async def operator(self, patience_seconds: float = 10.0) -> AsyncIterator["Operator"]:
        """Somebody who waits for replies, and sees how the alerts stand."""
        commands = OperatorCommands(self.settings(), patience_seconds=patience_seconds)
        async with commands, AlertStates(self.settings()) as states:
            yield Operator(commands, states)


@dataclass
class Operator:
    commands: OperatorCommands
    states: AlertStates
    seen: list[AlertState] = field(default_factory=list)

    async def ask(self, command: str, **properties: Any) -> Reply:
        value = {"command_id": command, "by": "anna", "at": datetime.now(UTC)}
        return await self.commands.send(Command(command=command, **{**value, **properties}))  # type: ignore[arg-type]

    async def sees(self, change: str, *, key: str = "pm3/sheet-break") -> AlertState:
        """Wait until a state tells of a change."""
        async with asyncio.timeout(20):
            while True:
                for one in self.seen:
                    if one.key == key and one.change == change:
                        return one
                changes = await self.states.next_changes(timeout_ms=100)
                self.seen += [one for one in changes if isinstance(one, AlertState)]


@contextmanager
def book_in_a_thread(plant: Plant) -> Iterator[None]:
    """A worker that keeps the book beside a test that has no event loop."""
    has_begun, shall_end = threading.Event(), threading.Event()

    async def keep() -> None:
        async with plant.worker():
            has_begun.set()
            await asyncio.to_thread(shall_end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(keep()))
    thread.start()
    try:
        assert has_begun.wait(20)
        yield
    finally:
        shall_end.set()
        thread.join(20)


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that happens on the event loop."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - others tell nobody when they are done
            await asyncio.sleep(0.01)


def command(command: str, command_id: str = "1", **properties: object) -> bytes:
    """A command as any program writes it."""
    value = {"command_id": command_id, "command": command, "by": "ben", "at": datetime.now(UTC)}
    return msgspec.json.encode({**value, **properties})
