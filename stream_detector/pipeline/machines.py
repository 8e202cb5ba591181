"""All machines, by partition and name.

The state of a machine belongs to the partition its readings come from: it is a function
of that partition's log, so it can be dropped and built again.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stream_detector.alerting.rules import Rules
from stream_detector.detection.detector import Detector
from stream_detector.detection.feed_health import FeedEvent, FeedFault
from stream_detector.errors import ReadingError
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.thresholds import InForce

if TYPE_CHECKING:
    from datetime import datetime

MAX_MACHINES = 10_000
"""Machines of one partition; 200 MB at 60 sensors. Somebody who writes a number of his own into
every name must not fill the memory."""


class Machines:
    """The machines under one model and its rules.

    Parameters
    ----------
    detector : Detector
    rules : Rules
    """

    def __init__(self, detector: Detector, rules: Rules) -> None:
        self._detector = detector
        self._rules = rules
        self._partitions: dict[int, dict[str, Machine]] = {}
        self._homes: dict[str, int] = {}
        self._strays: set[tuple[str, int]] = set()
        self._new_strays: list[tuple[FeedEvent, int]] = []

    def get(self, partition: int, name: str) -> Machine:
        """Give a machine of a partition, a new one where it was never heard of.

        Raises
        ------
        ReadingError
            ``too-many-machines``, if the partition has 10,000 others.
        """
        machines = self._partitions.setdefault(partition, {})
        machine = machines.get(name)
        if machine is None:
            if len(machines) >= MAX_MACHINES:
                raise ReadingError(
                    "too-many-machines",
                    f"partition {partition} has {MAX_MACHINES} machines already; look what the "
                    "senders write into `machine`, or make the topics with more partitions",
                )
            state = self._detector.new_state()
            machine = machines[name] = Machine(name, state, self._detector.model, self._rules)
        return machine

    def of(self, partitions: Collection[int]) -> Iterator[Machine]:
        """Give the machines of some partitions."""
        for partition in partitions:
            yield from self._partitions.get(partition, {}).values()

    def in_force(self, partitions: Collection[int]) -> dict[str, InForce]:
        """Give the threshold in force of each machine judged so far."""
        return {
            machine.name: InForce(machine.anomaly.level, machine.anomaly.shift, machine.received_at)
            for machine in self.of(partitions)
            if machine.anomaly.level is not None and machine.received_at is not None
        }

    def drop(self, partition: int) -> None:
        """Forget the machines of a partition."""
        for name in self._partitions.pop(partition, {}):
            self._strays.discard((name, partition))
            if self._homes.get(name) == partition:
                del self._homes[name]

    def restore(
        self, partition: int, name: str, snapshot: Mapping[str, Any], *, next_offset: int
    ) -> None:
        """Take the state of a machine back, as it was under the same model.

        Parameters
        ----------
        partition : int
        name : str
        snapshot : mapping
            Of :meth:`~stream_detector.pipeline.machine.Machine.snapshot`.
        next_offset : int
            All readings of the partition below it are in the state.

        Raises
        ------
        ValueError, KeyError
            If the snapshot is of another model, or lacks a part.
        """
        machine = Machine.restore(name, snapshot, self._detector.model, self._rules)
        machine.next_offset = next_offset
        self._partitions.setdefault(partition, {})[name] = machine
        self._homes.setdefault(name, partition)

    def check_home(self, name: str, partition: int, time: "datetime") -> None:
        """Note a machine on a further partition, once: its readings have no order any more.

        Each partition goes on with its own state of the machine. The lowest one is its
        home, whichever was heard first: that depends on which was recovered first.
        """
        known = self._homes.setdefault(name, partition)
        if known == partition:
            return
        home, second = sorted((known, partition))
        self._homes[name] = home
        if (name, second) not in self._strays:
            self._strays.add((name, second))
            event = FeedEvent(FeedFault.SECOND_PARTITION, began=True, machine=name, time=time)
            self._new_strays.append((event, second))

    def new_strays(self) -> list[tuple[FeedEvent, int]]:
        """Give, each once, the machines that were noted on a further partition, and that one."""
        strays, self._new_strays = self._new_strays, []
        return strays
