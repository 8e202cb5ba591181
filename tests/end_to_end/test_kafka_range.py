"""A span of the readings topic as it stands in the log of a real Kafka."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stream_detector.connections.settings import Settings
from stream_detector.pipeline.readings import Record
from stream_detector.replay.kafka_range import read_range
from stream_detector.replay.log_range import LogRange
from stream_detector.replay.time_range import TimeRange
from tests.end_to_end.real_kafka import RealKafka

pytestmark = pytest.mark.kafka

START = datetime(2026, 11, 22, 3, tzinfo=UTC)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


@pytest.fixture(scope="module")
def settings(kafka: RealKafka) -> Settings:
    """A topic of two partitions: the even minutes are in the first one, the odd in the other."""
    topic = f"readings-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(30)
    # Idempotent: on a busy machine a message sent again would come after its successors.
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    for number in range(6):
        producer.produce(
            topic,
            str(number).encode(),
            key=b"pm3",
            partition=number % 2,
            timestamp=int(minute(number).timestamp() * 1000),
        )
    assert producer.flush(30) == 0
    return Settings(broker=kafka.bootstrap, readings_topic=topic)


def test_a_record_is_as_it_stands_in_the_log(settings: Settings) -> None:
    *_, last = read_range(LogRange(), settings)

    assert last == Record(settings.readings_topic, 1, 2, minute(5), b"pm3", b"5")


@pytest.mark.parametrize(
    ("start", "end", "read"),
    [
        (None, None, "024135"),
        (minute(2), None, "2435"),
        (None, minute(3), "021"),  # the end itself is not part of it
        (minute(1), minute(4), "213"),
        (minute(1) + timedelta(seconds=1), minute(2), ""),
        (minute(4), minute(5), "4"),
        (minute(6), None, ""),
        (None, minute(60), "024135"),
        (datetime(1960, 1, 1, tzinfo=UTC), None, "024135"),
    ],
)
def test_a_span_is_read_partition_after_partition_in_the_order_of_the_log(
    settings: Settings, start: datetime | None, end: datetime | None, read: str
) -> None:
    records = read_range(LogRange(TimeRange(start, end)), settings)

    assert "".join((record.value or b"").decode() for record in records) == read
