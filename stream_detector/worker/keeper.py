"""Keeps the state of machines in Kafka, so that it need not be read from the whole log again."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from stream_detector.connections.producer import ConfirmedProducer, PlacedMessage
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.machines import Machines
from stream_detector.pipeline.pipeline import Decoded
from stream_detector.worker.recovery import Restored
from stream_detector.worker.snapshots import MARKER_KEY, Marker, Snapshot, encode
from stream_detector.worker.suspicion import Suspicion

log = structlog.get_logger()

_SUSPECT_READINGS = 10_000
"""So far a suspect partition is judged one reading at a time: as many as a batch may have."""


@dataclass(slots=True)
class _Partition:
    """What was kept of a partition last."""

    readings_id: str
    """Of the log."""
    position: int
    """All below it is in the snapshots."""
    kept: dict[str, int]
    """The next offset in the last snapshot of each machine."""
    lost: set[bytes]
    """Keys of snapshots that Kafka did not take."""
    suspicion: Suspicion
    suspect_until: int
    """From this offset on it is no longer judged one reading at a time."""
    written_at: float


class StateKeeper:
    """Writes snapshots: of machines that take another threshold at once, of all now and then.

    Parameters
    ----------
    machines : Machines
    producer : ConfirmedProducer
    every_seconds : float
        From round to round of one partition.

    Attributes
    ----------
    n_written : int
        Snapshots of machines that were handed to Kafka.
    n_lost : int
        Those, and markers, that it did not take; they are written again.
    """

    def __init__(
        self,
        machines: Machines,
        producer: ConfirmedProducer,
        *,
        every_seconds: float,
    ) -> None:
        self._machines = machines
        self._producer = producer
        self._every_seconds = every_seconds
        self._partitions: dict[int, _Partition] = {}
        self.n_written = 0
        self.n_lost = 0

    async def begin(self, positions: Mapping[int, int], restored: Mapping[int, Restored]) -> None:
        """Begin with partitions that were taken over, and return when Kafka knows of it.

        And of the machines that were changed as they were taken over: so nothing that their next
        readings lead to is told otherwise, should these be judged again.

        Parameters
        ----------
        positions : mapping of int to int
            Of each the offset at which we begin.
        restored : mapping of int to Restored
            What their states were taken up from.

        Raises
        ------
        ServiceError
            If Kafka does not take the markers.
        """
        # Due one after the other, and so they stay: the readings wait for a round, and for the
        # rounds of all partitions in a row they would wait for too long.
        now, n_partitions = time.monotonic(), len(positions)
        self._partitions = {
            partition: _Partition(
                readings_id=restored[partition].readings_id,
                position=restored[partition].start,
                kept=dict(restored[partition].kept),
                lost=set(),
                suspicion=_begun(restored[partition], position),
                suspect_until=position + _SUSPECT_READINGS,
                written_at=now - self._every_seconds * number / n_partitions,
            )
            for number, (partition, position) in enumerate(positions.items())
        }
        for partition, one in self._partitions.items():
            if one.suspicion.is_suspect:
                log.error(
                    "partition.suspect",
                    partition=partition,
                    offset=positions[partition],
                    begins=one.suspicion.n_begins,
                    doing="judging one reading at a time",
                )
        messages: list[PlacedMessage] = []
        for partition, one in self._partitions.items():
            for machine in restored[partition].changed:
                one.kept[machine.name] = machine.next_offset
                messages.append(self._snapshot(partition, machine))
            messages.append(self._marker(partition))
        await self._producer.keep(messages)

    async def leave(self, positions: Mapping[int, int]) -> None:
        """Keep all there is of our partitions, for whoever takes them over.

        Raises
        ------
        ServiceError
            If Kafka does not take it.
        """
        messages: list[PlacedMessage] = []
        for partition, position in positions.items():
            one = self._partitions[partition]
            one.suspicion = one.suspicion.clear()
            messages += self._write_round(partition, position)
        await self._producer.keep(messages)

    def skipped(self, partition: int) -> Collection[int]:
        """Give the offsets of the readings that are not judged again."""
        return self._partitions[partition].suspicion.skipped

    def is_suspect(self, partition: int) -> bool:
        """Whether the partition's readings are to be judged one at a time."""
        return self._partitions[partition].suspicion.is_suspect

    async def may_try(self, partition: int, offset: int) -> bool:
        """Write down which reading of a suspect partition is judged now; False if it is guilty.

        Raises
        ------
        ServiceError
            If Kafka does not take it.
        """
        one = self._partitions[partition]
        if one.suspicion.is_guilty(offset):
            return False
        one.suspicion = one.suspicion.try_reading(offset)
        await self._producer.keep([self._marker(partition)])
        return True

    async def acquit(self, partition: int) -> None:
        """Write down that what was tried was judged: a later end has another reason.

        Raises
        ------
        ServiceError
            If Kafka does not take it.
        """
        one = self._partitions[partition]
        one.suspicion = one.suspicion.acquit()
        await self._producer.keep([self._marker(partition)])

    async def skip(self, partition: int, offset: int) -> None:
        """Write down that a reading is guilty.

        Raises
        ------
        ServiceError
            If Kafka does not take it.
        """
        one = self._partitions[partition]
        one.suspicion = one.suspicion.skip(offset)
        await self._producer.keep([self._marker(partition)])

    def got_on(self, positions: Mapping[int, int]) -> None:
        """Note that all below these offsets was judged and delivered, by partition.

        The state is written now and then, of the partition whose last round is longest ago.
        """
        for partition, position in positions.items():
            one = self._partitions[partition]
            if not one.suspicion.is_suspect or position >= one.suspect_until:
                one.suspicion = one.suspicion.clear()
        self._keep_due(positions)

    async def keep_adopted(self, partition: int, adopted: Sequence[Decoded]) -> None:
        """Keep machines that took another threshold, and return when Kafka has them.

        Their next readings are judged by it only then: so whoever judges these again
        judges by the same.

        Raises
        ------
        ServiceError
            If Kafka does not take them.
        """
        kept = self._partitions[partition].kept
        for one in adopted:
            # Between its last reading and this one there is none of the machine.
            one.machine.next_offset = kept[one.machine.name] = one.record.offset
        await self._producer.keep([self._snapshot(partition, one.machine) for one in adopted])

    async def keep_replaced(self, partition: int, machines: Sequence[Machine]) -> None:
        """Keep machines that went over to another model, and return when Kafka has them.

        Raises
        ------
        ServiceError
            If Kafka does not take them.
        """
        kept = self._partitions[partition].kept
        for machine in machines:
            kept[machine.name] = machine.next_offset
        await self._producer.keep([self._snapshot(partition, machine) for machine in machines])

    def _keep_due(self, positions: Mapping[int, int]) -> None:
        partition = min(positions, key=lambda one: self._partitions[one].written_at, default=None)
        if partition is None:
            return
        now, last = time.monotonic(), self._partitions[partition]
        if now - last.written_at >= self._every_seconds:
            last.written_at = now
            messages = list(self._write_round(partition, positions[partition]))

            def note_lost(one: PlacedMessage) -> None:
                last.lost.add(one.key)
                self.n_lost += 1

            self._producer.post(messages, on_lost=note_lost)

    def _write_round(self, partition: int, position: int) -> Iterator[PlacedMessage]:
        """Give a snapshot of each machine that has changed, and last the marker."""
        one = self._partitions[partition]
        lost, one.lost = one.lost, set()
        for machine in self._machines.of([partition]):
            changed = one.kept.get(machine.name) != machine.next_offset
            if changed or machine.name.encode() in lost:
                one.kept[machine.name] = machine.next_offset
                yield self._snapshot(partition, machine)
        one.position = position
        yield self._marker(partition)

    def _marker(self, partition: int) -> PlacedMessage:
        one = self._partitions[partition]
        marker = Marker(
            next_offset=one.position,
            machines=one.kept,
            suspicion=one.suspicion,
            readings_id=one.readings_id,
        )
        return PlacedMessage(partition, MARKER_KEY, encode(marker))

    def _snapshot(self, partition: int, machine: Machine) -> PlacedMessage:
        self.n_written += 1
        snapshot = Snapshot(
            bundle=machine.bundle_id,
            next_offset=machine.next_offset,
            state=machine.snapshot(),
            readings_id=self._partitions[partition].readings_id,
        )
        return PlacedMessage(partition, machine.name.encode(), encode(snapshot))


def _begun(restored: Restored, position: int) -> Suspicion:
    # Where no reading waits, none can have ended the worker before.
    known = restored.suspicion
    return known.begin(position) if position < restored.end else known.clear()
