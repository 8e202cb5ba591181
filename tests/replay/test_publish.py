"""``publish`` ends well only when Kafka has every reading."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from stream_detector.connections.settings import Settings, read_settings
from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record
from stream_detector.replay.publish import publish
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.end_to_end.subscriber import Subscriber
from tests.small_models import START


@pytest.fixture
def kafka() -> Iterator[EmbeddedKafka]:
    # Nothing else is asked of a sender: neither the other topics nor Redis.
    with EmbeddedKafka({"sensor.readings": 1}) as running:
        yield running


def settings_of(kafka: EmbeddedKafka) -> Settings:
    return read_settings({"DETECTOR_BROKER": kafka.bootstrap})


def a_second_apart(*values: bytes) -> list[Record]:
    return [
        Record("a recording", 0, row, START + timedelta(seconds=row), b"pm3", value)
        for row, value in enumerate(values)
    ]


def values_in(kafka: EmbeddedKafka) -> list[bytes]:
    subscriber = Subscriber(kafka.bootstrap, "sensor.readings")
    values = [message.value() or b"" for message in subscriber.read_to_the_end()]
    subscriber.close()
    return values


def test_readings_are_in_the_topic_in_their_order_when_it_returns(kafka: EmbeddedKafka) -> None:
    told: list[int] = []
    records = a_second_apart(b"1", b"2", b"3")

    n_delivered = publish(records, settings_of(kafka), speed=1e6, on_published=told.append)

    assert n_delivered == 3
    assert values_in(kafka) == [b"1", b"2", b"3"]
    assert told == [1, 2, 3]


def test_of_a_broker_that_goes_away_it_is_told_how_many_readings_it_has(
    kafka: EmbeddedKafka,
) -> None:
    settings = settings_of(kafka)

    def until_the_broker_ends() -> Iterator[Record]:
        yield from a_second_apart(b"1", b"2", b"3")
        kafka.process.stop()
        yield from a_second_apart(b"4", b"5")

    told = r"Kafka did not take a reading: .*timed out; of [45] sent it has [0-3]$"
    with pytest.raises(ServiceError, match=told):
        publish(until_the_broker_ends(), settings, speed=None, delivery_timeout_seconds=0.5)


def test_a_reading_that_is_too_long_for_kafka_ends_it_with_what_kafka_has(
    kafka: EmbeddedKafka,
) -> None:
    records = a_second_apart(b"1", bytes(1_100_000), b"3")

    told = r"Kafka did not take a reading: .*too large; of 2 sent it has 1$"
    with pytest.raises(ServiceError, match=told):
        publish(records, settings_of(kafka), speed=None)

    assert values_in(kafka) == [b"1"]
