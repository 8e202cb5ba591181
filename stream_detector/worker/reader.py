"""Batches from Kafka, one at a time, committed when they are done.

Faust's own consumer costs 70 µs a message, so this service has a group consumer of its
own and hands the agent one fetched batch per event. A rebalance waits for the batch in
flight.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faust.types import AppT, ChannelT
from mode import Service

from stream_detector.connections.settings import Settings

log = structlog.get_logger()

_COMMIT_INTERVAL_SECONDS = 1.0
"""What was done since the last commit is done again after a crash, and dropped as repeats."""

_POLL_MS = 500
"""How long a fetch waits for readings: the reader looks up from it at least so often."""

_LEAVE_SECONDS = 5.0
"""How long the last commit and leaving the group may take. While the broker is away they would
take for ever; what was not committed is done again."""


class Batch:
    """Messages fetched together, and a future that is set when they are done."""

    __slots__ = ("done", "records")

    def __init__(self, records: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        self.records = records
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class BatchReader(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """Feeds a channel with batches of the readings topic.

    Parameters
    ----------
    app : faust app
    channel : faust channel
        Holds one batch at a time.
    make_consumer : callable
        Makes the group consumer, not yet started.
    settings : Settings
    """

    def __init__(
        self,
        app: AppT,
        channel: ChannelT[Batch],
        make_consumer: Callable[[], AIOKafkaConsumer],
        settings: Settings,
    ) -> None:
        super().__init__()
        self._app = app
        self._channel = channel
        self._make_consumer = make_consumer
        self._topic = settings.readings_topic
        self._done: dict[TopicPartition, int] = {}
        self._uncommitted = False
        self._committed_at = time.monotonic()
        self._in_flight = asyncio.Lock()

    async def on_start(self) -> None:
        """Join the group."""
        # Faust's consumer would do this at its first rebalance; without it, as we run
        # without that consumer, every channel blocks for ever.
        self._app.flow_control.resume()
        self._consumer = self._make_consumer()
        self._consumer.subscribe([self._topic], listener=self)
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Leave the group, with what is done committed."""
        try:
            async with asyncio.timeout(_LEAVE_SECONDS), self._in_flight:
                await self._commit()
                await self._consumer.stop()
        except TimeoutError:
            log.warning("group.not-left", reason="Kafka does not answer")

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Commit before the partitions go to somebody else."""
        async with self._in_flight:
            await self._commit()
            self._done.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Say what we work on from now."""
        log.info("partitions.assigned", partitions=sorted(one.partition for one in assigned))

    async def read_to_the_end(self) -> set[int]:
        """Give our partitions of which, as far as Kafka told, all readings were judged."""
        if self._in_flight.locked():
            return set()
        return {one.partition for one in self._consumer.assignment() if await self._is_read(one)}

    async def _is_read(self, partition: TopicPartition) -> bool:
        try:
            position = await self._consumer.position(partition)
        except IllegalStateError:
            return False  # given away meanwhile
        end = self._consumer.highwater(partition)
        return end is not None and position >= end

    @Service.task
    async def _pump(self) -> None:
        while not self.should_stop:
            records = await self._consumer.getmany(timeout_ms=_POLL_MS)
            async with self._in_flight:
                if records and not await self._work_off(Batch(records)):
                    return
                if time.monotonic() - self._committed_at >= _COMMIT_INTERVAL_SECONDS:
                    await self._commit()

    async def _work_off(self, batch: Batch) -> bool:
        """Hand a batch over and wait until it is done; False when we are stopped first."""
        await self._channel.send(value=batch)
        result = await self.wait_first(batch.done)
        if result.stopped:
            return False
        for partition, records in batch.records.items():
            self._done[partition] = records[-1].offset + 1
        self._uncommitted = True
        return True

    async def _commit(self) -> None:
        self._committed_at = time.monotonic()
        if not self._uncommitted:
            return
        self._uncommitted = False
        # A batch can be fetched before a rebalance and done after it. What is somebody else's by
        # then is not ours to commit: Kafka would refuse the rest with it, again and again.
        ours = self._consumer.assignment()
        done = {one: offset for one, offset in self._done.items() if one in ours}
        try:
            await self._consumer.commit(done)
        except CommitFailedError:
            # The partitions are somebody else's now, who starts from the commit before.
            log.warning("commit.refused", reason="the partitions were given to another worker")
            self._done.clear()
        except KafkaError as error:
            log.warning("commit.failed", error=str(error), keeping="to try again")
            self._uncommitted = True
