"""Our topics: how they are made, and that a missing one is told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import missing_topics, partition_counts, topics
from stream_detector.errors import ServiceError
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka

COUNTS = {
    "sensor.readings": 4,
    "detector.alerts": 3,
    "detector.scores": 2,
    "detector.dead-letters": 1,
}


@pytest.fixture(scope="module")
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(COUNTS) as running:
        yield running


def settings_of(kafka: EmbeddedKafka, *, alerts_topic: str = "detector.alerts") -> Settings:
    return Settings(
        broker=kafka.bootstrap, redis_url=SecretStr("redis://redis"), alerts_topic=alerts_topic
    )


def test_the_partitions_of_all_topics_are_counted(kafka: EmbeddedKafka) -> None:
    assert partition_counts(settings_of(kafka)) == COUNTS


def test_a_missing_topic_is_told_by_name_and_not_made(kafka: EmbeddedKafka) -> None:
    settings = settings_of(kafka, alerts_topic="alerts.of.pm3")

    with pytest.raises(ServiceError, match=r"has no topic alerts\.of\.pm3; make them with"):
        partition_counts(settings)
    assert missing_topics(settings, cluster_metadata(settings)) == ["alerts.of.pm3"]


def test_topics_are_kept_as_long_as_they_are_needed() -> None:
    settings = Settings(broker="kafka:9092", redis_url=SecretStr("redis://redis"))
    by_name = {topic.name: topic for topic in topics(settings)}

    assert by_name["sensor.readings"].config == {
        "retention.ms": str(timedelta(days=7) // timedelta(milliseconds=1)),
        # Kafka's own clock shows which machine's clock is wrong.
        "message.timestamp.type": "LogAppendTime",
    }
    assert by_name["detector.alerts"].config["retention.ms"] == "-1"
    # A dead letter has all that was received, and our headers besides.
    assert int(by_name["detector.dead-letters"].config["max.message.bytes"]) > 1_048_588
