"""The agent: a batch in, its messages delivered, the batch done."""

import os
import sys
from collections.abc import AsyncIterable, Collection
from datetime import UTC, datetime

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from stream_detector.alerting.life import rfc3339
from stream_detector.connections.kafka import ConfirmedProducer
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.worker.keeper import StateKeeper
from stream_detector.worker.reader import Batch
from stream_detector.worker.records import to_record
from stream_detector.worker.recovery import Recovery
from stream_detector.worker.thresholds import ThresholdWatch

log = structlog.get_logger()


class BatchWork:
    """Works batches off, in order.

    Parameters
    ----------
    pipeline : Pipeline
    recovery : Recovery
    keeper : StateKeeper
    producer : ConfirmedProducer
    thresholds : ThresholdWatch
    """

    def __init__(
        self,
        pipeline: Pipeline,
        recovery: Recovery,
        keeper: StateKeeper,
        producer: ConfirmedProducer,
        thresholds: ThresholdWatch,
    ) -> None:
        self._pipeline = pipeline
        self._recovery = recovery
        self._keeper = keeper
        self._producer = producer
        self._thresholds = thresholds
        self._named: set[str] = set()
        self._told: dict[str, int] = {}

    async def run(self, batches: AsyncIterable[Batch]) -> None:
        """Work off batches until there are no more; the body of the Faust agent.

        An error ends the process at once, with nothing of the batch committed: whoever
        supervises it starts it again. Faust's own supervisors lose messages here.
        """
        try:
            async for batch in batches:
                await self._work_off(batch)
                if not batch.done.done():
                    batch.done.set_result(None)
        except Exception:
            log.exception("agent.failed", doing="ending the process; the batch is not committed")
            sys.stderr.flush()
            os._exit(1)

    async def tell_silences(self, partitions: Collection[int]) -> None:
        """Tell of machines of these partitions that nothing was heard of for too long."""
        await self._send(self._pipeline.silences(datetime.now(UTC), partitions))

    async def _work_off(self, batch: Batch) -> None:
        table = self._thresholds.table
        if batch.begins is not None:
            await self._recovery.take_over(batch.begins, table)
            self._keeper.begin({one.partition for one in batch.begins})
        outputs: list[Output] = []
        for partition, messages in batch.records.items():
            if partition in self._recovery.positions:  # else it was given away meanwhile
                outputs += await self._judge(partition, messages, table)
        await self._send(outputs)
        # After the delivery: what was kept of a state is never told again.
        positions = self._recovery.positions
        self._keeper.keep_due({one.partition: offset for one, offset in positions.items()})

    async def _judge(
        self, partition: TopicPartition, messages: list[ConsumerRecord], table: ThresholdTable
    ) -> list[Output]:
        batch = self._pipeline.decode(map(to_record, messages))
        if adopted := self._pipeline.adopt(batch, table):
            await self._keeper.keep_adopted(partition.partition, adopted)
        outputs = self._pipeline.announce(self._pipeline.judge(batch))
        self._recovery.advance(partition, messages[-1].offset + 1)
        self._name_unknown_sensors()
        return outputs

    def tell_oddities(self) -> None:
        """Sum up, if there was more of it, what is no reason to refuse a message."""
        oddities = self._pipeline.oddities
        counts = {
            "late": oddities.late,
            "duplicates": oddities.duplicates,
            "not_finite": oddities.not_finite,
            "of_unknown_sensors": oddities.unknown_sensors.total(),
        }
        if any(counts.values()) and counts != self._told:
            log.info("readings.odd", **counts)
            self._told = counts

    def _name_unknown_sensors(self) -> None:
        """Say once of each sensor the model does not know that it is sent."""
        unknown = self._pipeline.oddities.unknown_sensors
        if len(unknown) > len(self._named):
            new = sorted(unknown.keys() - self._named)
            log.warning("sensors.unknown", sensors=new, doing="ignoring their values")
            self._named.update(new)

    async def _send(self, outputs: list[Output]) -> None:
        if outputs:
            emitted = rfc3339(datetime.now(UTC)).encode()
            await self._producer.send(outputs, [("emitted_at", emitted)])
