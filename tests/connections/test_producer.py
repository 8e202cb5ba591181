"""The producer: a batch is sent when Kafka has every message of it."""

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from stream_detector.connections.producer import ConfirmedProducer
from stream_detector.connections.settings import Settings
from stream_detector.pipeline.messages import Output
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.end_to_end.subscriber import Subscriber, headers

TOPICS = ("sensor.readings", "detector.alerts", "detector.scores", "detector.dead-letters")


@pytest.fixture(scope="module")
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(dict.fromkeys(TOPICS, 1)) as running:
        yield running


def send(kafka: EmbeddedKafka, *outputs: Output) -> None:
    settings = Settings(broker=kafka.bootstrap, redis_url=SecretStr("redis://redis"))
    asyncio.run(ConfirmedProducer(settings).send(outputs, (("emitted_at", b"now"),)))


def test_outputs_are_in_their_topics_when_send_returns(kafka: EmbeddedKafka) -> None:
    send(
        kafka,
        Output("alerts", b"pm3/sheet-break", b"{}", (("ce_id", b"1"),)),
        Output("scores", b"pm3", b"[]"),
        Output("dead-letters", None, None, (("reason_code", b"empty"),)),
    )

    for topic, key, value, told in (
        ("detector.alerts", b"pm3/sheet-break", b"{}", {"ce_id": "1", "emitted_at": "now"}),
        ("detector.scores", b"pm3", b"[]", {}),
        ("detector.dead-letters", None, None, {"reason_code": "empty", "emitted_at": "now"}),
    ):
        subscriber = Subscriber(kafka.bootstrap, topic)
        (message,) = subscriber.read_to_the_end()
        subscriber.close()
        assert (message.key(), message.value(), headers(message)) == (key, value, told)
