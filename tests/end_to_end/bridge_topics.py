"""The topics of a bridge on a real Kafka: where it writes, and what comes out there."""

import uuid
from datetime import datetime
from typing import Any, cast

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.subscriber import Subscriber, decoded


class BridgeTopics:
    """Those of one bridge alone; `environment` tells the program of them."""

    def __init__(self, kafka: RealKafka) -> None:
        self.name = uuid.uuid4().hex[:8]
        topics = {kind: f"{kind}-{self.name}" for kind in ("readings", "dead_letters")}
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        # As `topics create` makes them: a message has the time when Kafka had it.
        stamped = {"message.timestamp.type": "LogAppendTime"}
        wanted = [NewTopic(topic, 1, 1, config=stamped) for topic in topics.values()]
        for made in admin.create_topics(wanted).values():
            made.result()
        self.environment = {
            "DETECTOR_BROKER": kafka.bootstrap,
            **{f"DETECTOR_{kind.upper()}_TOPIC": topic for kind, topic in topics.items()},
        }
        self._subscribers = {
            kind: Subscriber(kafka.bootstrap, topic) for kind, topic in topics.items()
        }

    def readings(self, last: str) -> list[dict[str, Any]]:
        """Wait for the reading of this time, and give all up to it, without repeats."""
        subscriber = self._subscribers["readings"]
        subscriber.wait_until(
            lambda: subscriber.messages and decoded(subscriber.messages[-1])["time"] >= last,
            f"the reading of {last}",
        )
        found = {one["time"]: one for one in map(decoded, subscriber.messages)}
        return [found[time] for time in sorted(found) if time <= last]

    def delays_ms(self) -> list[float]:
        """Of each reading by now, how long after its own time Kafka had it; in their order."""
        messages = self._subscribers["readings"].read_to_the_end()
        times = [datetime.fromisoformat(decoded(one)["time"]) for one in messages]
        return [
            one.timestamp()[1] - time.timestamp() * 1000
            for one, time in zip(messages, times, strict=True)
        ]

    def first_reading(self) -> dict[str, Any]:
        """Wait for a reading, and give the first one."""
        return decoded(self._subscribers["readings"].wait_for(1)[0])

    def dead_letters(self, count: int) -> dict[str, tuple[str, bytes]]:
        """Wait for so many, and give of each reason code the topic and the value."""
        found: dict[str, tuple[str, bytes]] = {}
        for one in self._subscribers["dead_letters"].wait_for(count):
            headers = cast("dict[str, bytes]", dict(one.headers() or []))
            value = cast("bytes", one.value())
            found[headers["reason_code"].decode()] = headers["topic"].decode(), value
        return found
