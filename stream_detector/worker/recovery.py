"""Brings the state of a partition to where its log stands, without sending anything.

State is a function of the log. A worker that is given a partition reads the snapshots of
its machines, and from where they end the log, which it judges silently up to the offset
at which it goes on. What it knew of the partition before is forgotten: meanwhile another
worker may have had it, and have taken thresholds that we do not know of.

A machine goes on under the model that its state is of. Where that is out of sight, or cannot be
used, the partition is not taken over: another model would not have judged as it did. Only a model
that was deleted, while others still stand beside where it was, is gone for good. Alerts that were
told to be open, and of which states that cannot be used knew alone, are let go then.

Where the topic of the readings was deleted and made again, or Kafka lost the end of its log, what
was kept is of a log that is no more, and so may be the offset at which we were to go on: the log
that there is is judged from its begin. What it tells again is dropped as repeats.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from stream_detector.connections.consumers import is_passing, started
from stream_detector.errors import ServiceError, listed
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import Thresholds
from stream_detector.worker.model_shelf import ModelShelf
from stream_detector.worker.records import read_log, read_topic, to_record
from stream_detector.worker.snapshots import PartitionSnapshots, Snapshot
from stream_detector.worker.suspicion import Suspicion
from stream_detector.worker.told_alerts import ToldAlerts

log = structlog.get_logger()

_PAUSE_SECONDS = 1.0
"""After Kafka did not answer."""


class Restored(NamedTuple):
    """What the state of a partition was taken up from."""

    readings_id: str
    """Of the log."""
    position: int
    """Offset at which we go on: the one that was given, or the begin of a log that is new."""
    start: int
    """Offset from which the log was read again."""
    end: int
    """Where the log ended."""
    kept: dict[str, int]
    """The next offset in the snapshot of each machine."""
    suspicion: Suspicion
    changed: tuple[Machine, ...] = ()
    """Those that let alerts go: a state to be kept before anything is judged."""


class _Consumers(NamedTuple):
    of_snapshots: AIOKafkaConsumer
    of_readings: AIOKafkaConsumer


class Recovery:
    """Knows up to which offset the state of each of our partitions reaches.

    Parameters
    ----------
    pipeline : Pipeline
    make_consumer : callable
        Makes a consumer without a group, not yet started.
    snapshots_topic, alerts_topic : str
    shelf : ModelShelf
        Has the models that states may be of.
    ask_readings_id : callable
        Asks Kafka which log it is, in a thread; raises ServiceError.
    on_progress : callable
        Called now and then while much is read.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        make_consumer: Callable[[], AIOKafkaConsumer],
        *,
        snapshots_topic: str,
        alerts_topic: str,
        shelf: ModelShelf,
        ask_readings_id: Callable[[], str],
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._pipeline = pipeline
        self._make_consumer = make_consumer
        self._snapshots_topic = snapshots_topic
        self._alerts_topic = alerts_topic
        self._shelf = shelf
        self._ask_readings_id = ask_readings_id
        self._on_progress = on_progress
        self._next: dict[TopicPartition, int] = {}

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """Of each of our partitions the offset below which all readings are in the state.

        Of none while they are taken over: until all of them are, nothing is kept of them either.
        """
        return self._next

    async def take_over(
        self, begins: Mapping[TopicPartition, int], thresholds: Callable[[], Thresholds]
    ) -> dict[int, Restored]:
        """Make exactly these partitions ours, and bring each up to the offset given for it.

        Of a log that was made anew its position is the log's begin, whatever was given.

        While Kafka is away it is tried again: who watches us says so, and when it has to end.

        Parameters
        ----------
        begins : mapping of TopicPartition to int
        thresholds : callable
            Gives what is wanted now, for machines of which nothing was kept. Not once for all:
            what is taken over may put models to work.

        Returns
        -------
        dict of int to Restored
            By partition.

        Raises
        ------
        BundleError, ServiceError
            If a model that judged machines of ours cannot be had.
        """
        self.give_away()
        if not begins:
            return {}
        told = False
        while True:
            try:
                return await self._restore_all(begins, thresholds)
            except KafkaError as error:
                if not is_passing(error):
                    raise
                if not told:
                    log.warning("recovery.failed", error=str(error), doing="beginning it anew")
                told = True
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _restore_all(
        self, begins: Mapping[TopicPartition, int], thresholds: Callable[[], Thresholds]
    ) -> dict[int, Restored]:
        restored: dict[int, Restored] = {}
        lost = []
        readings_id = await self._which_log()
        # One for each topic: one that goes to another topic waits 100 ms until it knows it.
        async with (
            started(self._make_consumer()) as of_snapshots,
            started(self._make_consumer()) as of_readings,
        ):
            consumers = _Consumers(of_snapshots, of_readings)
            for partition, offset in begins.items():
                restored[partition.partition], told = await self._restore(
                    consumers, partition, offset, readings_id=readings_id, thresholds=thresholds
                )
                lost += [told] if told else []
        if lost:
            for number, changed in (await self._let_go(lost)).items():
                restored[number] = restored[number]._replace(changed=changed)
        self._next = {one: restored[one.partition].position for one in begins}
        return restored

    def give_away(self) -> None:
        """Forget the states of all our partitions."""
        self._pipeline.machines.drop_all()
        self._next = {}

    def advance(self, partition: TopicPartition, offset: int) -> None:
        """Note that the state now holds everything below ``offset``."""
        self._next[partition] = offset

    async def _which_log(self) -> str:
        try:
            return await asyncio.to_thread(self._ask_readings_id)
        except ServiceError as error:
            # As for all else that is asked here: it is tried again.
            raise KafkaConnectionError(str(error)) from error

    async def _restore(
        self,
        consumers: _Consumers,
        partition: TopicPartition,
        offset: int,
        *,
        readings_id: str,
        thresholds: Callable[[], Thresholds],
    ) -> tuple[Restored, ToldAlerts | None]:
        """Bring one up to this offset; what was told of alerts is to be filled where it is lost."""
        began = time.monotonic()
        # What is left of an attempt that failed.
        self._pipeline.machines.drop(partition.partition)
        found = await self._read_snapshots(
            consumers.of_snapshots, partition.partition, readings_id=readings_id
        )
        log_begin = (await consumers.of_readings.beginning_offsets([partition]))[partition]
        log_end = (await consumers.of_readings.end_offsets([partition]))[partition]
        found.end_log_at(log_end)
        for name, one in list(found.snapshots.items()):
            await self._shelf.take_up(one.bundle, name)
            self._take_up(partition.partition, name, one, found)
        if found.log_was_replaced:
            log.error(
                "recovery.log-replaced",
                partition=partition.partition,
                reason="the readings were deleted and made again, or Kafka lost the last of them",
                doing="forgetting the states of its machines, and judging it from its begin",
            )
            offset = log_begin
        start = log_begin if found.start is None else found.start
        if start < log_begin:
            log.error(
                "recovery.log-truncated",
                partition=partition.partition,
                snapshots_end=start,
                log_begins=log_begin,
                doing="going on without what lies between; keep the readings longer",
            )
        start = max(start, log_begin)
        n_read, skipped = 0, set(found.suspicion.skipped)
        async for messages in read_log(consumers.of_readings, partition, start, offset):
            records = [to_record(one) for one in messages if one.offset not in skipped]
            self._pipeline.follow(records, thresholds())
            n_read += len(messages)
            self._on_progress()
        # What was told counts up to where we go on, but all of it that is of another log.
        until = sys.maxsize if found.log_was_replaced else offset
        told = ToldAlerts(partition, until, found.lost) if found.lost else None
        if found.snapshots or n_read:
            log.info(
                "recovery.done",
                partition=partition.partition,
                machines=len(found.snapshots),
                unusable_snapshots=found.n_unusable,
                start=start,
                end=offset,
                readings=n_read,
                seconds=round(time.monotonic() - began, 3),
            )
        kept = {name: one.next_offset for name, one in found.snapshots.items()}
        return Restored(readings_id, offset, start, log_end, kept, found.suspicion), told

    def _take_up(self, partition: int, name: str, one: Snapshot, found: PartitionSnapshots) -> None:
        try:
            self._pipeline.restore(
                partition, name, one.state, next_offset=one.next_offset, bundle_id=one.bundle
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # Nobody of ours wrote that. Without it the log tells all of the machine again.
            log.warning("snapshot.unusable", partition=partition, machine=name, error=repr(error))
            found.discard(name)

    async def _let_go(self, lost: Collection[ToldAlerts]) -> dict[int, tuple[Machine, ...]]:
        """End what was told to be open of machines whose states were lost, and is not.

        Read once: after a change of the states' form those of all partitions are lost.
        """
        async with started(self._make_consumer()) as consumer:
            async for messages in read_topic(consumer, self._alerts_topic):
                for message in messages:
                    for one in lost:
                        one.take(message.key, message.value, message.headers)
                self._on_progress()
        return {one.partition: one.let_go(self._pipeline) for one in lost}

    async def _read_snapshots(
        self, consumer: AIOKafkaConsumer, partition: int, *, readings_id: str
    ) -> PartitionSnapshots:
        topic = TopicPartition(self._snapshots_topic, partition)
        begin = (await consumer.beginning_offsets([topic]))[topic]
        end = (await consumer.end_offsets([topic]))[topic]
        known = await self._shelf.known()
        found = PartitionSnapshots(known.ids.__contains__, readings_id=readings_id)
        async for messages in read_log(consumer, topic, begin, end):
            for message in messages:
                found.take(message.key, message.value)
            self._on_progress()
        for bundle_id, machines in found.passed_over.items():
            known.check_is_gone(bundle_id, machines)
            log.warning(
                "recovery.model-gone",
                partition=partition,
                machines=listed(machines),
                judged_by=bundle_id,
                doing="reading their log again under the model wanted now, or its stand-in",
            )
        return found
