"""How long a reading takes from its sender to whoever reads its score."""

import threading
import time

from confluent_kafka import Consumer, TopicPartition

from stream_detector.alerting.life import rfc3339
from tests.benchmarks.yard import N_PARTITIONS, Program, Yard
from tests.end_to_end.subscriber import identity

PER_SECOND = 200

_LIMIT_SECONDS = 30.0


def latencies_ms(yard: Yard, program: Program, *, seconds: float) -> list[float]:
    """Send 200 readings a second; give the milliseconds until each one's score was read."""
    count = int(seconds * PER_SECOND)
    subscriber = _Subscriber(program, count)
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(began + number / PER_SECOND - time.monotonic(), 0.0))
        reading = yard.next_reading()
        machine, event_time = (reading.key or b"").decode(), rfc3339(reading.timestamp)
        subscriber.sent_at[machine, event_time] = time.monotonic()
        yard.send(reading)
    return subscriber.finish()


class _Subscriber:
    """Reads scores as they come, in a thread of its own, until there are as many as expected."""

    def __init__(self, program: Program, count: int) -> None:
        self.sent_at: dict[tuple[str, ...], float] = {}
        self._count = count
        self._taken_ms: list[float] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": program.installation.broker,
                "group.id": "not used",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 100,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [self._end_of(program.installation.topics["scores"], n) for n in range(N_PARTITIONS)]
        )
        self._thread = threading.Thread(target=self._listen, name="subscriber", daemon=True)
        self._thread.start()

    def finish(self) -> list[float]:
        """Wait for the last score."""
        self._thread.join()
        self._consumer.close()
        missing = self._count - len(self._taken_ms)
        assert not missing, f"{missing} scores of {self._count} did not come"
        return self._taken_ms

    def _end_of(self, topic: str, partition: int) -> TopicPartition:
        place = TopicPartition(topic, partition)
        _, place.offset = self._consumer.get_watermark_offsets(place, timeout=_LIMIT_SECONDS)
        return place

    def _listen(self) -> None:
        heard_at = time.monotonic()
        while len(self._taken_ms) < self._count and time.monotonic() - heard_at < _LIMIT_SECONDS:
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                heard_at = time.monotonic()
                self._taken_ms.append((heard_at - self.sent_at[identity(message)[:2]]) * 1000)
