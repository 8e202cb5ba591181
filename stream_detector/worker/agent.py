"""The agent: a batch in, its messages delivered, the batch done."""

import os
import sys
from collections.abc import AsyncIterable, Collection
from datetime import UTC, datetime

import structlog

from stream_detector.alerting.life import rfc3339
from stream_detector.connections.kafka import ConfirmedProducer
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
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
    producer : ConfirmedProducer
    thresholds : ThresholdWatch
    """

    def __init__(
        self,
        pipeline: Pipeline,
        recovery: Recovery,
        producer: ConfirmedProducer,
        thresholds: ThresholdWatch,
    ) -> None:
        self._pipeline = pipeline
        self._recovery = recovery
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
        for partition, offset in batch.begins.items():
            await self._recovery.bring_to(partition, offset, table)
        outputs: list[Output] = []
        for partition, messages in batch.records.items():
            known = self._recovery.stands_at(partition)
            if known is None:
                known = await self._recovery.bring_to(partition, messages[0].offset, table)
            # Below `known` everything was judged, and what came of it delivered, before.
            records = [to_record(one) for one in messages if one.offset >= known]
            outputs += self._pipeline.process(records, table)
            self._name_unknown_sensors()
            self._recovery.advance(partition, max(known, messages[-1].offset + 1))
        await self._send(outputs)

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
