"""The state of a partition is brought to where its log stands, silently."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.worker.recovery import Recovery
from tests.small_models import BROKEN_STEAM, Feed

PARTITION = TopicPartition("sensor.readings", 0)
THRESHOLDS = ThresholdTable(Fixed(3.0))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A machine's log: a fault in the middle, a message that is no reading, two machines."""
    feed = Feed("pm3")
    feed.rows(20)
    feed.rows(3, steam=BROKEN_STEAM)
    feed.message(b"Guten Morgen")
    feed.rows(16)
    return feed.records


@pytest.fixture(scope="module")
def kafka(records: list[Record]) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka({"sensor.readings": 1}) as running:
        producer = Producer({"bootstrap.servers": running.bootstrap})
        for record in records:
            milliseconds = int(record.timestamp.timestamp() * 1000)
            producer.produce(record.topic, record.value, record.key, timestamp=milliseconds)
        assert producer.flush(30) == 0
        yield running


class Station:
    """A pipeline and its recovery, on a broker."""

    def __init__(self, kafka: EmbeddedKafka, bundle: Bundle) -> None:
        self.pipeline = Pipeline(bundle, Rules())
        self.recovery = Recovery(
            self.pipeline,
            lambda: AIOKafkaConsumer(
                bootstrap_servers=kafka.bootstrap,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=10,
            ),
        )

    def bring_to(self, offset: int) -> int:
        return asyncio.run(self.recovery.bring_to(PARTITION, offset, THRESHOLDS))

    def state(self) -> dict[str, Any]:
        return state_of(self.pipeline)


def state_of(pipeline: Pipeline) -> dict[str, Any]:
    return pipeline.snapshots(0)


def state_after(bundle: Bundle, records: list[Record]) -> dict[str, Any]:
    """The state of a pipeline that has judged these records, and nothing else."""
    pipeline = Pipeline(bundle, Rules())
    pipeline.judge(records, THRESHOLDS)
    return state_of(pipeline)


def test_a_partition_never_seen_before_is_read_from_the_logs_begin(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    station = Station(kafka, small_bundle)

    assert station.bring_to(23) == 23
    assert station.state() == state_after(small_bundle, records[:23])


def test_at_the_logs_begin_there_is_nothing_to_read(
    kafka: EmbeddedKafka, small_bundle: Bundle
) -> None:
    station = Station(kafka, small_bundle)

    assert station.bring_to(0) == 0
    assert station.state() == {}


def test_only_what_lies_between_is_read_when_the_batch_begins_further_on(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    station = Station(kafka, small_bundle)
    station.pipeline.judge(records[:10], THRESHOLDS)
    station.recovery.advance(PARTITION, 10)

    assert station.bring_to(30) == 30
    assert station.state() == state_after(small_bundle, records[:30])


def test_a_state_that_is_further_on_stays_as_it_is(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    station = Station(kafka, small_bundle)
    station.bring_to(30)

    assert station.bring_to(25) == 30
    assert station.state() == state_after(small_bundle, records[:30])
