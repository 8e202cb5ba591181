"""A recording that is sent while Kafka goes away has no hole in it, whatever is lost of its end."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Timer

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stream_detector.connections.settings import Settings, read_settings
from stream_detector.pipeline.readings import Record
from stream_detector.replay.publish import NotPublishedError, publish
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.subscriber import Subscriber
from tests.requirements import require_java_and_maven
from tests.small_models import START
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

N_ROWS = 3000


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[RealKafka]:
    """One that may be frozen: other tests are not waiting for it."""
    require_java_and_maven()
    with RealKafka(tmp_path / "kafka") as running:
        yield running


def settings_of(kafka: RealKafka, *, max_message_bytes: int = 1_000_000) -> Settings:
    wanted = NewTopic("sensor.readings", 1, 1, config={"max.message.bytes": str(max_message_bytes)})
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([wanted])["sensor.readings"].result(30)
    return read_settings({"DETECTOR_BROKER": kafka.bootstrap})


def row(number: int, value: bytes | None = None) -> Record:
    value = str(number).encode() if value is None else value
    return Record("", 0, number, START + timedelta(seconds=number), b"pm3", value)


def rows_in(kafka: RealKafka) -> list[int]:
    subscriber = Subscriber(kafka.bootstrap, "sensor.readings")
    rows = [int(message.value() or b"") for message in subscriber.read_to_the_end()]
    subscriber.close()
    return rows


def is_back(kafka: RealKafka) -> bool:
    """Whether it leads its partition again: after a standstill it may not at once."""
    try:
        return rows_in(kafka) != []
    except KafkaException:
        return False


@contextmanager
def frozen(kafka: RealKafka, *, seconds: float) -> Iterator[None]:
    """Let it stand still for so long from now on; at the end it is sure to answer again."""
    wake = Timer(seconds, os.kill, (kafka.pid, signal.SIGCONT))
    os.kill(kafka.pid, signal.SIGSTOP)
    wake.start()
    try:
        yield
    finally:
        wake.join()


def test_behind_a_reading_that_was_lost_there_is_none_when_kafka_comes_back(
    own_kafka: RealKafka,
) -> None:
    settings = settings_of(own_kafka)
    told: list[int] = []

    def rows() -> Iterator[Record]:
        """One every 2 ms: a third while Kafka answers, the others while it stands still."""
        for number in range(N_ROWS):
            time.sleep(0.002)
            if number == N_ROWS // 3:
                standing_still.enter_context(frozen(own_kafka, seconds=3.5))
            yield row(number)

    # Kafka comes back when the first rows have waited for too long, and the last ones have not.
    with ExitStack() as standing_still, pytest.raises(NotPublishedError) as lost:
        publish(rows(), settings, speed=None, on_published=told.append, patience_seconds=2.0)

    assert told[-1] == lost.value.n_published < N_ROWS
    wait_until(lambda: is_back(own_kafka), "Kafka is back")
    there = rows_in(own_kafka)
    assert there == list(range(len(there)))
    assert lost.value.n_published <= len(there)

    # Whoever goes on from there leaves nothing out, and what comes again is in its order.
    publish(map(row, range(lost.value.n_published, N_ROWS)), settings, speed=None)
    assert rows_in(own_kafka) == [*there, *range(lost.value.n_published, N_ROWS)]


def test_a_kafka_that_stands_still_for_less_than_the_patience_loses_nothing(
    own_kafka: RealKafka,
) -> None:
    settings = settings_of(own_kafka)

    def rows() -> Iterator[Record]:
        yield from map(row, range(1000))
        with frozen(own_kafka, seconds=3):
            yield from map(row, range(1000, 2000))
        yield from map(row, range(2000, N_ROWS))

    assert publish(rows(), settings, speed=None, patience_seconds=60.0) == N_ROWS
    assert rows_in(own_kafka) == list(range(N_ROWS))


def test_behind_a_reading_that_kafka_refuses_there_is_none(own_kafka: RealKafka) -> None:
    # It is batches that Kafka measures: all the others together are less.
    settings = settings_of(own_kafka, max_message_bytes=100_000)

    def rows() -> Iterator[Record]:
        for number in range(N_ROWS):
            time.sleep(0.0005)  # in batches
            yield row(number, os.urandom(200_000) if number == 2500 else None)

    with pytest.raises(NotPublishedError, match="too large") as lost:
        publish(rows(), settings, speed=None)

    assert 0 < lost.value.n_published <= 2500
    assert rows_in(own_kafka) == list(range(lost.value.n_published))
