"""The producer of the worker: a batch is sent when Kafka has every message of it."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stream_detector.connections.kafka import client_options
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError
from stream_detector.pipeline.messages import Headers, Output

log = structlog.get_logger()

_DELIVERY_TIMEOUT_MS = 240_000
"""How long a message is retried. Longer than a broker's restart, shorter than the 300 s that a
batch may take (``consumers``), or Kafka takes the worker for dead that waits for its deliveries."""

MAX_MESSAGE_BYTES = 1_000_000_000
"""Our own limit, out of the way: a message may be compressed to less than the broker's limit, which
is the one that counts. A dead letter is as long as what was received, and a bridge's note has 125
bytes for each machine, of which 3 are sent."""

_Note = Callable[[KafkaError | None, Message | None], None]
"""Told of a message that it was delivered, or why not."""


class PlacedMessage(NamedTuple):
    """A message for a certain partition."""

    partition: int
    key: bytes
    value: bytes


class ConfirmedProducer:
    """Sends the outputs of a batch and waits until Kafka has every one of them.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._topics = {
            "alerts": settings.alerts_topic,
            "scores": settings.scores_topic,
            "dead-letters": settings.dead_letters_topic,
        }
        self._snapshots_topic = settings.snapshots_topic
        self._producer = Producer(
            {
                **client_options(settings),
                # No message twice and none out of order when a delivery is retried.
                "enable.idempotence": True,
                "acks": "all",
                # A flush ends the wait. Without one to end, each message of a batch would wake the
                # sending thread: 12 ms for 500 of them on one core instead of 4.
                "linger.ms": 20,
                "compression.type": "lz4",
                "delivery.timeout.ms": _DELIVERY_TIMEOUT_MS,
                "message.max.bytes": MAX_MESSAGE_BYTES,
                # A flush waits for all; to be told of each besides is a tenth of what it costs.
                "delivery.report.only.error": True,
            }
        )

    async def send(self, outputs: Iterable[Output], headers: Headers) -> None:
        """Send outputs, and return when all are delivered.

        Those that have headers get these further ones. A score has none, which would cost a fifth
        of sending it.

        Raises
        ------
        ServiceError
            If one could not be delivered: the batch is not done then.
        """
        errors: list[KafkaError] = []

        # One for all of them: a function made for each message is a third of what it costs.
        def note(error: KafkaError | None, _: Message | None) -> None:
            if error is not None:
                errors.append(error)

        for output in outputs:
            of_it = output.headers and output.headers + headers
            if output.topic == "dead-letters":
                self._produce_dead_letter(output, of_it, note)
            else:
                self._produce(output, of_it, note)
        # Delivery reports are taken in a thread, so the event loop stays free meanwhile.
        await asyncio.to_thread(self._producer.flush)
        if errors:
            raise ServiceError(
                f"Kafka did not take {len(errors)} messages, the first because: {errors[0].str()}"
            )

    async def keep(self, snapshots: Iterable[PlacedMessage]) -> None:
        """Write snapshots, and return when Kafka has them.

        Raises
        ------
        ServiceError
            If it does not take one.
        """
        errors: list[KafkaError] = []
        for one in snapshots:
            self._produce_snapshot(one, errors.append)
        await asyncio.to_thread(self._producer.flush)
        if errors:
            raise ServiceError(f"Kafka did not take a snapshot: {errors[0].str()}")

    def post(
        self, snapshots: Iterable[PlacedMessage], on_lost: Callable[[PlacedMessage], None]
    ) -> None:
        """Write snapshots without waiting: where one is missing, more of the log is read again.

        ``on_lost`` is told, in any thread, of each that Kafka does not take.
        """
        for one in snapshots:
            self._produce_snapshot(one, partial(_lose, one, on_lost))

    def _produce_snapshot(
        self, snapshot: PlacedMessage, fail: Callable[[KafkaError], object]
    ) -> None:
        def note(error: KafkaError | None, _: Message | None) -> None:
            if error is not None:
                fail(error)

        try:
            self._producer.produce(
                self._snapshots_topic,
                key=snapshot.key,
                value=snapshot.value,
                partition=snapshot.partition,
                on_delivery=note,
            )
        except KafkaException as error:
            fail(error.args[0])

    def _produce(self, output: Output, headers: Headers, note: _Note) -> None:
        try:
            self._producer.produce(
                self._topics[output.topic],
                output.value,
                output.key,
                on_delivery=note,
                # An empty list would cost as much as a full one.
                headers=list(headers) or None,
            )
        except KafkaException as error:
            note(error.args[0], None)

    def _produce_dead_letter(self, output: Output, headers: Headers, note: _Note) -> None:
        def note_or_shorten(error: KafkaError | None, message: Message | None) -> None:
            too_long = error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE
            if too_long and output.value is not None:
                # One message must not stop the stream. Where it lies in the log, its headers say.
                left_out = ("value_left_out", str(len(output.value)).encode())
                self._produce(output._replace(value=None), (*headers, left_out), note)
            else:
                note(error, message)

        self._produce(output, headers, note_or_shorten)


def _lose(
    snapshot: PlacedMessage, on_lost: Callable[[PlacedMessage], None], error: KafkaError
) -> None:
    log.warning("snapshot.lost", error=error.str(), doing="writing it again with the next ones")
    on_lost(snapshot)
