"""Kafka's messages: read from a log, and as the pipeline takes them."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream_detector.pipeline.readings import Record, kafka_time

_CHUNK = 500
"""Messages read at once: it bounds memory, not what is made of them."""


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


async def read_log(
    consumer: AIOKafkaConsumer, partition: TopicPartition, start: int, end: int
) -> AsyncIterator[list[ConsumerRecord]]:
    """Read a range of the log, in chunks."""
    if start >= end:
        return
    consumer.assign([partition])
    consumer.seek(partition, start)
    # By position, not by the last message read: a log may have holes.
    while await consumer.position(partition) < end:
        found = await consumer.getmany(partition, timeout_ms=500, max_records=_CHUNK)
        if messages := [one for one in found.get(partition, ()) if one.offset < end]:
            yield messages


async def read_topic(consumer: AIOKafkaConsumer, topic: str) -> AsyncIterator[list[ConsumerRecord]]:
    """Read all that is in a topic now, in chunks, one partition after the other."""
    first = TopicPartition(topic, 0)
    consumer.assign([first])
    await consumer.beginning_offsets([first])  # then it knows how many there are
    for number in consumer.partitions_for_topic(topic) or ():
        one = TopicPartition(topic, number)
        begin = (await consumer.beginning_offsets([one]))[one]
        end = (await consumer.end_offsets([one]))[one]
        async for messages in read_log(consumer, one, begin, end):
            yield messages
