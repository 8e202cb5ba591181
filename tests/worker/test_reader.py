"""Batches from Kafka, one at a time, committed when they are done; on the embedded broker."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import faust
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place
from faust.types import ChannelT

from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.worker.health import Health
from stream_detector.worker.reader import Batch, BatchReader
from tests.end_to_end.server import free_port

TOPIC = "sensor.readings"


@pytest.fixture(scope="module")
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka({TOPIC: 2}) as running:
        yield running


@dataclass
class Group:
    """A consumer group with one member, and what it read."""

    kafka: EmbeddedKafka
    name: str
    batches: list[Batch] = field(default_factory=list)
    health: Health = field(default_factory=lambda: Health(stall_seconds=60, began_at=0.0))
    begins_at: int | None = None
    """Told with the first batch."""

    @property
    def n_read(self) -> int:
        return sum(len(records) for batch in self.batches for records in batch.records.values())

    def committed(self) -> list[int]:
        consumer = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": self.name})
        found = consumer.committed([Place(TOPIC, n) for n in range(2)], timeout=10)
        consumer.close()
        return [place.offset for place in found]

    @asynccontextmanager
    async def member(self) -> AsyncIterator[BatchReader]:
        """A reader that has its partitions, and somebody who does each batch at once."""
        app = faust.App(self.name, broker=f"kafka://{self.kafka.bootstrap}", store="memory://")
        channel: ChannelT[Batch] = app.channel(maxsize=1)
        reader = BatchReader(
            app, channel, make_consumer=self._consumer, topic=TOPIC, health=self.health
        )
        worker = asyncio.create_task(self._work_off(channel))
        await reader.start()
        try:
            await until(self._has_begun)
            yield reader
        finally:
            await reader.stop()
            worker.cancel()

    async def has_two_batches(self) -> bool:
        return len(self.batches) > 1

    async def _has_begun(self) -> bool:
        return bool(self.batches)

    async def _work_off(self, channel: ChannelT[Batch]) -> None:
        async for event in channel:
            batch = event.value
            assert isinstance(batch, Batch)
            self.batches.append(batch)
            if self.begins_at is not None and len(self.batches) == 1:
                batch.goes_on_at = dict.fromkeys(batch.begins or {}, self.begins_at)
            batch.done.set_result(None)

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap,
            group_id=self.name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=10,
            # The embedded broker lets one that comes after another wait for so long.
            session_timeout_ms=1500,
            heartbeat_interval_ms=300,
        )


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that happens on the event loop."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - others tell nobody when they are done
            await asyncio.sleep(0.01)


async def read_to_the_end(reader: BatchReader) -> None:
    async def is_read() -> bool:
        return await reader.read_to_the_end() == {0, 1}

    await until(is_read)


def send(kafka: EmbeddedKafka, *, count: int) -> None:
    """Send so many messages to each of the two partitions."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for _ in range(count):
        for partition in range(2):
            producer.produce(TOPIC, b"{}", partition=partition)
    assert producer.flush(10) == 0


def test_what_is_done_is_committed_at_the_end(kafka: EmbeddedKafka) -> None:
    group = Group(kafka, "commits")
    send(kafka, count=3)

    async def scenario() -> None:
        async with group.member() as reader:
            await read_to_the_end(reader)

    asyncio.run(scenario())

    assert group.n_read >= 6
    assert sum(group.committed()) == group.n_read


def test_a_new_member_is_told_where_it_goes_on_though_nothing_new_comes(
    kafka: EmbeddedKafka,
) -> None:
    before, after = Group(kafka, "resumes"), Group(kafka, "resumes")
    send(kafka, count=1)

    async def scenario() -> None:
        async with before.member() as reader:
            await read_to_the_end(reader)
        async with after.member():
            pass

    asyncio.run(scenario())

    assert [batch.records for batch in after.batches] == [{}]
    begins = after.batches[0].begins or {}
    assert [begins[TopicPartition(TOPIC, n)] for n in range(2)] == before.committed()


def test_it_goes_on_where_it_is_told_to_and_commits_that(kafka: EmbeddedKafka) -> None:
    before, after = Group(kafka, "goes-back"), Group(kafka, "goes-back", begins_at=0)
    send(kafka, count=2)

    async def scenario() -> None:
        async with before.member() as reader:
            await read_to_the_end(reader)
        async with after.member() as reader:
            # Told at the first batch; the second one begins there.
            await until(after.has_two_batches)
            await read_to_the_end(reader)

    asyncio.run(scenario())

    again = after.batches[1].begins or {}
    assert [again[TopicPartition(TOPIC, n)] for n in range(2)] == [0, 0]
    assert after.n_read == before.n_read
    assert after.committed() == before.committed()


def test_while_kafka_does_not_answer_nobody_knows_what_was_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stream_detector.worker.reader._ANSWER_SECONDS", 0.3)

    async def scenario(group: Group) -> set[int]:
        async with group.member() as reader:
            await read_to_the_end(reader)
            os.kill(group.kafka.process.pid, signal.SIGSTOP)
            try:
                return await reader.read_to_the_end()
            finally:
                os.kill(group.kafka.process.pid, signal.SIGCONT)

    with EmbeddedKafka({TOPIC: 2}) as kafka:
        assert asyncio.run(scenario(Group(kafka, "asks"))) == set()


def test_a_kafka_that_goes_away_during_the_start_ends_it_with_one_line() -> None:
    program = f"""
import asyncio, faust
from aiokafka import AIOKafkaConsumer
from stream_detector.worker.health import Health
from stream_detector.worker.reader import BatchReader

app = faust.App("mill", broker="kafka://127.0.0.1:{free_port()}", store="memory://")
health = Health(stall_seconds=60, began_at=0.0)

async def start():
    member = lambda: AIOKafkaConsumer(bootstrap_servers="127.0.0.1:{free_port()}", group_id="mill")
    await BatchReader(
        app, app.channel(), make_consumer=member, topic="readings", health=health
    ).start()

asyncio.run(start())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == 1
    assert "worker.not-started" in ended.stdout
    assert "Kafka went away meanwhile: " in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
