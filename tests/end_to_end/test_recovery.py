"""However the worker ends, and whoever goes on: nothing is missing, and nothing but repeats is more.

What has to come out is what the pipeline makes of the same readings in one go.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Message, Producer

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.end_to_end.conftest import install
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import Server
from tests.end_to_end.subscriber import Subscriber, by_key, decoded, without_repeats
from tests.small_models import BROKEN_STEAM, CADENCE, Feed
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

LONG_AGO = datetime(2024, 5, 1, tzinfo=UTC)

MACHINES = ("pm1", "pm2", "pm3", "pm4", "pm5", "pm6")
"""More than partitions, so that some share one."""


def eventful(machine: str, *, n_faults: int) -> list[Record]:
    """What a machine sends while a fault comes and goes, and the sheet breaks now and then."""
    feed = Feed(machine, seed=MACHINES.index(machine), start=LONG_AGO)
    for number in range(n_faults):
        feed.rows(20)
        feed.rows(4, steam=BROKEN_STEAM)
        if number % 3 == 0:
            feed.tell(event="break")
            feed.pause(timedelta(minutes=40))
        feed.rows(16)
    return feed.records


def mixed(feeds: Iterable[Sequence[Record]]) -> list[Record]:
    """The machines' messages as they come in, each machine's in its order."""
    return [record for instant in zip(*feeds, strict=False) for record in instant]


def expected(bundle: Bundle, records: Iterable[Record], topic: str) -> dict[bytes, list[bytes]]:
    """What has to come out under each key of a topic."""
    thresholds = ThresholdTable(Budget(bundle.manifest.default_budget_per_day))
    outputs = Pipeline(bundle, Rules()).process(records, thresholds)
    return by_output_key(output for output in outputs if output.topic == topic)


def by_output_key(outputs: Iterable[Output]) -> dict[bytes, list[bytes]]:
    values: dict[bytes, list[bytes]] = {}
    for output in outputs:
        values.setdefault(output.key or b"", []).append(output.value or b"")
    return values


def told(messages: Iterable[Message]) -> dict[bytes, list[bytes]]:
    """What a subscriber has understood that drops repeats."""
    return by_key(without_repeats(messages))


@dataclass(frozen=True)
class Story:
    """Readings that went through several lives of the worker, and what came out."""

    records: Sequence[Record]
    alerts: Sequence[Message]
    scores: Sequence[Message]


@pytest.fixture(scope="module")
def kills(
    kafka: RealKafka,
    redis_server: RealRedis,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """A worker that is killed again and again, each time somewhere in the stream.

    Readings come in transactions, as some senders use them: their markers leave gaps of offsets.
    """
    chance = random.Random(5)
    folder = tmp_path_factory.mktemp("kills")
    installation = install(kafka, redis_server, small_bundle_folder, folder)
    records = mixed(eventful(machine, n_faults=30) for machine in MACHINES)
    send_in_transactions(installation, records, chance)

    with installation.subscriber("alerts") as alerts, installation.subscriber("scores") as scores:
        n_scores = 0
        for _ in range(3):
            with installation.worker():
                n_scores += chance.randrange(200, 2000)
                scores.wait_until(has(scores, n_scores), f"score {n_scores}")
        with installation.worker():
            installation.wait_until_done()
            alerts.read_to_the_end()
            scores.read_to_the_end()
    return Story(records, alerts.messages, scores.messages)


def send_in_transactions(
    installation: Installation, records: Sequence[Record], chance: random.Random
) -> None:
    producer = Producer(
        {"bootstrap.servers": installation.broker, "transactional.id": installation.group}
    )
    producer.init_transactions(30)
    rest = iter(records)
    while batch := [one for one, _ in zip(rest, range(chance.randrange(1, 400)), strict=False)]:
        producer.begin_transaction()
        for record in batch:
            producer.produce(installation.topics["readings"], record.value, key=record.key)
        producer.commit_transaction(30)
    # A log that ends with a marker never looks read to its end.
    for number in range(4):
        pass


def has(subscriber: Subscriber, count: int) -> "Iterator[bool]":
    raise NotImplementedError
