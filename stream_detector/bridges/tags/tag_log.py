"""A topic of tag messages, all its partitions, as one log."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from stream_detector.bridges.tags.merging import Merge
from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.security import kafka_user
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError

NO_TAGS: Final = "whoever sends the tags makes it, or correct the topic in [kafka]"
"""What to do where there is no such topic: it is not ours to make."""

_ANSWER_SECONDS: Final = 10.0

_MOST_AT_ONCE: Final = 2000

_FETCH_WAIT_MS: Final = 50
"""How long Kafka may hold back an empty answer: it is what tells that a partition is at its end."""

_MOST_WAITING: Final = 20_000
"""Messages of one partition that wait for others; then no more of it are fetched for now."""

_NO_MATTER: Final = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 -- so they are named
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
    }
)
"""Kafka is away: the client goes on when it is back, and the watchdog tells of it."""


class TagMessage(NamedTuple):
    """A message and its place."""

    partition: int
    offset: int
    stamp_ms: int
    """Kafka's time of it, milliseconds since 1970; -1 where it has none."""
    key: bytes | None
    value: bytes | None


class TagLog:
    """Reads a topic from given offsets; :meth:`close` it.

    Parameters
    ----------
    settings : Settings
    topic : str
    starts : mapping of int to int
        Of each partition the offset to begin at.
    ends : mapping of int to int or None
        Of each partition the offset to stop at, for now (:meth:`go_on`); None is to go on for ever.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        *,
        starts: Mapping[int, int],
        ends: Mapping[int, int] | None = None,
    ) -> None:
        self.places = dict(starts)
        """Of each partition the next offset: what is before it was read from here."""
        self._settings, self._topic = settings, topic
        self._ends = ends
        # What was fetched from behind the ends.
        self._aside: list[TagMessage] = []
        self._merge = Merge[TagMessage](starts)
        # Where Kafka said last that there is nothing more.
        self._at_end: set[int] = set()
        self._paused: set[int] = set()
        self._consumer = Consumer(
            {
                **client_options(settings),
                "group.id": "none",  # it joins none
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
                # The newest messages are worth more than a full answer.
                "fetch.min.bytes": 1,
            }
        )
        for partition, end in (ends or {}).items():
            if starts[partition] >= end:
                self._merge.set_ended(partition)
        self._consumer.assign([TopicPartition(topic, one, at) for one, at in starts.items()])

    def watermarks(self) -> dict[int, tuple[int, int]]:
        """Give of each partition the first offset that Kafka has, and the one after the last.

        Raises
        ------
        ServiceError
            If Kafka does not say.
        """
        return {partition: self._watermarks(partition) for partition in self.places}

    def is_at_ends(self) -> bool:
        """Tell whether everything up to the ends was read."""
        waits = any(self._merge.n_waiting(one) for one in self.places)
        return self._ends is not None and not waits and not self._merge.waits_for

    def go_on(self) -> None:
        """Read on behind the ends."""
        self.places |= self._ends or {}
        self._ends = None
        self._merge = Merge[TagMessage](self.places)
        for message in self._aside:
            self._merge.add(message.partition, message.stamp_ms, message)
        self._aside = []
        for partition in self._at_end:
            self._merge.set_ended(partition)

    def read(self, seconds: float) -> list[TagMessage]:
        """Wait for messages, and give those whose turn it is.

        Raises
        ------
        ServiceError
            If Kafka does not let us read.
        """
        for message in self._consumer.consume(_MOST_AT_ONCE, timeout=seconds):
            if (error := message.error()) is not None:
                self._take_error(message, error)
            else:
                self._take(message)
        self._look_for_ends()
        self._hold_back()
        ready = list(self._merge.ready())
        for one in ready:
            self.places[one.partition] = one.offset + 1
        return ready

    def close(self) -> None:
        """End the reading."""
        self._consumer.close()

    def _take(self, message: Message) -> None:
        kind, stamp_ms = message.timestamp()
        partition, offset = message.partition() or 0, message.offset() or 0
        self._at_end.discard(partition)
        found = TagMessage(
            partition,
            offset,
            -1 if kind == TIMESTAMP_NOT_AVAILABLE else stamp_ms,
            _bytes(message.key()),
            _bytes(message.value()),
        )
        if self._ends is not None and offset >= self._ends[partition]:
            self._aside.append(found)
            self._merge.set_ended(partition)
        else:
            self._merge.add(partition, found.stamp_ms, found)

    def _take_error(self, message: Message, error: KafkaError) -> None:
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- so it is named
            self._at_end.add(message.partition() or 0)
            self._merge.set_ended(message.partition() or 0)
        elif error.code() not in _NO_MATTER and not error.retriable():
            raise ServiceError(
                f"Kafka does not let {kafka_user(self._settings)} read topic {self._topic!r}: "
                f"{error.str()}"
            )

    def _look_for_ends(self) -> None:
        """See which partitions are at their end, before Kafka's next answer tells."""
        for place in self._consumer.position(self._partitions(self._merge.waits_for)):
            _, high = self._consumer.get_watermark_offsets(place, cached=True)
            end = high if self._ends is None else min(self._ends[place.partition], high)
            if 0 <= end <= place.offset:
                self._merge.set_ended(place.partition)

    @property
    def n_waiting(self) -> int:
        """Messages that were not passed on yet, as Kafka said last."""
        n_waiting = 0
        for place in self._partitions(self.places):
            if place.partition in self._at_end:
                n_waiting += self._merge.n_waiting(place.partition)
                continue
            _, high = self._consumer.get_watermark_offsets(place, cached=True)
            n_waiting += max(high - self.places[place.partition], 0)
        return n_waiting

    @property
    def waits_for(self) -> list[int]:
        """The partitions without which nothing goes on: Kafka gives none of their messages."""
        return self._merge.waits_for

    def _hold_back(self) -> None:
        """Fetch no more of a partition of which too much waits for others."""
        full = {one for one in self.places if self._merge.n_waiting(one) > _MOST_WAITING}
        self._consumer.pause(self._partitions(full - self._paused))
        self._consumer.resume(self._partitions(self._paused - full))
        self._paused = full

    def _partitions(self, numbers: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in numbers]

    def _watermarks(self, partition: int) -> tuple[int, int]:
        place = TopicPartition(self._topic, partition)
        try:
            found = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS)
        except KafkaException as error:
            raise ServiceError(
                f"Kafka does not say where topic {self._topic!r} begins: {kafka_reason(error)}"
            ) from error
        return found[0], found[1]


def _bytes(found: bytes | str | None) -> bytes | None:
    return found.encode() if isinstance(found, str) else found
