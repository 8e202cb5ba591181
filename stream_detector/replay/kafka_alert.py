"""An alert as it stands in Kafka, and the readings that it rests on."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, Message, TopicPartition

from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import UNREADABLE, AlertError
from stream_detector.pipeline.readings import Record
from stream_detector.replay.alert_again import Place, RaisedAlert
from stream_detector.replay.kafka_range import (
    TIMEOUT_SECONDS,
    offset_at,
    range_consumer,
    read_messages,
    record_of,
    topic_faults,
)

_EARLIER: Final = timedelta(hours=1)
"""A machine's clock may be ahead of Kafka's, though by minutes at most."""

_PLACE: Final = ("topic", "partition", "from_offset", "to_offset")


class _Named(msgspec.Struct, frozen=True):
    event: str
    alert_id: str = ""


def find_alert(alert_id: str, settings: Settings) -> tuple[RaisedAlert, Place]:
    """Find the message of an alert's first raise that Kafka still has.

    Raises
    ------
    AlertError
        If there is none, or it does not say what it rests on.
    ServiceError
        If the topic cannot be read.
    """
    topic = settings.alerts_topic
    (n_partitions,) = partition_counts(settings, reads=[topic]).values()
    since = _time_in(alert_id)
    with closing(range_consumer(settings)) as consumer:
        for number in range(n_partitions):
            for message in _all_since(consumer, topic, number, since):
                if _is_raise(message, alert_id):
                    return _decode(message, alert_id), _place(message, alert_id)
    kept = "" if since is None else f" since {since:%Y-%m-%d %H:%M} UTC"
    raise AlertError(
        f"{topic!r} has no raise of {alert_id!r}{kept}: the name is wrong, or it is gone; "
        "`stream-detector alerts list --all` and `alerts ledger` name those there are"
    )


def read_evidence(place: Place, settings: Settings) -> Iterator[Record]:
    """Read the readings of an alert's run, up to the one that raised it.

    Raises
    ------
    AlertError
        If some of them are gone.
    ServiceError
        If the topic cannot be read.
    """
    where = TopicPartition(place.topic, place.partition)
    counts = partition_counts(settings, reads=[place.topic])
    if place.partition >= counts[place.topic]:
        raise AlertError(f"{place.topic!r} has no partition {place.partition} any more")
    with closing(range_consumer(settings)) as consumer, topic_faults(place.topic):
        low, high = consumer.get_watermark_offsets(where, timeout=TIMEOUT_SECONDS)
        if low > place.first or high <= place.last:
            raise AlertError(
                f"the alert rests on offsets {place.first} to {place.last} of partition "
                f"{place.partition} of {place.topic!r}, but the log has {low} to {high - 1}: the "
                "range has expired (retention.ms of the topic), and with it what the alert could "
                "be judged by again"
            )
        for message in read_messages(consumer, where, place.first, place.last + 1):
            yield record_of(message)


def _all_since(
    consumer: Consumer, topic: str, number: int, since: datetime | None
) -> Iterator[Message]:
    where = TopicPartition(topic, number)
    with topic_faults(topic):
        low, high = consumer.get_watermark_offsets(where, timeout=TIMEOUT_SECONDS)
        start = low if since is None else offset_at(consumer, topic, number, since, high)
        yield from read_messages(consumer, where, start, high)


def _time_in(alert_id: str) -> datetime | None:
    """Give when to begin: an alert's name ends with its time; None where it does not."""
    found = re.search(r"\.(\d{4}-\d\d-\d\dT[\d:.]+)Z$", alert_id)
    try:
        return found and datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - _EARLIER
    except (ValueError, OverflowError):
        return None


def _is_raise(message: Message, alert_id: str) -> bool:
    value = message.value() or b""
    # A look at the bytes first: most are of other alerts.
    if b'"raised"' not in value:
        return False
    try:
        named = msgspec.json.decode(value, type=_Named)
    except UNREADABLE:
        return False
    return (named.event, named.alert_id) == ("raised", alert_id)


def _decode(message: Message, alert_id: str) -> RaisedAlert:
    try:
        return msgspec.json.decode(message.value() or b"", type=RaisedAlert)
    except UNREADABLE as error:
        raise AlertError(f"the message of {alert_id!r} is none of ours: {error}") from error


def _place(message: Message, alert_id: str) -> Place:
    headers: Mapping[str, Any] = dict(message.headers() or ())
    try:
        topic, *numbers = (headers[f"evidence_{name}"].decode() for name in _PLACE)
        return Place(topic, *map(int, numbers))
    except (KeyError, ValueError, AttributeError) as error:
        raise AlertError(
            f"the message of {alert_id!r} does not say where its readings stand (the headers "
            "evidence_topic, evidence_partition, evidence_from_offset, evidence_to_offset)"
        ) from error
