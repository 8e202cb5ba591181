"""Which log it is: a topic that is deleted and made again under its name is another one."""

from confluent_kafka import KafkaException, TopicCollection

from stream_detector.connections.kafka import admin_client, cluster_metadata, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError

_ANSWER_SECONDS = 5.0

_NONE = "AAAAAAAAAAAAAAAAAAAAAA"
"""What the client tells where the broker tells none."""


def readings_id(settings: Settings) -> str:
    """Ask Kafka for the id of the readings topic: a new one each time that it is made.

    Empty where Kafka has none, as before version 2.8 and the embedded one: its client would wait
    for a controller.

    Raises
    ------
    ServiceError
        If Kafka does not answer.
    """
    cluster = cluster_metadata(settings)
    if cluster.controller_id not in cluster.brokers:
        return ""
    admin, topic = admin_client(settings), settings.readings_topic
    try:
        asked = admin.describe_topics(TopicCollection([topic]), request_timeout=_ANSWER_SECONDS)
        found = str(asked[topic].result().topic_id)
    except KafkaException as error:
        reason = kafka_reason(error)
        raise ServiceError(f"Kafka does not say which topic {topic!r} is: {reason}") from error
    return "" if found == _NONE else found
