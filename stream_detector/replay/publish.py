"""A recording into the readings topic, faster than it was recorded."""

import time
from collections.abc import Callable, Iterable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stream_detector.command_line import Stopped
from stream_detector.connections.kafka import client_options
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record

_MAX_WAIT_SECONDS = 0.5
"""Delivery reports are taken at least so often, so that Ctrl-C and a failure end every wait."""

_DELIVERY_TIMEOUT_SECONDS = 60.0
"""How long a reading is retried: longer than a broker's restart."""

_LAST_SECONDS = 2.0
"""How long Kafka may take, once we are told to stop, to confirm what is on its way."""


def publish(
    records: Iterable[Record],
    settings: Settings,
    *,
    speed: float | None,
    on_published: Callable[[int], None] = lambda _: None,
    delivery_timeout_seconds: float = _DELIVERY_TIMEOUT_SECONDS,
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
        Told how many Kafka has so far.
    delivery_timeout_seconds : float
        A reading that Kafka has not confirmed by then was not delivered.

    Returns
    -------
    int
        How many were delivered: all of them.

    Raises
    ------
    ServiceError
        If Kafka or the topic is missing, or a reading was not delivered; it says how many were.
    Stopped
        On a signal, when Kafka had a moment for what is on its way.
    """
    partition_counts(settings, writes=[settings.readings_topic])
    delivery = _Delivery(settings, timeout_seconds=delivery_timeout_seconds)
    began = time.monotonic()
    first = None
    try:
        for record in records:
            first = first or record.timestamp
            if speed is not None:
                since_first = (record.timestamp - first).total_seconds()
                delivery.wait_until(began + since_first / speed)
            delivery.send(record)
            on_published(delivery.n_delivered)
        delivery.complete()
    except Stopped:
        delivery.give_up()
        raise
    finally:
        on_published(delivery.n_delivered)
    return delivery.n_delivered


class _Delivery:
    """Sends readings and keeps account of what Kafka has of them.

    Raises
    ------
    ServiceError
        From every method, once Kafka did not take a reading.
    """

    def __init__(self, settings: Settings, *, timeout_seconds: float) -> None:
        self.n_delivered = 0
        self._n_sent = 0
        self._error: KafkaError | None = None
        self._topic = settings.readings_topic
        self._producer = Producer(
            {
                **client_options(settings),
                "enable.idempotence": True,
                "compression.type": "lz4",
                "delivery.timeout.ms": round(timeout_seconds * 1000),
            }
        )

    def send(self, record: Record) -> None:
        self._n_sent += 1
        while True:
            try:
                self._producer.produce(
                    self._topic, key=record.key, value=record.value, on_delivery=self._note
                )
            except BufferError:
                self._poll(_MAX_WAIT_SECONDS)  # the queue is full: wait for deliveries
            except KafkaException as error:
                raise self._failure(error.args[0]) from error
            else:
                self._poll(0)
                return

    def wait_until(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            self._poll(min(left, _MAX_WAIT_SECONDS))

    def complete(self) -> None:
        """Return when Kafka has all of them."""
        self._settle()
        self._check()

    def give_up(self) -> None:
        """Give Kafka a moment to confirm what it has."""
        self._producer.flush(_LAST_SECONDS)

    def _settle(self) -> None:
        """Wait until each reading that was sent is confirmed, or given up at its timeout."""
        while self._producer.flush(_MAX_WAIT_SECONDS):
            pass

    def _poll(self, seconds: float) -> None:
        self._producer.poll(seconds)
        self._check()

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.n_delivered += 1
        elif self._error is None:
            self._error = error

    def _check(self) -> None:
        if self._error is not None:
            raise self._failure(self._error)

    def _failure(self, error: KafkaError) -> ServiceError:
        self._settle()
        return ServiceError(
            f"Kafka did not take a reading: {error.str()}; of {self._n_sent} sent it has "
            f"{self.n_delivered}"
        )
