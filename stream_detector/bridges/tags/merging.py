"""The partitions of a topic as one log: in the order of Kafka's times.

A machine's tags may come over several partitions, that are not read evenly: after a pause one may
be hours ahead of another, and would make the other's rows late. So a message waits until none of
another partition can come before it. The order is a function of the partitions alone, but for
messages that Kafka stamped with an older time than one that was passed on while nothing stood in
their partition.
"""

import heapq
from collections import deque
from collections.abc import Collection, Iterator
from typing import Generic, TypeVar

Message = TypeVar("Message")


class Merge(Generic[Message]):
    """Gathers messages of partitions, and gives them in one order.

    Parameters
    ----------
    partitions : collection of int

    Examples
    --------
    >>> merge = Merge[str]([0, 1])
    >>> merge.add(0, 10, "a")
    >>> merge.add(0, 30, "c")
    >>> merge.add(1, 20, "b")
    >>> list(merge.ready())
    ['a', 'b']
    >>> merge.set_ended(1)
    >>> list(merge.ready())
    ['c']
    """

    def __init__(self, partitions: Collection[int]) -> None:
        self._queues: dict[int, deque[tuple[int, Message]]] = {one: deque() for one in partitions}
        self._ended: set[int] = set()
        # What came in the round before: Kafka has had a round's time to give us what it stamped
        # earlier in a partition that was at its end.
        self._newest = self._newest_before = -1

    def add(self, partition: int, stamp: int, message: Message) -> None:
        """Take the next message of a partition, with Kafka's time of it."""
        self._queues[partition].append((stamp, message))
        self._ended.discard(partition)
        self._newest = max(self._newest, stamp)

    def set_ended(self, partition: int) -> None:
        """Say that a partition was read to its end: nobody waits for it until more comes."""
        self._ended.add(partition)

    @property
    def waits_for(self) -> list[int]:
        """The partitions without which nothing goes on."""
        return [one for one, queue in self._queues.items() if not queue and one not in self._ended]

    def n_waiting(self, partition: int) -> int:
        """Count the messages of a partition that wait."""
        return len(self._queues[partition])

    def ready(self) -> Iterator[Message]:
        """Give the messages that none of another partition can come before any more."""
        bound, self._newest_before = self._newest_before, self._newest
        heads = [(queue[0][0], one) for one, queue in self._queues.items() if queue]
        heapq.heapify(heads)
        is_open = len(heads) + len(self._ended - {one for _, one in heads}) == len(self._queues)
        while heads and is_open:
            stamp, partition = heads[0]
            if len(heads) < len(self._queues) and stamp > bound:
                return
            queue = self._queues[partition]
            yield queue.popleft()[1]
            if queue:
                heapq.heapreplace(heads, (queue[0][0], partition))
            else:
                heapq.heappop(heads)
                is_open = partition in self._ended
