"""The servers that the other end-to-end tests stand on do what these expect of them."""

import uuid
from collections.abc import Sequence

import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.waiting import wait_until


def new_topic(kafka: RealKafka) -> str:
    topic = f"readings-{uuid.uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(30)
    return topic


def produce(kafka: RealKafka, topic: str, values: Sequence[bytes]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0, "not everything was delivered"


def read_all(kafka: RealKafka, topic: str, *, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "not used"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [message.value() for message in consumer.consume(count, timeout=30)]
    finally:
        consumer.close()


@pytest.mark.kafka
def test_kafka_gives_back_what_was_produced_in_order(kafka: RealKafka) -> None:
    topic = new_topic(kafka)

    produce(kafka, topic, [b"a", b"b", b"c"])

    assert read_all(kafka, topic, count=3) == [b"a", b"b", b"c"]


@pytest.mark.kafka
def test_kafka_still_has_the_data_after_kill_9(kafka: RealKafka) -> None:
    topic = new_topic(kafka)
    produce(kafka, topic, [b"before"])

    kafka.kill()
    kafka.start()
    produce(kafka, topic, [b"after"])

    assert read_all(kafka, topic, count=2) == [b"before", b"after"]


@pytest.mark.redis
def test_redis_gives_back_what_was_set(redis_server: RealRedis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("threshold", "3.1")

        assert client.get("threshold") == b"3.1"


@pytest.mark.redis
def test_redis_is_empty_after_a_restart(redis_server: RealRedis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("threshold", "3.1")

        redis_server.kill()
        redis_server.start()

        assert client.get("threshold") is None


def test_waiting_ends_with_the_condition_or_tells_what_did_not_come() -> None:
    wait_until(lambda: True, "a condition that holds")

    with pytest.raises(AssertionError, match="not within 0 s: snow in July"):
        wait_until(lambda: False, "snow in July", limit_seconds=0)
