"""The log of the readings, as Kafka knows it: where it ends, and which one it is."""

from collections.abc import Collection

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from stream_detector.connections.kafka import kafka_reason
from stream_detector.errors import ServiceError

_ANSWER_SECONDS = 5.0

_NONE = "AAAAAAAAAAAAAAAAAAAAAA"
"""What the client tells where the broker tells none."""


def end_offsets(admin: AdminClient, topic: str, partitions: Collection[int]) -> dict[int, int]:
    """Ask where the log of some partitions ends.

    Raises
    ------
    ServiceError
        If Kafka does not answer within 5 seconds.
    """
    if not partitions:
        return {}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, one): latest for one in partitions}
    try:
        answers = admin.list_offsets(asked, request_timeout=_ANSWER_SECONDS)
        return {one.partition: answer.result().offset for one, answer in answers.items()}
    except KafkaException as error:
        raise ServiceError(
            f"Kafka does not say where its log ends: {kafka_reason(error)}"
        ) from error


def readings_id(admin: AdminClient, topic: str) -> str:
    """Ask for the id of the log's topic: one that is deleted and made again has another one.

    Empty where Kafka has none, as before version 2.8 and the embedded one: its client would wait
    for a controller.

    Raises
    ------
    ServiceError
        If Kafka does not answer within 5 seconds.
    """
    try:
        cluster = admin.list_topics(topic, timeout=_ANSWER_SECONDS)
        if cluster.controller_id not in cluster.brokers:
            return ""
        asked = admin.describe_topics(TopicCollection([topic]), request_timeout=_ANSWER_SECONDS)
        found = str(asked[topic].result().topic_id)
    except KafkaException as error:
        reason = kafka_reason(error)
        raise ServiceError(f"Kafka does not say which topic {topic!r} is: {reason}") from error
    return "" if found == _NONE else found
