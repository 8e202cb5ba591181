"""Batches from Kafka, one at a time, committed when they are done.

Faust's own consumer costs 70 µs a message, so this service has a group consumer of its
own and hands the agent one fetched batch per event. A rebalance waits for the batch in
flight.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faust.types import AppT, ChannelT
from mode import Service

from stream_detector.connections.consumers import is_passing, leave, start
from stream_detector.connections.log import end_at_once
from stream_detector.worker.health import Health

log = structlog.get_logger()

_COMMIT_INTERVAL_SECONDS = 1.0
"""What was done since the last commit is done again after a crash, and dropped as repeats."""

_POLL_MS = 500
"""How long a fetch waits for readings: the reader looks up from it at least so often."""

_ANSWER_SECONDS = 5.0
"""How long Kafka may take to say where its log ends; then it is away."""

_LEAVE_SECONDS = 5.0
"""How long the last commit and leaving the group may take. While the broker is away they would
take for ever; what was not committed is done again."""


async def _nothing() -> None:
    """There is nothing to be done before leaving."""


class Batch:
    """Messages fetched together, and a future that is set when they are done.

    Parameters
    ----------
    records : dict of TopicPartition to list of ConsumerRecord
    begins : dict of TopicPartition to int, or None
        After a change of our partitions, of each the offset from which we go on.

    Attributes
    ----------
    goes_on_at : dict of TopicPartition to int, or None
        Where nothing of it was judged: the offsets from which we go on instead.
    """

    __slots__ = ("begins", "done", "fetched_at_ns", "goes_on_at", "records")

    def __init__(
        self,
        records: dict[TopicPartition, list[ConsumerRecord]],
        begins: dict[TopicPartition, int] | None,
    ) -> None:
        self.records = records
        self.begins = begins
        self.goes_on_at: dict[TopicPartition, int] | None = None
        self.fetched_at_ns = time.time_ns()
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
    topic : str
        Of the readings.
    health : Health
        Told how it gets on.
    before_leaving : callable
        Awaited before our partitions go to somebody else, with none of them in flight.
    """

    def __init__(
        self,
        app: AppT,
        channel: ChannelT[Batch],
        *,
        make_consumer: Callable[[], AIOKafkaConsumer],
        topic: str,
        health: Health,
        before_leaving: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        super().__init__()
        self._app = app
        self._channel = channel
        self._make_consumer = make_consumer
        self._topic = topic
        self._health = health
        self._before_leaving = before_leaving
        self._newly_assigned = False
        self._sought: dict[TopicPartition, int] = {}
        """Where we were told to go on, until we do."""
        self._next: dict[TopicPartition, int] = {}
        self._done: dict[TopicPartition, int] = {}
        self._committed_at = time.monotonic()
        self._in_flight = asyncio.Lock()

    async def on_start(self) -> None:
        """Join the group."""
        # Faust's consumer would do this at its first rebalance; without it, as we run
        # without that consumer, every channel blocks for ever.
        self._app.flow_control.resume()
        self._consumer = self._make_consumer()
        self._consumer.subscribe([self._topic], listener=self)
        try:
            await start(self._consumer)
        except KafkaError as error:
            # From here Faust would tell of it with a traceback, and of much that it does besides.
            log.error(  # noqa: TRY400
                "worker.not-started",
                error=f"Kafka went away meanwhile: {error}",
                doing="ending the process; start it again",
            )
            end_at_once()

    async def on_stop(self) -> None:
        """Leave the group, with what is done committed."""
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                async with self._in_flight:
                    await self._before_leaving()
                    await self._commit()
                # Without the lock: a rebalance that has begun waits for it, and this for that.
                await leave(self._consumer)
        except TimeoutError:
            log.warning("group.not-left", reason="Kafka does not answer")

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Commit before the partitions go to somebody else."""
        async with self._in_flight:
            await self._before_leaving()
            await self._commit()
            self._done.clear()
            self._next.clear()
            self._sought.clear()
            self._health.left(now=time.monotonic())

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Say what we work on from now."""
        self._newly_assigned = True
        partitions = sorted(one.partition for one in assigned)
        self._health.joined(partitions, now=time.monotonic())
        log.info("partitions.assigned", partitions=partitions)

    async def read_to_the_end(self) -> set[int]:
        """Give our partitions of which all readings that Kafka has now were judged.

        None while it does not answer.
        """
        ours = self._consumer.assignment()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                ends = await self._consumer.end_offsets(ours)
                positions = {one: await self._consumer.position(one) for one in ours}
        except (TimeoutError, KafkaError):
            return set()  # given away meanwhile, or Kafka is away
        if self._in_flight.locked() or self._newly_assigned:
            return set()
        return {one.partition for one in ours if positions[one] >= ends[one]}

    @Service.task
    async def _pump(self) -> None:
        while not self.should_stop:
            records = await self._consumer.getmany(timeout_ms=_POLL_MS)
            async with self._in_flight:
                # Of a log that is shorter than what we judged, Kafka gives the begin.
                if any(one[0].offset < self._next.get(at, 0) for at, one in records.items()):
                    self._newly_assigned = True
                begins = await self._begins(records) if self._newly_assigned else None
                new = bool(records) or begins is not None
                if new and not await self._work_off(Batch(records, begins)):
                    return
                await self._note_positions()
                if time.monotonic() - self._committed_at >= _COMMIT_INTERVAL_SECONDS:
                    await self._commit()

    async def _note_positions(self) -> None:
        """Tell how far we are. By position: behind the last reading there may be markers."""
        try:
            positions = {
                one.partition: await self._consumer.position(one)
                for one in self._consumer.assignment()
            }
        except IllegalStateError:  # given away meanwhile
            return
        if positions != self._health.positions:
            self._health.progressed(positions, now=time.monotonic())

    async def _begins(
        self, records: dict[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, int]:
        """Give the offset of each of our partitions from which we go on."""
        self._newly_assigned = False
        try:
            begins = {
                one: await self._consumer.position(one) for one in self._consumer.assignment()
            }
        except IllegalStateError:  # given away again already: the next assignment tells
            begins = {}
        # There the position is behind what was fetched.
        begins |= {one: fetched[0].offset for one, fetched in records.items()}
        sought, self._sought = self._sought, {}
        return begins | sought

    async def _work_off(self, batch: Batch) -> bool:
        """Hand a batch over and wait until it is done; False when we are stopped first."""
        await self._tell_of_lost_readings(batch)
        await self._channel.send(value=batch)
        result = await self.wait_first(batch.done)
        if result.stopped:
            return False
        if batch.goes_on_at is not None:
            await self._go_on_at(batch.goes_on_at)
            return True
        self._next |= batch.begins or {}
        for partition, records in batch.records.items():
            self._next[partition] = self._done[partition] = records[-1].offset + 1
        return True

    async def _go_on_at(self, offsets: dict[TopicPartition, int]) -> None:
        """Begin elsewhere, as if our partitions had just been given to us."""
        for partition, offset in offsets.items():
            self._consumer.seek(partition, offset)
        self._newly_assigned = True
        self._sought = dict(offsets)
        self._done = dict(offsets)
        await self._commit()

    async def _tell_of_lost_readings(self, batch: Batch) -> None:
        """Look whether a hole between two batches is more than markers and compaction leave."""
        for partition, records in batch.records.items():
            expected = self._next.get(partition)
            if expected is None or records[0].offset <= expected:
                continue
            try:
                begin = (await self._consumer.beginning_offsets([partition]))[partition]
            except KafkaError as error:
                if not is_passing(error):
                    raise
                continue  # nobody knows; what was fetched is judged all the same
            if begin > expected:
                log.error(
                    "readings.lost",
                    partition=partition.partition,
                    expected=expected,
                    log_begins=begin,
                    reason="Kafka deleted them unread; keep the readings longer",
                )

    async def _commit(self) -> None:
        """Commit what is done, and forget it."""
        self._committed_at = time.monotonic()
        if not self._done:
            return
        # A batch can be fetched before a rebalance and done after it. What is somebody else's by
        # then is not ours to commit: Kafka would refuse the rest with it, again and again.
        ours = self._consumer.assignment()
        try:
            await self._consumer.commit({one: at for one, at in self._done.items() if one in ours})
        except CommitFailedError:
            # The partitions are somebody else's now, who starts from the commit before.
            log.warning("commit.refused", reason="the partitions were given to another worker")
        except KafkaError as error:
            if not is_passing(error):
                raise
            log.warning("commit.failed", error=str(error), keeping="to try again")
            return
        else:
            self._health.committed_at = self._committed_at
        self._done.clear()
