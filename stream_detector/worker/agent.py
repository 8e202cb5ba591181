"""The agent: a batch in, its messages delivered, the batch done."""

import time
from collections.abc import AsyncIterable, Collection, Sequence
from datetime import UTC, datetime

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from stream_detector.alerting.life import rfc3339
from stream_detector.connections.log import end_at_once
from stream_detector.connections.producer import ConfirmedProducer
from stream_detector.errors import ServiceError, StreamDetectorError
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import Thresholds
from stream_detector.worker.counts import Counts
from stream_detector.worker.keeper import StateKeeper
from stream_detector.worker.oddity_log import OddityLog
from stream_detector.worker.reader import Batch
from stream_detector.worker.records import to_record
from stream_detector.worker.recovery import Recovery
from stream_detector.worker.rehearsals import Rehearsals
from stream_detector.worker.thresholds import ThresholdWatch
from stream_detector.worker.traces import Traces

log = structlog.get_logger()

_ENDING = "ending the process; the batch is not committed"


class BatchWork:
    """Works batches off, in order.

    Parameters
    ----------
    pipeline : Pipeline
    recovery : Recovery
    keeper : StateKeeper
    producer : ConfirmedProducer
    thresholds : ThresholdWatch
    rehearsals : Rehearsals
    traces : Traces

    Attributes
    ----------
    counts : Counts
    oddities : OddityLog
    """

    def __init__(
        self,
        pipeline: Pipeline,
        recovery: Recovery,
        *,
        keeper: StateKeeper,
        producer: ConfirmedProducer,
        thresholds: ThresholdWatch,
        rehearsals: Rehearsals,
        traces: Traces,
    ) -> None:
        self._pipeline = pipeline
        self._recovery = recovery
        self._keeper = keeper
        self._producer = producer
        self._thresholds = thresholds
        self._rehearsals = rehearsals
        self._traces = traces
        self.counts = Counts()
        self.oddities = OddityLog(pipeline.oddities)

    async def run(self, batches: AsyncIterable[Batch]) -> None:
        """Work off batches until there are no more; the body of the Faust agent.

        An error ends the process at once, with nothing of the batch committed: whoever
        supervises it starts it again. Faust's own supervisors lose messages here.
        """
        try:
            async for batch in batches:
                with self._traces.batch(batch):
                    await self._work_off(batch)
                if not batch.done.done():
                    batch.done.set_result(None)
        except StreamDetectorError as error:
            # What our own errors say is all there is to know: it needs no traceback.
            log.error("agent.failed", error=str(error), doing=_ENDING)  # noqa: TRY400
            end_at_once()
        except Exception:
            log.exception("agent.failed", doing=_ENDING)
            end_at_once()

    async def tell_silences(self, partitions: Collection[int]) -> None:
        """Tell of machines of these partitions that nothing was heard of for too long."""
        await self._send(self._pipeline.silences(datetime.now(UTC), partitions))

    async def leave(self) -> None:
        """Keep all there is of our partitions, before others get them; none is in flight."""
        try:
            await self._keeper.leave(self._positions())
        except ServiceError as error:
            # They read more of the log then.
            log.warning("state.not-kept", error=str(error))
        self._recovery.give_away()
        self._rehearsals.drop_all()

    async def _work_off(self, batch: Batch) -> None:
        if batch.begins is not None:
            self._rehearsals.drop_all()
            restored = await self._recovery.take_over(batch.begins, lambda: self._thresholds.tables)
            if self._recovery.positions != batch.begins:
                # Before anything is kept of the new log: what is committed is of the one before.
                batch.goes_on_at = dict(self._recovery.positions)
                self._recovery.give_away()
                return
            await self._keeper.begin(self._positions(), restored)
        await self._rehearsals.before()
        # Only now: what is taken over may put models to work, and machines go over to others.
        table = self._thresholds.tables
        outputs: list[Output] = []
        for partition, messages in batch.records.items():
            if partition not in self._recovery.positions:
                continue  # it was given away meanwhile
            with self._traces.judging(partition.partition, len(messages)):
                if self._keeper.is_suspect(partition.partition):
                    await self._judge_one_by_one(partition, messages, table)
                else:
                    outputs += await self._judge(partition, messages, table)
        with self._traces.delivering(outputs) as followed:
            await self._send(followed)
        if batch.records:
            self.counts.delivered(
                [one.timestamp for messages in batch.records.values() for one in messages]
            )
        # After the delivery: what was kept of a state is never told again.
        self._keeper.got_on(self._positions())

    def _positions(self) -> dict[int, int]:
        return {one.partition: offset for one, offset in self._recovery.positions.items()}

    async def _judge(
        self, partition: TopicPartition, messages: list[ConsumerRecord], table: Thresholds
    ) -> list[Output]:
        skipped = self._keeper.skipped(partition.partition)
        records = [to_record(one) for one in messages if one.offset not in skipped]
        began = time.perf_counter()
        batch = self._pipeline.decode(records)
        if adopted := self._pipeline.adopt(batch, table):
            await self._keeper.keep_adopted(partition.partition, adopted)
        verdicts = self._pipeline.judge(batch)
        self.counts.judged(verdicts, time.perf_counter() - began)
        outputs = self._pipeline.announce(verdicts)
        outputs += self._rehearsals.after(partition, records)
        self._recovery.advance(partition, messages[-1].offset + 1)
        self.oddities.tell_new(verdicts)
        return outputs

    async def _judge_one_by_one(
        self, partition: TopicPartition, messages: list[ConsumerRecord], table: Thresholds
    ) -> None:
        """Judge readings of which one has ended the worker again and again."""
        for message in messages:
            if await self._keeper.may_try(partition.partition, message.offset):
                await self._send(await self._judge(partition, [message], table))
                continue
            log.error(
                "reading.poison",
                partition=partition.partition,
                offset=message.offset,
                doing="passing it on to the dead letters, and over it from now on",
                replay_with=f"--skip {partition.partition}:{message.offset}",
            )
            record = to_record(message)._replace(is_poison=True)
            verdicts = self._pipeline.take_in([record], table)
            self.counts.judged(verdicts, 0.0)
            self.oddities.tell_new(verdicts)
            await self._send(self._pipeline.announce(verdicts))
            await self._keeper.skip(partition.partition, message.offset)
            self._recovery.advance(partition, message.offset + 1)
        await self._keeper.acquit(partition.partition)

    async def _send(self, outputs: Sequence[Output]) -> None:
        if outputs:
            emitted = rfc3339(datetime.now(UTC)).encode()
            await self._producer.send(outputs, (("emitted_at", emitted),))
