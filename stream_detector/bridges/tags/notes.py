"""How far a bridge is, kept in Kafka: one message per bridge in a compacted topic."""

import time
from collections.abc import Mapping
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stream_detector.bridges.joining.machine_rows import MachineNote
from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.errors import UNREADABLE, ServiceError, SettingsError

_ANSWER_SECONDS: Final = 30.0

_LOOK_SECONDS: Final = 0.1


_READABLE: Final = "bridge-note/1."


class _Written(msgspec.Struct):
    schema: str


class BridgeNote(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bridge goes on (``schemas/bridge-note.v1.json``)."""

    schema: str = "bridge-note/1.0"
    topic: str
    """Where the rows come from."""
    next: dict[str, int]
    """Of each partition, in decimal digits, the offset below which all rows are in readings, or
    will be when the rows from ``rewind`` on were read again."""
    rewind: dict[str, int]
    """Of each partition the offset from which rows can still enter a reading to come."""
    clock_us: int
    """Kafka's time at ``rewind``, microseconds since 1970."""
    machines: dict[str, MachineNote]
    """What of each machine does not come from those rows."""


def offsets(noted: Mapping[str, int]) -> dict[int, int]:
    """Read the offsets of a note."""
    return {int(partition): offset for partition, offset in noted.items()}


def read_note(settings: Settings, name: str) -> BridgeNote | None:
    """Read what the bridge of this name noted last; None where it never did.

    Raises
    ------
    ServiceError
        If Kafka does not answer, or the note cannot be read.
    SettingsError
        If a later version wrote it.
    """
    consumer = Consumer(
        {
            **client_options(settings),
            "group.id": name,  # which it never joins
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        consumer.assign([TopicPartition(settings.bridges_topic, 0, 0)])
        newest = _last_of(consumer, name.encode())
    except KafkaException as error:
        raise _not_read(settings, kafka_reason(error)) from error
    finally:
        consumer.close()
    if newest is None:
        return None
    try:
        return decode_note(newest)
    except UNREADABLE as error:
        raise _not_read(settings, str(error)) from error


def decode_note(value: bytes) -> BridgeNote:
    """Read a note.

    Raises
    ------
    msgspec.DecodeError, UnicodeDecodeError, RecursionError
        If it is none.
    SettingsError
        If it is of a later version, which may mean other things by the same names.
    """
    written = msgspec.json.decode(value, type=_Written).schema
    if not written.startswith(_READABLE):
        raise SettingsError(
            f"the bridge's last note is a {written!r}, and this version reads {_READABLE}x alone; "
            "start the version that wrote it, or a later one"
        )
    return msgspec.json.decode(value, type=BridgeNote)


def _last_of(consumer: Consumer, key: bytes) -> bytes | None:
    newest: bytes | None = None
    last_try = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < last_try:
        for message in consumer.consume(1000, timeout=_LOOK_SECONDS):
            error = message.error()
            if error is None:
                newest = message.value() if message.key() == key else newest
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- so it is named
                return newest
            elif not error.retriable():
                raise KafkaException(error)
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001


def _not_read(settings: Settings, reason: str) -> ServiceError:
    return ServiceError(
        f"how far the bridge was cannot be read from topic {settings.bridges_topic!r}: {reason}"
    )
