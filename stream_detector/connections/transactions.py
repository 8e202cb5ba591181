"""A producer whose messages are there all together or not at all, and that has one owner.

Kafka itself sees to both: a transaction is committed as a whole, and whoever begins last under
a name ends all that others may still have under way under it, for good. So a worker that was
frozen and wakes cannot write any more.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from stream_detector.connections.kafka import client_options
from stream_detector.connections.producer import MAX_MESSAGE_BYTES
from stream_detector.connections.security import kafka_user
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError
from stream_detector.pipeline.messages import Headers

_PATIENCE_SECONDS: Final = 20.0
"""How long a step may take, tries included; then it has failed, and the owner begins anew."""

_TRY_SECONDS: Final = 5.0

_LOOK_SECONDS: Final = 0.1

_TIMEOUT_MS: Final = 60_000
"""So long a transaction may take, or Kafka ends it: until then nobody can read what follows it."""


class TopicMessage(NamedTuple):
    """A message for one of our topics; its key decides its partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class TransactionalProducer:
    """Sends messages in transactions under a name of which there is one.

    Parameters
    ----------
    settings : Settings
    name : str
        ``transactional.id``.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._producer = Producer(
            {
                **client_options(settings),
                "transactional.id": name,
                "transaction.timeout.ms": _TIMEOUT_MS,
                "linger.ms": 0,
                "compression.type": "lz4",
                "message.max.bytes": MAX_MESSAGE_BYTES,
            }
        )

    async def take_over(self) -> None:
        """Become the only one of this name: nothing of the others comes after this.

        Raises
        ------
        ServiceError
            If Kafka does not let us, or does not answer.
        """
        await asyncio.to_thread(self._until_done, self._producer.init_transactions)

    async def send(self, messages: Iterable[TopicMessage]) -> None:
        """Send messages, and return when they are committed.

        Raises
        ------
        ServiceError
            If they are not, or nobody knows whether they are: this producer is of no use
            any more then.
        """
        await asyncio.to_thread(self._send, list(messages))

    def _send(self, messages: list[TopicMessage]) -> None:
        try:
            self._producer.begin_transaction()
            for message in messages:
                self._produce(message)
        except KafkaException as error:
            raise self._failed(error) from error
        self._until_done(self._producer.commit_transaction)

    def _produce(self, message: TopicMessage) -> None:
        topic, key, value, headers = message
        last_try = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self._producer.produce(topic, value, key=key, headers=list(headers))
            except BufferError as error:
                # The queue is full: some of it has to be with Kafka first.
                if time.monotonic() > last_try:
                    raise self._failed(error) from error
                self._producer.poll(_LOOK_SECONDS)
            else:
                return

    def _until_done(self, step: Callable[[float], object]) -> None:
        """Do one step of a transaction, again where Kafka says that this may help."""
        last_try = time.monotonic() + _PATIENCE_SECONDS - _TRY_SECONDS
        while True:
            try:
                step(_TRY_SECONDS)
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > last_try:
                    raise self._failed(error) from error
            else:
                return

    def _failed(self, error: Exception) -> ServiceError:
        fault = error.args[0]
        if not isinstance(fault, KafkaError):
            return ServiceError(f"Kafka takes nothing that {self._name!r} writes: {fault}")
        if fault.retriable():
            return ServiceError(f"Kafka does not answer what {self._name!r} writes: {fault.str()}")
        return ServiceError(
            f"Kafka does not let {kafka_user(self._settings)} write in transactions as "
            f"{self._name!r}: {fault.str()}"
        )
