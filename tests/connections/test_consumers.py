"""The consumer group, asked from outside."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition
from pydantic import SecretStr

from stream_detector.connections.consumers import has_judged
from stream_detector.connections.settings import Settings
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka


@pytest.fixture(scope="module")
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka({"sensor.readings": 2}) as running:
        yield running


def settings_of(kafka: EmbeddedKafka, group: str) -> Settings:
    return Settings(broker=kafka.bootstrap, redis_url=SecretStr("redis://redis"), group=group)


def test_a_group_has_judged_readings_once_kafka_knows_how_far_it_came(
    kafka: EmbeddedKafka,
) -> None:
    settings = settings_of(kafka, "ours")
    assert not has_judged(settings, 2)

    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "ours"})
    consumer.commit(offsets=[TopicPartition("sensor.readings", 1, 7)], asynchronous=False)
    consumer.close()

    assert has_judged(settings, 2)
    assert not has_judged(settings_of(kafka, "others"), 2)
