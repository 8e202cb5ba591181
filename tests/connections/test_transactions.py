"""The producer of transactions: what it says where it cannot write."""

import asyncio

import pytest

from stream_detector.connections.settings import Settings
from stream_detector.connections.transactions import TransactionalProducer
from stream_detector.errors import ServiceError
from tests.end_to_end.server import free_port


def test_a_kafka_that_is_away_does_not_answer_and_forbids_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_PATIENCE_SECONDS", "_TRY_SECONDS"):
        monkeypatch.setattr(f"stream_detector.connections.transactions.{name}", 0.1)
    producer = TransactionalProducer(Settings(broker=f"127.0.0.1:{free_port()}"), "mill-book")

    with pytest.raises(ServiceError, match=r"^Kafka does not answer what 'mill-book' writes: "):
        asyncio.run(producer.take_over())
