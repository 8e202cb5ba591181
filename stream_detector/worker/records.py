"""Kafka's messages as the pipeline takes them."""

from aiokafka import ConsumerRecord

from stream_detector.pipeline.readings import Record, kafka_time


def to_record(message: ConsumerRecord) -> Record:
    """Turn a consumed message into a record."""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        kafka_time(message.timestamp),
        message.key,
        message.value,
    )
