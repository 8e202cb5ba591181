"""A recording into the readings topic, faster than it was recorded."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, Message, Producer

from stream_detector.connections.kafka import client_options
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record

if TYPE_CHECKING:
    from datetime import datetime

_MAX_WAIT_SECONDS = 0.5
"""Delivery reports are taken at least so often while waiting for the next reading's time."""


def publish(
    records: Iterable[Record],
    settings: Settings,
    *,
    speed: float | None,
    on_published: Callable[[int], None] = lambda _: None,
) -> int:
    """Send records in order, ``speed`` times faster than their times tell.

    Parameters
    ----------
    records : iterable of Record
        Their timestamps are the times of the readings.
    settings : Settings
    speed : float or None
        None sends as fast as Kafka takes them.
    on_published : callable
        Told how many were sent so far.

    Returns
    -------
    int
        How many were delivered.

    Raises
    ------
    ServiceError
        If Kafka or the topic is missing, or a message was not delivered.
    """
    partition_counts(settings)
    errors: list[KafkaError] = []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            errors.append(error)

    producer = Producer(
        {**client_options(settings), "enable.idempotence": True, "compression.type": "lz4"}
    )
    began = time.monotonic()
    first: datetime | None = None
    n_sent = 0
    try:
        for record in records:
            first = first or record.timestamp
            if speed is not None:
                since_first = (record.timestamp - first).total_seconds()
                _wait_until(began + since_first / speed, producer)
            _produce(producer, settings.readings_topic, record, note)
            n_sent += 1
            on_published(n_sent)
            if errors:
                break
    finally:
        producer.flush(30)
    if errors:
        raise ServiceError(f"Kafka did not take a reading: {errors[0].str()}")
    return n_sent


def _wait_until(due: float, producer: Producer) -> None:
    while (left := due - time.monotonic()) > 0:
        producer.poll(min(left, _MAX_WAIT_SECONDS))


def _produce(
    producer: Producer,
    topic: str,
    record: Record,
    note: Callable[[KafkaError | None, Message], None],
) -> None:
    while True:
        try:
            producer.produce(topic, key=record.key, value=record.value, on_delivery=note)
        except BufferError:
            producer.poll(_MAX_WAIT_SECONDS)  # the queue is full: wait for deliveries
        else:
            producer.poll(0)
            return
