"""A recording into the readings topic, faster than it was recorded."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stream_detector.command_line import Stopped
from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record

_MAX_WAIT_SECONDS = 0.5
"""Delivery reports are taken at least so often, so that Ctrl-C and a failure end every wait."""

_PATIENCE_SECONDS = 60.0
"""How long Kafka may confirm nothing: longer than a broker's restart."""

_LAST_SECONDS = 2.0
"""How long Kafka may take, once we are told to stop, to confirm what is on its way."""

_NOT_SENT = KafkaError._PURGE_QUEUE  # noqa: SLF001 -- so it is named
"""What is told of a reading for which there is another reason, before or after."""


class NotPublishedError(ServiceError):
    """Kafka did not take a reading, and was not given any more.

    Parameters
    ----------
    reason : str
    n_published : int
        How many Kafka confirmed: all before the reading. It may have some of the next ones too,
        again without a gap, where it did not come to say so.
    """

    def __init__(self, reason: str, n_published: int) -> None:
        super().__init__(f"Kafka did not take a reading: {reason}; it has the {n_published} before")
        self.reason = reason
        self.n_published = n_published


def publish(
    records: Iterable[Record],
    settings: Settings,
    *,
    speed: float | None,
    on_published: Callable[[int], None] = lambda _: None,
    patience_seconds: float = _PATIENCE_SECONDS,
) -> int:
    """Send the records of one machine in order, ``speed`` times faster than their times tell.

    Whatever happens, what is in the topic has no gap: a reading that comes after later ones
    would be late.

    Parameters
    ----------
    records : iterable of Record
        Their timestamps are the times of the readings.
    settings : Settings
    speed : float or None
        None sends as fast as Kafka takes them.
    on_published : callable
        Told how many Kafka has so far.
    patience_seconds : float
        Kafka may confirm nothing for so long while something is on its way.

    Returns
    -------
    int
        How many were delivered: all of them.

    Raises
    ------
    ServiceError
        If Kafka or the topic is missing; a NotPublishedError if a reading was not delivered.
    Stopped
        On a signal, when Kafka had a moment for what is on its way.
    """
    partition_counts(settings, writes=[settings.readings_topic])
    delivery = _Delivery(settings, patience_seconds=patience_seconds)
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
    NotPublishedError
        From every method, once Kafka did not take a reading.
    """

    def __init__(self, settings: Settings, *, patience_seconds: float) -> None:
        self.n_delivered = 0
        self._n_sent = 0
        self._patience_seconds = patience_seconds
        self._got_on_at = time.monotonic()
        self._error: KafkaError | None = None
        self._topic = settings.readings_topic
        self._producer = Producer(
            {
                **client_options(settings),
                "enable.idempotence": True,
                # After a reading that Kafka refuses, none of the later ones.
                "enable.gapless.guarantee": True,
                # For ever: given up one by one, readings would be missing where Kafka came back
                # while the next ones still had time.
                "delivery.timeout.ms": 0,
                "compression.type": "lz4",
            }
        )

    def send(self, record: Record) -> None:
        if self._n_sent == self.n_delivered:
            self._got_on_at = time.monotonic()
        while True:
            try:
                self._producer.produce(
                    self._topic, key=record.key, value=record.value, on_delivery=self._note
                )
            except BufferError:
                self._poll(_MAX_WAIT_SECONDS)  # the queue is full: wait for deliveries
            except KafkaException as error:
                self.complete()
                raise NotPublishedError(kafka_reason(error), self.n_delivered) from error
            else:
                self._n_sent += 1
                self._poll(0)
                return

    def wait_until(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            self._poll(min(left, _MAX_WAIT_SECONDS))

    def complete(self) -> None:
        """Return when Kafka has all of them."""
        while self.n_delivered < self._n_sent:
            self._poll(_MAX_WAIT_SECONDS)

    def give_up(self) -> None:
        """Give Kafka a moment to confirm what it has."""
        self._settle()

    def _poll(self, seconds: float) -> None:
        self._take_reports(seconds)
        is_waiting = self.n_delivered < self._n_sent
        waited = time.monotonic() - self._got_on_at
        if self._error is None and is_waiting and waited > self._patience_seconds:
            silence = f"it has confirmed nothing for {self._patience_seconds:g} s"
            self._error = KafkaError(KafkaError._TIMED_OUT, silence)  # noqa: SLF001 -- its name
        if self._error is not None:
            # Of those that are not sent, the first may be told before the one that was refused.
            self._producer.purge()
            self._settle()
            raise NotPublishedError(self._error.str(), self.n_delivered)

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.n_delivered += 1
            self._got_on_at = time.monotonic()
        elif self._error is None or self._error.code() == _NOT_SENT:
            self._error = error

    def _settle(self) -> None:
        """Wait a moment for what is not known yet to be told."""
        until = time.monotonic() + _LAST_SECONDS
        while len(self._producer) and (left := until - time.monotonic()) > 0:
            self._take_reports(left)

    def _take_reports(self, seconds: float) -> None:
        # When it is over for good, the client raises that once, and tells of each reading besides.
        with suppress(KafkaException):
            self._producer.poll(seconds)
