"""What the worker sends, as the demo reads it: alerts, outcomes, scores, faults, dead letters."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import check_topics
from stream_detector.errors import ServiceError
from stream_detector.pipeline.messages import (
    AlertMessage,
    DataQualityMessage,
    OutcomeMessage,
    ScoreMessage,
)

_POLL_SECONDS: Final = 0.1
_TIMEOUT_SECONDS: Final = 5.0
_MOST_AT_ONCE: Final = 500
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class DeadLetter(NamedTuple):
    """A reading that the worker refused."""

    reason: str


Told = AlertMessage | ScoreMessage | DataQualityMessage | OutcomeMessage | DeadLetter


class _Kind(msgspec.Struct):
    schema: str


_KINDS: Final[dict[str, type[AlertMessage | DataQualityMessage | OutcomeMessage]]] = {
    "alert/1.0": AlertMessage,
    "data-quality/1.0": DataQualityMessage,
    "outcome/1.0": OutcomeMessage,
}


class TimeOrder:
    """Puts what comes from several topics into the machine's time.

    What is newer than all that had come the time before is held back until the next time:
    something older may still follow from another topic.
    """

    def __init__(self) -> None:
        self._held_back: list[Told] = []

    @property
    def holds_back(self) -> bool:
        """Whether something is still to be given."""
        return bool(self._held_back)

    def take(self, arrived: Iterable[Told]) -> list[Told]:
        """Take in what arrived, and give what is ready."""
        seen = max(map(_time, self._held_back), default=_NEVER)
        self._held_back = sorted((*self._held_back, *arrived), key=_order)
        n_ready = sum(_time(told) <= seen for told in self._held_back)
        ready = self._held_back[:n_ready]
        del self._held_back[:n_ready]
        return ready


class Outputs:
    """Reads all that the worker sends, and how far it has come; close it in the end.

    It has the worker's group id to ask for its commits, but does not join the group.

    Parameters
    ----------
    settings : Settings
        Those of the worker.
    """

    def __init__(self, settings: Settings) -> None:
        counts = check_topics(settings)
        self._settings = settings
        self._readings = _partitions(settings.readings_topic, counts)
        self._read = [
            one
            for topic in (
                settings.alerts_topic,
                settings.scores_topic,
                settings.dead_letters_topic,
            )
            for one in _partitions(topic, counts)
        ]
        self._in_order = TimeOrder()
        self._consumer = Consumer(
            {
                **client_options(settings),
                "group.id": settings.group,
                "enable.auto.commit": False,
                "fetch.wait.max.ms": settings.fetch_wait_ms,
            }
        )
        self._consumer.assign(self._read)

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def poll(self) -> list[Told]:
        """Give what came, in the machine's time; waits a moment for more."""
        messages = self._consumer.consume(_MOST_AT_ONCE, timeout=_POLL_SECONDS)
        return self._in_order.take(
            self._decode(message) for message in messages if message.error() is None
        )

    def n_judged(self) -> int:
        """Give how many readings the worker is done with: what it has committed.

        Raises
        ------
        ServiceError
            If Kafka does not tell.
        """
        with _kafka_faults():
            committed = self._consumer.committed(self._readings, timeout=_TIMEOUT_SECONDS)
        return sum(max(one.offset, 0) for one in committed)

    def is_read(self) -> bool:
        """Tell whether all that the worker has sent so far was given by ``poll``.

        Raises
        ------
        ServiceError
            If Kafka does not tell.
        """
        with _kafka_faults():
            return not self._in_order.holds_back and all(
                max(one.offset, 0) == self._end(one) for one in self._consumer.position(self._read)
            )

    def _end(self, partition: TopicPartition) -> int:
        _, end = self._consumer.get_watermark_offsets(partition, timeout=_TIMEOUT_SECONDS)
        return end

    def _decode(self, message: Message) -> Told:
        value = message.value() or b""
        if message.topic() == self._settings.dead_letters_topic:
            reason = dict(message.headers() or ()).get("reason")
            return DeadLetter(reason.decode() if isinstance(reason, bytes) else "unknown")
        if message.topic() == self._settings.scores_topic:
            return msgspec.json.decode(value, type=ScoreMessage)
        kind = msgspec.json.decode(value, type=_Kind).schema
        return msgspec.json.decode(value, type=_KINDS[kind])


@contextmanager
def _kafka_faults() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise ServiceError(f"Kafka does not answer: {kafka_reason(error)}") from error


def _partitions(topic: str, counts: dict[str, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(counts[topic])]


def _time(told: Told) -> datetime:
    return _NEVER if isinstance(told, DeadLetter) else told.event_time


def _order(told: Told) -> tuple[datetime, bool]:
    """Put a reading's score after what came of it."""
    return _time(told), isinstance(told, ScoreMessage)
