"""Brings the state of a partition to where its log stands, without sending anything.

State is a function of the log. So whenever a batch does not begin where the state
ends, what lies between is read from the log again and judged silently. A partition
never seen before is read from the log's start.
"""

import time
from collections.abc import Callable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.worker.records import to_record

log = structlog.get_logger()

_CHUNK = 500
"""Messages judged at once while catching up: it bounds memory, not the result."""


class Recovery:
    """Knows up to which offset the state of each partition reaches.

    Parameters
    ----------
    pipeline : Pipeline
    make_consumer : callable
        Makes a consumer without a group, not yet started.
    """

    def __init__(self, pipeline: Pipeline, make_consumer: Callable[[], AIOKafkaConsumer]) -> None:
        self._pipeline = pipeline
        self._make_consumer = make_consumer
        self._next: dict[TopicPartition, int] = {}

    async def bring_to(
        self, partition: TopicPartition, offset: int, thresholds: ThresholdTable
    ) -> int:
        """Bring the state of a partition forward to ``offset``; give where it stands.

        It may stand further: then the readings below were judged and their messages
        delivered already. Holes in the log (of transactions, of compaction) are none in
        the state.
        """
        known = self._next.get(partition)
        if known is None or known < offset:
            self._next[partition] = await self._read_log(partition, known, offset, thresholds)
        return self._next[partition]

    def stands_at(self, partition: TopicPartition) -> int | None:
        """Give the offset up to which the state of a partition reaches; None without a state."""
        return self._next.get(partition)

    def advance(self, partition: TopicPartition, offset: int) -> None:
        """Note that the state now holds everything below ``offset``."""
        self._next[partition] = offset

    async def _read_log(
        self, partition: TopicPartition, known: int | None, end: int, thresholds: ThresholdTable
    ) -> int:
        began = time.monotonic()
        consumer = self._make_consumer()
        await consumer.start()
        try:
            consumer.assign([partition])
            first = (await consumer.beginning_offsets([partition]))[partition]
            if known is not None and known < first:
                log.error(
                    "recovery.log-truncated",
                    partition=partition.partition,
                    state_ends=known,
                    log_begins=first,
                    doing="going on without what lies between; keep the readings longer",
                )
            start = first if known is None else max(known, first)
            n_read = await self._judge_range(consumer, partition, start, end, thresholds)
        finally:
            await consumer.stop()
        # A gap without readings is a marker of a transaction: too common to tell of.
        if n_read:
            log.info(
                "recovery.done",
                partition=partition.partition,
                start=start,
                end=end,
                readings=n_read,
                seconds=round(time.monotonic() - began, 3),
            )
        return end

    async def _judge_range(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        start: int,
        end: int,
        thresholds: ThresholdTable,
    ) -> int:
        if start >= end:
            return 0
        n_read = 0
        consumer.seek(partition, start)
        # By position, not by the last message read: a log may have holes.
        while await consumer.position(partition) < end:
            found = await consumer.getmany(partition, timeout_ms=500, max_records=_CHUNK)
            records = [to_record(one) for one in found.get(partition, ()) if one.offset < end]
            self._pipeline.judge(records, thresholds)
            n_read += len(records)
        return n_read
