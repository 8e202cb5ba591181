"""A range of the readings topic, as it stands in Kafka's log."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import ServiceError, SettingsError, counted
from stream_detector.pipeline.readings import Record, kafka_time
from stream_detector.replay.log_range import LogRange
from stream_detector.replay.time_range import TimeRange

TIMEOUT_SECONDS = 10.0


def read_range(log: LogRange, settings: Settings) -> Iterator[Record]:
    """Read a part of the readings, one partition after the other, each in log order.

    Raises
    ------
    ServiceError
        If Kafka or the topic is missing, or the log cannot be read.
    SettingsError
        If a message to be skipped is in a partition that there is not.
    """
    (n_partitions,) = partition_counts(settings, reads=[settings.readings_topic]).values()
    if (last := max((place.partition for place in log.skipped), default=0)) >= n_partitions:
        raise SettingsError(
            f"--skip names partition {last}, but {settings.readings_topic!r} has "
            f"{counted(n_partitions, 'partition')}, counted from 0"
        )
    for record in read_topic(settings.readings_topic, log.span, settings):
        is_poison = (record.partition, record.offset) in log.skipped
        yield record._replace(is_poison=True) if is_poison else record


def read_topic(topic: str, span: TimeRange, settings: Settings) -> Iterator[Record]:
    """Read a span of any of our topics, one partition after the other, each in log order.

    Raises
    ------
    ServiceError
        If Kafka or the topic is missing, or the log cannot be read.
    """
    (n_partitions,) = partition_counts(settings, reads=[topic]).values()
    with closing(range_consumer(settings)) as consumer, topic_faults(topic):
        for number in range(n_partitions):
            yield from _read_partition(consumer, topic, number, span)


@contextmanager
def topic_faults(topic: str) -> Iterator[None]:
    """Turn an error of Kafka into one line that names the topic.

    Raises
    ------
    ServiceError
        If the topic cannot be read.
    """
    try:
        yield
    except KafkaException as error:
        raise ServiceError(f"topic {topic!r} cannot be read: {kafka_reason(error)}") from error


def range_consumer(settings: Settings) -> Consumer:
    """Make a reader of parts of a log."""
    return Consumer(
        {
            **client_options(settings),
            # A group is asked for, but never joined: partitions are assigned by hand.
            "group.id": f"{settings.group}-replay",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )


def record_of(message: Message) -> Record:
    """Take over a message as librdkafka has read it."""
    _, stamp = message.timestamp()
    return Record(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        kafka_time(stamp),
        message.key(),
        message.value(),
    )


def _read_partition(
    consumer: Consumer, topic: str, number: int, span: TimeRange
) -> Iterator[Record]:
    low, high = consumer.get_watermark_offsets(
        TopicPartition(topic, number), timeout=TIMEOUT_SECONDS
    )
    start = low if span.start is None else offset_at(consumer, topic, number, span.start, high)
    end = high if span.end is None else offset_at(consumer, topic, number, span.end, high)
    for message in read_messages(consumer, TopicPartition(topic, number), start, end):
        yield record_of(message)


def read_messages(
    consumer: Consumer, place: TopicPartition, start: int, end: int
) -> Iterator[Message]:
    """Read what stands in a partition from an offset on and below another one.

    Raises
    ------
    ServiceError
        If Kafka gives nothing more.
    KafkaException
        If it gives an error.
    """
    if start >= end:
        return
    consumer.assign([TopicPartition(place.topic, place.partition, start)])
    while True:
        message = consumer.poll(TIMEOUT_SECONDS)
        if message is None:
            raise ServiceError(
                f"Kafka gives nothing more of partition {place.partition} of {place.topic!r}"
            )
        error = message.error()
        if error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            continue  # we do not join it
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
            raise KafkaException(error)
        offset = message.offset()
        # Compaction leaves holes: the last offset of the span may not be there any more.
        if error is None and offset is not None and offset < end:
            yield message
        if offset is None or offset >= end - 1:
            return


def offset_at(consumer: Consumer, topic: str, number: int, at: datetime, high: int) -> int:
    """Give the first offset that Kafka took at a time or later; ``high`` if there is none."""
    # A time below zero would ask Kafka for something else than a time.
    asked = TopicPartition(topic, number, max(int(at.timestamp() * 1000), 0))
    found: int = consumer.offsets_for_times([asked], timeout=TIMEOUT_SECONDS)[0].offset
    return high if found < 0 else found
