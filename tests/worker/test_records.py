"""Kafka's messages as the pipeline takes them."""

from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord

from stream_detector.pipeline.readings import NO_KAFKA_TIME, Record
from stream_detector.worker.records import to_record


def consumed(timestamp: int) -> ConsumerRecord:
    return ConsumerRecord(
        topic="sensor.readings",
        partition=3,
        offset=41,
        timestamp=timestamp,
        timestamp_type=1,
        key=b"pm3",
        value=b"{}",
        checksum=None,
        serialized_key_size=3,
        serialized_value_size=2,
        headers=(("trace", b"1"),),
    )


def test_a_message_keeps_its_place_its_time_to_the_millisecond_and_its_bytes() -> None:
    assert to_record(consumed(1_714_543_200_123)) == Record(
        "sensor.readings",
        3,
        41,
        datetime(2024, 5, 1, 6, 0, 0, 123_000, tzinfo=UTC),
        b"pm3",
        b"{}",
    )


@pytest.mark.parametrize("timestamp", [1_714_543_200_123_000, -(2**63), 2**63 - 1])
def test_a_stamp_that_is_no_time_stops_nobody(timestamp: int) -> None:
    assert to_record(consumed(timestamp)).timestamp == NO_KAFKA_TIME
