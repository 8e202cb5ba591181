"""Our topics: how they are made, and that a missing one is told."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import (
    check_topics,
    create_topics,
    missing_topics,
    partition_counts,
    topics,
)
from stream_detector.errors import ServiceError
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka

COUNTS = {
    "sensor.readings": 4,
    "detector.alerts": 3,
    "detector.scores": 2,
    "detector.dead-letters": 1,
    "detector.snapshots": 4,
    "detector.commands": 1,
    "detector.replies": 1,
    "detector.alert-state": 1,
    "detector.bridges": 1,
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
    # The worker has nothing to do with the bridges' own.
    of_the_worker = {name: n for name, n in COUNTS.items() if name != "detector.bridges"}

    assert check_topics(settings_of(kafka)) == of_the_worker


def test_a_missing_topic_is_told_by_name_and_not_made(kafka: EmbeddedKafka) -> None:
    settings = settings_of(kafka, alerts_topic="alerts.of.pm3")

    with pytest.raises(ServiceError, match=r"has no topic alerts\.of\.pm3; make them with"):
        check_topics(settings)
    cluster = cluster_metadata(settings)
    assert missing_topics(cluster, ["sensor.readings", "alerts.of.pm3"]) == ["alerts.of.pm3"]


def test_one_topic_is_counted_though_others_are_missing(kafka: EmbeddedKafka) -> None:
    settings = settings_of(kafka, alerts_topic="alerts.of.pm3")

    assert partition_counts(settings, reads=["sensor.readings"]) == {"sensor.readings": 4}


def test_the_snapshots_need_as_many_partitions_as_the_readings(kafka: EmbeddedKafka) -> None:
    settings = settings_of(kafka).model_copy(
        update={"readings_topic": "detector.alerts", "alerts_topic": "sensor.readings"}
    )

    with pytest.raises(
        ServiceError, match=r"'detector\.snapshots' has 4 partitions, but .* has 3"
    ) as caught:
        check_topics(settings)
    # What is there may be the state of a plant at work.
    assert "delete" not in str(caught.value)
    assert "move to new topics, as deploy/scaling.md says" in str(caught.value)
    assert "name another topic in DETECTOR_SNAPSHOTS_TOPIC" in str(caught.value)


@pytest.mark.parametrize("setting", ["commands_topic", "replies_topic", "alert_state_topic"])
def test_what_has_one_owner_has_one_partition(kafka: EmbeddedKafka, setting: str) -> None:
    settings = settings_of(kafka).model_copy(
        update={setting: "detector.scores", "scores_topic": "detector.dead-letters"}
    )

    with pytest.raises(
        ServiceError, match=r"'detector\.scores' has 2 partitions, but .* have one"
    ) as caught:
        check_topics(settings)
    assert "delete" not in str(caught.value)
    assert f"name another topic in DETECTOR_{setting.upper()}" in str(caught.value)


def test_topics_that_are_there_are_left_as_they_are(kafka: EmbeddedKafka) -> None:
    told = list(create_topics(settings_of(kafka), partitions=8, replication=1))

    assert told[0] == "sensor.readings: is there already, with 4 partitions, not 8; left as it is"
    assert told[-1] == "detector.bridges: is there already, with 1 partition; left as it is"
    assert len(told) == 9


def test_a_broker_that_hangs_while_it_makes_a_topic_is_one_line() -> None:
    with EmbeddedKafka({"sensor.readings": 1}) as kafka:
        lines = create_topics(settings_of(kafka), partitions=1, replication=1, patience_seconds=0.2)
        assert next(lines).startswith("sensor.readings: is there already")

        os.kill(kafka.process.pid, signal.SIGSTOP)
        told = r"Kafka did not make topic 'detector\.alerts': .*Timed out"
        with pytest.raises(ServiceError, match=told):
            next(lines)
        os.kill(kafka.process.pid, signal.SIGCONT)


def test_topics_are_kept_as_long_as_they_are_needed() -> None:
    settings = Settings(broker="kafka:9092", redis_url=SecretStr("redis://redis"))
    by_name = {topic.name: topic for topic in topics(settings)}

    assert by_name["sensor.readings"].config == {
        "retention.ms": str(timedelta(days=7) // timedelta(milliseconds=1)),
        # Kafka's own clock shows which machine's clock is wrong.
        "message.timestamp.type": "LogAppendTime",
    }
    assert by_name["detector.alerts"].config["retention.ms"] == "-1"
    # Shelving is counted from when Kafka has the command.
    assert by_name["detector.commands"].config["message.timestamp.type"] == "LogAppendTime"
    # A dead letter has all that was received, and our headers besides.
    assert int(by_name["detector.dead-letters"].config["max.message.bytes"]) > 1_048_588
