"""All machines, by partition and name.

The state of a machine belongs to the partition its readings come from: it is a function
of that partition's log, so it can be dropped and built again.
"""

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from stream_detector.detection.feed_health import FeedEvent, FeedFault
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import ReadingError
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.thresholds import InForce

if TYPE_CHECKING:
    from datetime import datetime

MAX_MACHINES = 10_000
"""Machines of one partition; 200 MB at 60 sensors. Somebody who writes a number of his own into
every name must not fill the memory."""


class Machines:
    """The machines, each under the model that judges it."""

    def __init__(self) -> None:
        self._partitions: dict[int, dict[str, Machine]] = {}
        self._homes: dict[str, int] = {}
        self._strays: set[tuple[str, int]] = set()
        self._new_strays: list[tuple[FeedEvent, int]] = []

    def get(self, partition: int, name: str, make: Callable[[str], Machine]) -> Machine:
        """Give a machine of a partition; make one where it was never heard of.

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
            machine = machines[name] = make(name)
        return machine

    def find(self, partition: int, name: str) -> Machine | None:
        """Give a machine of a partition, if it was heard of."""
        return self._partitions.get(partition, {}).get(name)

    def forget(self, partition: int, name: str) -> None:
        """Forget one machine."""
        self._partitions.get(partition, {}).pop(name, None)

    def of(self, partitions: Collection[int]) -> Iterator[Machine]:
        """Give the machines of some partitions."""
        for partition in partitions:
            yield from self._partitions.get(partition, {}).values()

    def in_force(self, partitions: Collection[int]) -> dict[str, dict[str, InForce]]:
        """Give the threshold in force of each machine judged so far, by model and name."""
        found: dict[str, dict[str, InForce]] = {}
        for machine in self.of(partitions):
            in_force, received_at = machine.anomaly.in_force, machine.received_at
            if in_force is not None and received_at is not None:
                of_model = found.setdefault(machine.bundle_id, {})
                of_model[machine.name] = InForce(in_force, machine.anomaly.shift, received_at)
        return found

    def taken(self, partitions: Collection[int]) -> dict[str, dict[str, Threshold]]:
        """Give the threshold that each machine took last, by model and name."""
        found: dict[str, dict[str, Threshold]] = {}
        for machine in self.of(partitions):
            if (threshold := machine.anomaly.threshold) is not None:
                found.setdefault(machine.bundle_id, {})[machine.name] = threshold
        return found

    def judging(self, partitions: Collection[int]) -> dict[str, str]:
        """Give the model that judges each machine, by name."""
        return {machine.name: machine.bundle_id for machine in self.of(partitions)}

    def names(self) -> set[str]:
        """Name all machines that there are, whatever partition they are of."""
        return {one.name for one in self.of(self._partitions)}

    def bundle_ids(self) -> set[str]:
        """Name the models of all machines that there are, whatever partition they are of."""
        return {one.bundle_id for one in self.of(self._partitions)}

    def drop(self, partition: int) -> None:
        """Forget the machines of a partition."""
        for name in self._partitions.pop(partition, {}):
            self._strays.discard((name, partition))
            if self._homes.get(name) == partition:
                del self._homes[name]

    def drop_all(self) -> None:
        """Forget all machines."""
        for partition in list(self._partitions):
            self.drop(partition)

    def put(self, partition: int, machine: Machine) -> None:
        """Take a machine in, in the place of the one of its name."""
        self._partitions.setdefault(partition, {})[machine.name] = machine
        self._homes.setdefault(machine.name, partition)

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
