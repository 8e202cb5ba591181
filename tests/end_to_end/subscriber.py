"""Another program that reads our topics: with a plain Kafka client, and none of our code."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

_LIMIT_SECONDS = 60.0


class Subscriber:
    """Reads a topic from its beginning; `messages` are what came so far, repeats and all."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "not used",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,
                "log_level": 0,
            }
        )
        partitions = self._consumer.list_topics(topic, timeout=_LIMIT_SECONDS).topics[topic]
        self._places = [TopicPartition(topic, number, 0) for number in partitions.partitions]
        self._consumer.assign(self._places)
        self._topic = topic
        self._next = dict.fromkeys(partitions.partitions, 0)
        self.messages: list[Message] = []

    def read_to_the_end(self) -> list[Message]:
        """Everything that is in the topic by now."""
        ends = [
            self._consumer.get_watermark_offsets(place, timeout=_LIMIT_SECONDS)[1]
            for place in self._places
        ]
        return self.wait_until(
            lambda: all(map(int.__ge__, self._next.values(), ends)), f"all up to {ends}"
        )

    def wait_for(self, count: int) -> list[Message]:
        """Read on until there are so many messages."""
        return self.wait_until(lambda: len(self.messages) >= count, f"{count} messages")

    def wait_until(self, condition: Callable[[], object], what: str) -> list[Message]:
        """Read on until the condition holds, and give all that was read."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{self._topic} has {len(self.messages)} messages, but not "
                    f"within {_LIMIT_SECONDS:g} s: {what}"
                )
            for message in self._consumer.consume(1000, timeout=0.1):
                self._take(message)
        return self.messages

    def _take(self, message: Message) -> None:
        partition, offset, error = message.partition(), message.offset(), message.error()
        assert partition is not None
        assert offset is not None
        if error is None:
            self.messages.append(message)
            self._next[partition] = offset + 1
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - so it is named
            # Further than the last message where that is followed by the marker of a transaction.
            self._next[partition] = offset
        else:
            raise KafkaException(error)

    def close(self) -> None:
        self._consumer.close()


def decoded(message: Message) -> dict[str, Any]:
    """What a JSON message says."""
    found: dict[str, Any] = json.loads(message.value() or b"")
    return found


def as_replayed(score: Message) -> dict[str, str]:
    """What a score says, as ``replay --scores`` writes it; without the number of the row."""
    value = decoded(score)
    return {
        "time": value["event_time"],
        "machine": value["machine"],
        "score": "" if value["score"] is None else str(value["score"]),
        "threshold": str(value["threshold"]),
        "above": str(int(value["above"])),
        "alarm": str(int(value["alarm"])),
        "quality": value["quality"]["state"],
    }


def headers(message: Message) -> dict[str, str]:
    """Its headers, as text."""
    given = cast("list[tuple[str, bytes]]", message.headers() or [])
    return {name: value.decode() for name, value in given}


def without_repeats(messages: Iterable[Message]) -> list[Message]:
    """What is left when repeats are dropped as ``schemas/README.md`` says."""
    kept: dict[tuple[str, ...], Message] = {}
    for message in messages:
        kept.setdefault(identity(message), message)
    return list(kept.values())


def identity(message: Message) -> tuple[str, ...]:
    """What two messages have in common that tell the same."""
    return identity_of(message.value() or b"")


def identity_of(told: bytes) -> tuple[str, ...]:
    """The same, of the value of a message."""
    value = json.loads(told)
    match value["schema"].partition("/")[0]:
        case "alert":
            return value["alert_id"], str(value["seq"])
        case "data-quality" | "outcome":
            return (value["event_id"],)
        case "score":
            return value["machine"], value["event_time"], value["bundle"], str(value["shadow"])
        case unknown:
            raise AssertionError(f"no message of ours is a {unknown!r}")


def by_key(messages: Iterable[Message]) -> dict[bytes, list[bytes]]:
    """The values under each key in their order: all the order that Kafka promises."""
    values = defaultdict(list)
    for message in messages:
        values[message.key() or b""].append(message.value() or b"")
    return dict(values)
