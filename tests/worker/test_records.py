"""Kafka's messages as the pipeline takes them."""

from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from stream_detector.pipeline.readings import Record
from stream_detector.worker.records import to_record


def test_a_message_keeps_its_place_its_time_to_the_millisecond_and_its_bytes() -> None:
    message = ConsumerRecord(
        topic="sensor.readings",
        partition=3,
        offset=41,
        timestamp=1_714_543_200_123,
        timestamp_type=1,
        key=b"pm3",
        value=b"{}",
        checksum=None,
        serialized_key_size=3,
        serialized_value_size=2,
        headers=(("trace", b"1"),),
    )

    assert to_record(message) == Record(
        "sensor.readings",
        3,
        41,
        datetime(2024, 5, 1, 6, 0, 0, 123_000, tzinfo=UTC),
        b"pm3",
        b"{}",
    )
