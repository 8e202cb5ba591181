"""Consumers: members of groups, and readers of a log beside them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.connections.tokens import TokenSource, token_source
from stream_detector.errors import ServiceError

_SESSION_TIMEOUT_MS = 10_000
"""A worker that Kafka has not heard of for so long has died: others get its partitions."""

_HEARTBEAT_MS = 3_000
"""A third of the session, so that one that is lost does no harm."""

_REBALANCE_TIMEOUT_MS = 60_000
"""How long the others wait for a worker's batch in flight before they go on without it. A batch
takes 20 ms, and some seconds while a partition's state is restored."""

_REQUEST_TIMEOUT_MS = _REBALANCE_TIMEOUT_MS + 5_000
"""Longer: a request to join the group is answered only when all have joined."""

_LEAST_WAIT_MS = 100

_MAX_POLL_INTERVAL_MS = 300_000
"""Kafka takes a worker for dead whose batch takes longer. Deliveries are tried for 240 s."""

_ANSWER_SECONDS = 5.0


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Give the options that every aiokafka client of ours needs."""
    protocol, mechanism = settings.kafka_security_protocol, settings.kafka_sasl_mechanism
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": protocol,
    }
    if "SSL" in protocol:
        options["ssl_context"] = settings.kafka_tls.context()
    if mechanism == "OAUTHBEARER":
        options["sasl_mechanism"] = mechanism
        options["sasl_oauth_token_provider"] = _Tokens(token_source(settings))
    elif mechanism is not None and settings.kafka_password is not None:
        options["sasl_mechanism"] = mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


class _Tokens(AbstractTokenProvider):  # type: ignore[misc]
    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def token(self) -> str:
        try:
            return (await asyncio.to_thread(self._source.current)).text
        except ServiceError as error:
            # As if the broker were away: it is tried again.
            raise KafkaConnectionError(str(error)) from error


def _of_the_book(settings: Settings) -> dict[str, Any]:
    """Give the options of whoever reads what the alert book writes, or for it."""
    return {
        "isolation_level": "read_committed",
        # The embedded broker gives none to what ends a transaction; TCP has checksums of its own.
        "check_crcs": False,
        # People wait, not machines: to ask the embedded broker more often takes a tenth of a core.
        "fetch_max_wait_ms": max(settings.fetch_wait_ms, _LEAST_WAIT_MS),
    }


def group_consumer(settings: Settings, group: str | None = None) -> AIOKafkaConsumer:
    """Make a member of the workers' group, not yet started; what it commits its user says.

    Or of another group: that reads what the alert book writes, so what is committed only.
    """
    fetching = _of_the_book(settings) if group else {"fetch_max_wait_ms": settings.fetch_wait_ms}
    return AIOKafkaConsumer(
        **aiokafka_options(settings),
        **fetching,
        group_id=group or settings.group,
        enable_auto_commit=False,
        # A group without a commit begins at the log's start: no reading is passed over.
        auto_offset_reset="earliest",
        session_timeout_ms=_SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=_HEARTBEAT_MS,
        rebalance_timeout_ms=_REBALANCE_TIMEOUT_MS,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
        max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
        max_poll_records=settings.max_batch,
    )


def has_judged(settings: Settings, n_partitions: int) -> bool:
    """Tell whether our group has judged readings before: then Kafka knows how far it came.

    False also where Kafka does not say, as one does not that has just started.

    Parameters
    ----------
    settings : Settings
    n_partitions : int
        Of the readings.
    """
    places = [TopicPartition(settings.readings_topic, number) for number in range(n_partitions)]
    try:
        found = _committed(settings, settings.group, places)
    except KafkaException:
        return False
    return any(one.offset >= 0 for one in found)


def note_to_commit(text: str) -> str:
    """Give a note as it is committed beside an offset, to be read by :func:`committed_note`.

    It ends with a zero: confluent-kafka 2.16 reads on to the next one behind what Kafka sent, so
    that each note of 24 characters came back with garbage, or as none at all.
    """
    return f"{text}\0"


def committed_note(settings: Settings, group: str, topic: str) -> str:
    """Give what a group has written beside the offset of a topic's one partition.

    Raises
    ------
    ServiceError
        If Kafka does not say.
    UnicodeDecodeError
        If it was committed without its end.
    """
    try:
        (found,) = _committed(settings, group, [TopicPartition(topic, 0)])
    except KafkaException as error:
        reason = kafka_reason(error)
        raise ServiceError(f"Kafka does not say how far {group!r} is: {reason}") from error
    return (found.metadata or "").rstrip("\0")


def _committed(
    settings: Settings, group: str, places: list[TopicPartition]
) -> list[TopicPartition]:
    """Ask how far a group is: of aiokafka's consumer the offset alone is to be had."""
    options = {"group.id": group, "enable.auto.commit": False}
    # It joins nothing. An AdminClient could ask as well, but dies of what a Kafka answers that has
    # just started.
    with closing(Consumer({**client_options(settings), **options})) as consumer:
        return consumer.committed(places, timeout=_ANSWER_SECONDS)


def log_consumer(settings: Settings) -> AIOKafkaConsumer:
    """Make a reader of the log without a group, not yet started."""
    return AIOKafkaConsumer(
        **aiokafka_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # What it reads is there already; to wait for more would only hold up the next partition.
        fetch_max_wait_ms=10,
    )


def follower(settings: Settings) -> AIOKafkaConsumer:
    """Make a reader without a group that waits for more, not yet started.

    It reads committed transactions only.
    """
    return AIOKafkaConsumer(
        **aiokafka_options(settings),
        **_of_the_book(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=settings.max_batch,
    )


async def start(consumer: AIOKafkaConsumer) -> None:
    """Start a reader; one that does not get to Kafka is stopped, for it would be open still."""
    try:
        await consumer.start()
    except BaseException:
        await leave(consumer)
        raise


@asynccontextmanager
async def started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """Start a reader, and stop it at the end."""
    await start(consumer)
    try:
        yield consumer
    finally:
        await leave(consumer)


@contextmanager
def kafka_faults() -> Iterator[None]:
    """Turn an error of aiokafka into one line.

    Raises
    ------
    ServiceError
        If Kafka does not answer, or not as it should.

    Examples
    --------
    >>> with kafka_faults():
    ...     raise KafkaConnectionError("it is gone")
    Traceback (most recent call last):
        ...
    stream_detector.errors.ServiceError: Kafka does not answer: KafkaConnectionError: it is gone
    """
    try:
        yield
    except KafkaError as error:
        raise ServiceError(f"Kafka does not answer: {error}") from error


def is_passing(error: KafkaError) -> bool:
    """Tell whether it is worth to try again: Kafka is away, or is not done with starting."""
    return error.retriable or isinstance(error, KafkaTimeoutError)


async def leave(consumer: AIOKafkaConsumer) -> None:
    """Stop a reader, also one whose Kafka is away."""
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        # It cancels its own fetches, and lets that out where one waits to be tried again.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
