"""Kafka's messages as the pipeline takes them."""

from datetime import UTC, datetime, timedelta

from aiokafka import ConsumerRecord

from stream_detector.pipeline.readings import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_record(message: ConsumerRecord) -> Record:
    """Turn a consumed message into a record."""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        _EPOCH + message.timestamp * _MILLISECOND,
        message.key,
        message.value,
    )
