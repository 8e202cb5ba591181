"""A partition under another model: brought to where its stream stands, and kept there.

Whoever goes over to a model, or tries one beside its own, needs the state that it would have
if that model had judged it before. It is read from the log, from where the runs of its
machines begin, in small portions between which the stream goes on.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.machines import Machines
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.names import machine_in
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import Thresholds
from stream_detector.worker.records import read_log, to_record

_PORTION = 100
"""Readings judged at once: the stream waits 5 ms for them, whenever it waits for anything."""

_NEAR = 500
"""So few readings before the stream it is joined to it: that takes 25 ms, once."""


class Rehearsal:
    """Machines of one partition under another model, beside the one that judges them.

    Parameters
    ----------
    pipeline : Pipeline
        Of that model alone, a shadow.
    partition : TopicPartition
    judging : Machines
        The machines as they are judged now.
    wants : callable
        Whether a machine, by name, is to be followed.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        partition: TopicPartition,
        judging: Machines,
        wants: Callable[[str], bool],
    ) -> None:
        self._pipeline = pipeline
        self._partition = partition
        self._judging = judging
        self._wants = wants
        self._start = self._next = min((_begin(one) for one in self._wanting()), default=0)
        self.consumer: AIOKafkaConsumer | None = None
        """Set once it is near enough to be joined to the stream."""
        self.is_over = asyncio.Event()
        """It has joined the stream, or nobody needs it any more."""
        self.has_joined = False
        self.has_gap = False
        """It lacks the begin of a run: somebody else's machine is wanted of it meanwhile."""

    @property
    def is_level(self) -> bool:
        """Whether its machines have taken in all that the stream has; without a gap alone."""
        return self.has_joined and not self.has_gap

    def begin_at(self, log_begins: int) -> None:
        """Begin where the log does, should it hold the begin of a run no longer."""
        self._start = self._next = max(self._next, log_begins)

    def is_near(self, position: int) -> bool:
        """Tell whether it can be joined to the stream, which is at this offset."""
        return position - self._next <= _NEAR

    async def catch_up(
        self,
        consumer: AIOKafkaConsumer,
        end: int,
        thresholds: Thresholds,
        *,
        skipped: Collection[int],
    ) -> None:
        """Judge the log up to an offset, silently."""
        async for messages in read_log(consumer, self._partition, self._next, end):
            for portion in _portions(messages):
                if self.is_over.is_set():
                    return
                records = [to_record(one) for one in portion if one.offset not in skipped]
                self._pipeline.follow([one for _, one in self._ours(records)], thresholds)
                self._next = portion[-1].offset + 1
                await asyncio.sleep(0)
        self._next = max(self._next, end)

    async def join(self, end: int, thresholds: Thresholds, *, skipped: Collection[int]) -> None:
        """Take in what is left before the stream, which stands still at this offset."""
        if self.consumer is not None:
            await self.catch_up(self.consumer, end, thresholds, skipped=skipped)
            self.has_joined = True
            self.is_over.set()

    def follow(self, records: Sequence[Record], thresholds: Thresholds) -> list[Output]:
        """Judge what the stream has just judged; give the scores of the model on trial."""
        ours = list(self._ours(records))
        first: dict[str, int] = {}
        for name, record in ours:
            first.setdefault(name, record.offset)
        if any(self._lacks_begin(*one) for one in first.items()):
            self.has_gap = True
            return []
        return self._pipeline.process([record for _, record in ours], thresholds)

    def successors(self) -> Iterator[Machine]:
        """Give the machines as they are under this model, of those that it follows."""
        machines, partition = self._pipeline.machines, self._partition.partition
        for one in list(self._wanting()):
            successor = machines.find(partition, one.name)
            if successor is None and (one.run_offset < 0 or one.next_offset <= self._start):
                # There is nothing of it that could have been followed.
                successor = self._pipeline.models.first.new_machine(one.name)
            if successor is not None:
                yield successor
            else:
                self.has_gap = True

    def release(self, name: str) -> None:
        """Follow a machine no longer: it is judged by this model from now on."""
        self._pipeline.machines.forget(self._partition.partition, name)

    def _wanting(self) -> Iterator[Machine]:
        for machine in self._judging.of([self._partition.partition]):
            if self._wants(machine.name):
                yield machine

    def _ours(self, records: Iterable[Record]) -> Iterator[tuple[str, Record]]:
        """Give the readings of machines that are to be followed, with their names."""
        for record in records:
            name = machine_in(record.value)
            if name is not None and not record.is_poison and self._wants(name):
                yield name, record

    def _lacks_begin(self, name: str, offset: int) -> bool:
        """Tell whether a machine is new here with this reading, though its run is not."""
        partition = self._partition.partition
        if self._pipeline.machines.find(partition, name) is not None:
            return False
        machine = self._judging.find(partition, name)
        return machine is not None and 0 <= machine.run_offset < offset


def _begin(machine: Machine) -> int:
    """Give the offset from which a machine's state can be built."""
    return machine.run_offset if machine.run_offset >= 0 else machine.next_offset


def _portions(messages: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(messages), _PORTION):
        yield messages[first : first + _PORTION]
