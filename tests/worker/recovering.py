"""A pipeline that takes a partition over, and what the broker holds of it."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer
from pydantic import SecretStr

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.bundle_store import bundle_store
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.worker.health import Health
from stream_detector.worker.model_shelf import ModelShelf
from stream_detector.worker.recovery import Recovery, Restored
from stream_detector.worker.snapshots import MARKER_KEY, Marker, Snapshot, encode
from stream_detector.worker.suspicion import Suspicion
from stream_detector.worker.thresholds import ThresholdWatch
from tests.small_models import BROKEN_STEAM, Feed

PARTITION = TopicPartition("sensor.readings", 0)
THRESHOLDS = ThresholdTable(Fixed(3.0))
STAMP = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1000)


def made_records() -> list[Record]:
    """A machine's log: a fault in the middle, a message that is no reading."""
    feed = Feed("pm3")
    feed.rows(20)
    feed.rows(3, steam=BROKEN_STEAM)
    feed.message(b"Guten Morgen")
    feed.rows(16)
    at = datetime.fromtimestamp(STAMP / 1000, UTC)
    return [record._replace(timestamp=at) for record in feed.records]


@contextmanager
def broker_with(records: Iterable[Record]) -> Iterator[EmbeddedKafka]:
    """A broker that holds this log, and no snapshots yet."""
    with EmbeddedKafka(
        {"sensor.readings": 1, "detector.snapshots": 1, "detector.alerts": 1}
    ) as running:
        send(running, "sensor.readings", [(one.key, one.value) for one in records])
        yield running


def send(
    kafka: EmbeddedKafka,
    topic: str,
    messages: Iterable[tuple[bytes | None, bytes | None]],
    partition: int = 0,
) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for key, value in messages:
        producer.produce(topic, value, key, partition=partition, timestamp=STAMP)
    assert producer.flush(30) == 0


def shelf_of(pipeline: Pipeline, bundles: Path | None = None) -> ModelShelf:
    """A shelf with the model that is at work, and those in this folder."""
    settings = Settings(
        broker="kafka:9092",
        redis_url=SecretStr("redis://127.0.0.1:1"),
        bundles=bundles and str(bundles),
    )
    store = ThresholdStore(settings, pipeline.models.first.bundle.id)
    health = Health(stall_seconds=60, began_at=0.0)
    thresholds = ThresholdWatch(
        store, THRESHOLDS.default, in_force=dict, refresh_seconds=1.0, health=health
    )
    return ModelShelf(
        settings,
        pipeline.models,
        store=bundle_store(settings),
        thresholds=thresholds,
        health=health,
    )


class Station:
    """A pipeline and its recovery, on a broker; its first consumers may ask at other places."""

    def __init__(
        self,
        kafka: EmbeddedKafka,
        bundle: Bundle,
        first: Sequence[str] = (),
        bundles: Path | None = None,
        on_progress: Callable[[], None] = lambda: None,
        readings_id: str = "",
    ) -> None:
        self.n_consumers = 0
        brokers = itertools.chain(first, itertools.repeat(kafka.bootstrap))
        self.pipeline = Pipeline(bundle, Rules())
        self.shelf = shelf_of(self.pipeline, bundles)
        self.recovery = Recovery(
            self.pipeline,
            lambda: self._make_consumer(next(brokers)),
            snapshots_topic="detector.snapshots",
            alerts_topic="detector.alerts",
            shelf=self.shelf,
            ask_readings_id=lambda: readings_id,
            on_progress=on_progress,
        )

    def _make_consumer(self, broker: str) -> AIOKafkaConsumer:
        self.n_consumers += 1
        return AIOKafkaConsumer(
            bootstrap_servers=broker,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=10,
        )

    def take_over(self, offset: int, thresholds: ThresholdTable = THRESHOLDS) -> dict[str, Any]:
        """The states of the partition's machines once it is ours, from this offset on."""
        taken = self.recovery.take_over({PARTITION: offset}, lambda: thresholds)
        self.restored = asyncio.run(taken)[0]
        assert self.recovery.positions == {PARTITION: offset}
        return states_of(self.pipeline)


def restored(
    position: int = 0, *, end: int | None = None, suspicion: Suspicion | None = None
) -> Restored:
    """What a partition without machines was taken up from, with its log read to the end."""
    return Restored(
        readings_id="",
        position=position,
        start=position,
        end=position if end is None else end,
        kept={},
        suspicion=suspicion or Suspicion(),
    )


def states_of(pipeline: Pipeline) -> dict[str, Any]:
    return {machine.name: machine.snapshot() for machine in pipeline.machines.of([0])}


def judged(
    bundle: Bundle, records: Sequence[Record], thresholds: ThresholdTable = THRESHOLDS
) -> Pipeline:
    """A pipeline that has judged these records, and nothing else."""
    pipeline = Pipeline(bundle, Rules())
    pipeline.take_in(records, thresholds)
    return pipeline


def snapshots_of(
    pipeline: Pipeline, bundle_id: str, readings_id: str = ""
) -> list[tuple[bytes, bytes]]:
    return [
        (
            one.name.encode(),
            encode(
                Snapshot(
                    bundle=bundle_id,
                    next_offset=one.next_offset,
                    state=one.snapshot(),
                    readings_id=readings_id,
                )
            ),
        )
        for one in pipeline.machines.of([0])
    ]


def marker(next_offset: int, readings_id: str = "", **machines: int) -> tuple[bytes, bytes]:
    said = Marker(next_offset=next_offset, machines=machines, readings_id=readings_id)
    return MARKER_KEY, encode(said)
