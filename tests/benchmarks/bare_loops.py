"""Loops that do nothing but read, score, send and commit, as one would write them by hand.

``python -m tests.benchmarks.bare_loops aiokafka`` (or ``confluent-kafka``) takes the worker's
settings, scores with the same pipeline and sends the same messages. It restores nothing, keeps no
state, reads no thresholds and is not watched: what the worker costs beyond it is the price of that.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer, Producer

from stream_detector.bundle.directory import read_bundle
from stream_detector.connections.consumers import aiokafka_options, group_consumer
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay import kafka_range
from stream_detector.worker.records import to_record

COMMIT_SECONDS = 1.0


class Scoring:
    """The worker's pipeline, and the topics its outputs go to."""

    def __init__(self, settings: Settings) -> None:
        assert settings.bundle is not None
        bundle = read_bundle(settings.bundle)
        self._pipeline = Pipeline(
            bundle,
            load_rules(settings.rules),
            source=f"/stream-detector/{settings.group}",
            max_clock_skew=settings.max_clock_skew,
            published_scores=settings.published_scores,
        )
        self._thresholds = ThresholdTable(Budget(bundle.manifest.default_budget_per_day))
        self.topics = {
            "alerts": settings.alerts_topic,
            "scores": settings.scores_topic,
            "dead-letters": settings.dead_letters_topic,
        }

    def __call__(self, records: Iterable[Record]) -> list[Output]:
        return self._pipeline.process(records, self._thresholds)


async def with_aiokafka(settings: Settings) -> None:
    """Read with the worker's own consumer, and send with the producer of the same library."""
    score = Scoring(settings)
    consumer = group_consumer(settings)
    consumer.subscribe([settings.readings_topic])
    producer = AIOKafkaProducer(
        **aiokafka_options(settings), acks="all", enable_idempotence=True, compression_type="lz4"
    )
    await consumer.start()
    await producer.start()
    print("begins", flush=True)  # noqa: T201 - whoever measures waits for it
    committed_at = time.monotonic()
    while True:
        fetched = await consumer.getmany(timeout_ms=500)
        outputs: list[Output] = []
        for messages in fetched.values():
            outputs += score(map(to_record, messages))
        sent = [
            await producer.send(
                score.topics[one.topic], one.value, one.key, headers=list(one.headers)
            )
            for one in outputs
        ]
        await asyncio.gather(*sent)
        if time.monotonic() - committed_at >= COMMIT_SECONDS:
            committed_at = time.monotonic()
            await consumer.commit()


def with_confluent_kafka(settings: Settings) -> None:
    """Read and send with librdkafka."""
    score = Scoring(settings)
    broker: dict[str, Any] = {"bootstrap.servers": settings.bootstrap_servers}
    group = {"group.id": settings.group, "auto.offset.reset": "earliest"}
    consumer = Consumer({**broker, **group, "enable.auto.commit": False})
    consumer.subscribe([settings.readings_topic])
    producer = Producer({**broker, "enable.idempotence": True, "compression.type": "lz4"})
    print("begins", flush=True)  # noqa: T201 - whoever measures waits for it
    committed_at, is_committed = time.monotonic(), True
    while True:
        messages = consumer.consume(settings.max_batch, timeout=0.5)
        is_committed = is_committed and not messages
        for one in score(map(kafka_range.record_of, messages)):
            producer.produce(score.topics[one.topic], one.value, one.key, headers=list(one.headers))
        producer.flush()
        if not is_committed and time.monotonic() - committed_at >= COMMIT_SECONDS:
            committed_at, is_committed = time.monotonic(), True
            consumer.commit(asynchronous=False)


LOOPS: dict[str, Callable[[Settings], object]] = {
    "aiokafka": lambda settings: asyncio.run(with_aiokafka(settings)),
    "confluent-kafka": with_confluent_kafka,
}

if __name__ == "__main__":
    LOOPS[sys.argv[1]](read_settings())
