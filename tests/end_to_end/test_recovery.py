"""However the worker ends, and whoever goes on: nothing is missing, and only repeats are more."""

import os
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from confluent_kafka import Message, Producer

from stream_detector.pipeline.readings import Record
from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import eventful, expected, feed_of, understood
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import Server
from tests.end_to_end.subscriber import decoded
from tests.small_models import BROKEN_STEAM
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@dataclass(frozen=True)
class Story:
    """Readings that went through several lives of a worker, and all that came out."""

    records: Sequence[Record]
    alerts: Sequence[Message]
    scores: Sequence[Message]
    dead_letters: Sequence[Message]


@pytest.fixture(scope="module")
def kills(
    kafka: RealKafka,
    redis_server: RealRedis,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """A worker that is killed again and again, each time somewhere in the stream.

    The readings come in transactions, as some senders write them: that leaves gaps of offsets.
    """
    chance = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("kills")
    installation = install(kafka, redis_server, small_bundle_folder, folder)
    records = eventful(n_faults=30)
    send_in_transactions(installation, records, chance)
    with (
        installation.subscriber("alerts") as alerts,
        installation.subscriber("scores") as scores,
        installation.subscriber("dead_letters") as dead_letters,
    ):
        for _ in range(3):
            with installation.worker():
                scores.wait_for(len(scores.messages) + int(chance.integers(200, 1500)))
            scores.read_to_the_end()
        with installation.worker():
            installation.wait_until_done()
        return Story(
            records,
            alerts.read_to_the_end(),
            scores.read_to_the_end(),
            dead_letters.read_to_the_end(),
        )


def send_in_transactions(
    installation: Installation, records: Sequence[Record], chance: np.random.Generator
) -> None:
    producer = Producer(
        {"bootstrap.servers": installation.broker, "transactional.id": installation.group}
    )
    producer.init_transactions(30)
    rest = iter(records)
    while batch := list(islice(rest, int(chance.integers(1, 400)))):
        producer.begin_transaction()
        for record in batch:
            producer.produce(installation.topics["readings"], record.value, key=record.key)
        producer.commit_transaction(30)


def test_kill_9_costs_no_alert_and_makes_none(kills: Story, small_bundle_folder: Path) -> None:
    assert understood(kills.alerts) == expected(small_bundle_folder, kills.records, "alerts")


def test_kill_9_costs_no_score_and_makes_none(kills: Story, small_bundle_folder: Path) -> None:
    assert understood(kills.scores) == expected(small_bundle_folder, kills.records, "scores")


def test_kill_9_repeats_something_else_it_proves_nothing(kills: Story) -> None:
    assert len(kills.scores) > len(kills.records)
    assert kills.dead_letters == []


def test_after_sigterm_the_next_worker_goes_on_and_then_has_nothing_to_do(
    installation: Installation, small_bundle_folder: Path
) -> None:
    records = eventful(n_faults=10)
    newcomer = feed_of("newcomer").rows(1)
    with installation.subscriber("alerts") as alerts, installation.subscriber("scores") as scores:
        with installation.worker() as worker:
            installation.send(records)
            scores.wait_for(300)
            assert worker.stop() == 0
        with installation.worker() as worker:
            installation.wait_until_done()
            assert worker.stop() == 0
        n_before = len(scores.read_to_the_end())
        with installation.worker():
            installation.send(newcomer)
            installation.wait_until_done()

        told_last = [decoded(one)["machine"] for one in scores.read_to_the_end()[n_before:]]
        assert told_last == ["newcomer"]
        assert understood(scores.messages) == expected(
            small_bundle_folder, [*records, *newcomer], "scores"
        )
        assert understood(alerts.read_to_the_end()) == expected(
            small_bundle_folder, records, "alerts"
        )


def test_a_log_whose_begin_is_gone_changes_nothing_where_the_state_was_kept(
    installation: Installation, small_bundle_folder: Path
) -> None:
    feed = feed_of("pm1")
    with installation.subscriber("scores") as scores:
        with installation.worker() as worker:
            installation.send(feed.rows(30))
            installation.wait_until_done()
            assert worker.stop() == 0
        installation.forget_readings_before(20)
        scores.read_to_the_end()
        with installation.worker() as worker:
            installation.send(feed.rows(10))
            installation.wait_until_done()
            assert "recovery.done" in worker.log()
            assert "recovery.log-truncated" not in worker.log()

        told = [one.value() for one in scores.read_to_the_end()]
        assert told == expected(small_bundle_folder, feed.records, "scores")[b"pm1"]


def test_two_workers_share_the_partitions_and_together_tell_the_same(
    installation: Installation, small_bundle_folder: Path
) -> None:
    records = eventful(n_faults=9)
    third = len(records) // 3
    with installation.subscriber("alerts") as alerts, installation.subscriber("scores") as scores:
        with installation.worker() as first:
            installation.send(records[:third])
            with installation.worker() as second:
                installation.send(records[third : 2 * third])
                wait_until(lambda: shared(first, second), "both have partitions", limit_seconds=30)
                installation.wait_until_done()
                assert second.stop() == 0
            installation.send(records[2 * third :])
            installation.wait_until_done()

        assert understood(scores.read_to_the_end()) == expected(
            small_bundle_folder, records, "scores"
        )
        assert understood(alerts.read_to_the_end()) == expected(
            small_bundle_folder, records, "alerts"
        )
        # Partitions are handed over with everything committed, so nothing was done twice.
        assert len(scores.messages) == sum(b'"values"' in (one.value or b"") for one in records)


def test_a_worker_that_was_frozen_wakes_and_finds_its_work_done_by_another(
    installation: Installation, small_bundle_folder: Path
) -> None:
    records = eventful(n_faults=9)
    third = len(records) // 3
    with installation.subscriber("alerts") as alerts, installation.subscriber("scores") as scores:
        with installation.worker() as sleeper, installation.worker() as other:
            installation.send(records[:third])
            scores.wait_for(100)
            os.kill(sleeper.pid, signal.SIGSTOP)
            # Kafka gives the sleeper 10 s; then the other one has all partitions.
            installation.send(records[third : 2 * third])
            installation.wait_until_done()
            os.kill(sleeper.pid, signal.SIGCONT)
            wait_until(lambda: shared(sleeper, other), "both have partitions", limit_seconds=30)
            installation.send(records[2 * third :])
            installation.wait_until_done()

        assert understood(scores.read_to_the_end()) == expected(
            small_bundle_folder, records, "scores"
        )
        assert understood(alerts.read_to_the_end()) == expected(
            small_bundle_folder, records, "alerts"
        )


def test_a_worker_that_is_stopped_in_a_rebalance_leaves_at_once(
    installation: Installation, small_bundle_folder: Path
) -> None:
    records = eventful(n_faults=3)
    with installation.subscriber("scores") as scores:
        installation.send(records)
        with installation.worker() as first, installation.worker() as second:
            installation.wait_until_done()
            # Kafka asks the other one to join anew while it is leaving itself.
            os.kill(first.pid, signal.SIGTERM)
            assert second.stop() == 0
            assert first.wait_for_end(limit_seconds=30) == 0
        assert "group.not-left" not in first.log() + second.log()

        assert understood(scores.read_to_the_end()) == expected(
            small_bundle_folder, records, "scores"
        )


def test_a_machine_that_fell_silent_is_told_of_by_a_worker_that_never_heard_it(
    installation: Installation,
) -> None:
    feed = feed_of("pm1")
    installation.configure("readings", "message.timestamp.type", "CreateTime")
    with installation.subscriber("alerts") as alerts:
        installation.send(feed.rows(5), at=datetime.now(UTC) - timedelta(hours=1))
        with installation.worker() as worker:
            alerts.wait_for(1)
            installation.wait_until_done()
            assert worker.stop() == 0
        # All is committed and nothing new comes.
        with installation.worker():
            alerts.wait_for(2)

    first, again = map(decoded, alerts.messages)
    assert (first["fault"], first["event"]) == ("silence", "began")
    assert again == first


def shared(*workers: Server) -> bool:
    """Whether each has partitions, and together they have each one once."""
    owned = [re.findall(r"partitions=\[(.*)\]", worker.log())[-1] for worker in workers]
    return all(owned) and sorted(", ".join(owned).split(", ")) == list("0123")


def test_a_batch_whose_alert_kafka_refuses_ends_the_worker_uncommitted_and_is_done_anew(
    installation: Installation, small_bundle_folder: Path
) -> None:
    feed = feed_of("pm1")
    feed.rows(20)
    installation.configure("alerts", "max.message.bytes", "200")
    with installation.subscriber("alerts") as alerts, installation.subscriber("scores") as scores:
        with installation.worker() as worker:
            installation.send(feed.records)
            installation.wait_until_done()
            installation.send(feed.rows(4, steam=BROKEN_STEAM))
            assert worker.wait_for_end(limit_seconds=30) == 1
            assert "Kafka did not take 1 messages" in worker.log()
            assert "Message size too large" in worker.log()
        assert list(installation.committed().values()) == [20]
        installation.configure("alerts", "max.message.bytes", "1000000")
        with installation.worker():
            installation.wait_until_done()

        for topic, read in ("alerts", alerts), ("scores", scores):
            assert understood(read.read_to_the_end()) == expected(
                small_bundle_folder, feed.records, topic
            )
