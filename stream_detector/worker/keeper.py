"""Keeps the state of machines in Kafka, so that it need not be read from the whole log again."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stream_detector.connections.kafka import ConfirmedProducer, PlacedMessage
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.machines import Machines
from stream_detector.pipeline.pipeline import Decoded
from stream_detector.worker.snapshots import MARKER_KEY, Marker, Snapshot, encode


@dataclass(slots=True)
class _Round:
    """What was kept of a partition last."""

    kept: dict[str, int]
    """The next offset in the last snapshot of each machine."""
    written_at: float


class StateKeeper:
    """Writes snapshots: of machines that take another threshold at once, of all now and then.

    Parameters
    ----------
    machines : Machines
    producer : ConfirmedProducer
    bundle_id : str
    every_seconds : float
        From round to round of one partition.
    """

    def __init__(
        self,
        machines: Machines,
        producer: ConfirmedProducer,
        bundle_id: str,
        *,
        every_seconds: float,
    ) -> None:
        self._machines = machines
        self._producer = producer
        self._bundle_id = bundle_id
        self._every_seconds = every_seconds
        self._rounds: dict[int, _Round] = {}

    def begin(self, partitions: Collection[int]) -> None:
        """Note that these partitions are ours from now, their states as they were kept or read."""
        now = time.monotonic()
        self._rounds = {
            partition: _Round(
                kept={one.name: one.next_offset for one in self._machines.of([partition])},
                written_at=now,
            )
            for partition in partitions
        }

    async def keep_adopted(self, partition: int, adopted: Sequence[Decoded]) -> None:
        """Keep machines that took another threshold, and return when Kafka has them.

        Their next readings are judged by it only then: so whoever judges these again
        judges by the same.

        Raises
        ------
        ServiceError
            If Kafka does not take them.
        """
        kept = self._rounds[partition].kept
        for one in adopted:
            # Between its last reading and this one there is none of the machine.
            one.machine.next_offset = kept[one.machine.name] = one.record.offset
        await self._producer.keep([self._snapshot(partition, one.machine) for one in adopted])

    def keep_due(self, positions: Mapping[int, int]) -> None:
        """Write a round of the partition whose last one is longest ago, if it is due.

        Only what was delivered may be in it: everything below these positions, by
        partition. One at a time, so that the load is spread.
        """
        partition = min(positions, key=lambda one: self._rounds[one].written_at, default=None)
        if partition is None:
            return
        now, last = time.monotonic(), self._rounds[partition]
        if now - last.written_at >= self._every_seconds:
            last.written_at = now
            self._producer.post(self._write_round(partition, positions[partition]))

    def _write_round(self, partition: int, position: int) -> Iterator[PlacedMessage]:
        """Give a snapshot of each machine that has changed, and last the marker."""
        kept = self._rounds[partition].kept
        for machine in self._machines.of([partition]):
            if kept.get(machine.name) != machine.next_offset:
                kept[machine.name] = machine.next_offset
                yield self._snapshot(partition, machine)
        marker = Marker(bundle=self._bundle_id, next_offset=position, machines=kept)
        yield PlacedMessage(partition, MARKER_KEY, encode(marker))

    def _snapshot(self, partition: int, machine: Machine) -> PlacedMessage:
        snapshot = Snapshot(
            bundle=self._bundle_id, next_offset=machine.next_offset, state=machine.snapshot()
        )
        return PlacedMessage(partition, machine.name.encode(), encode(snapshot))
