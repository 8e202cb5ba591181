"""What becomes of a running worker when something it needs goes away, for a while or for ever."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from confluent_kafka import Producer

from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.readings import Record
from tests.end_to_end.expectation import MACHINES, eventful, expected, feed_of, understood
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.subscriber import decoded
from tests.small_models import BROKEN_STEAM
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_without_redis_scoring_goes_on_and_after_its_return_a_change_is_adopted(
    installation: Installation, redis_server: RealRedis, small_bundle: Bundle
) -> None:
    feed, current = feed_of("pm1"), f"detector:thresholds:{small_bundle.id}:current"
    with installation.worker() as worker, installation.subscriber("scores") as scores:
        installation.run("threshold", "set", "fixed:7.5")
        wait_until(lambda: "Fixed(value=7.5)" in worker.log(), "it is adopted")

        redis_server.kill()
        wait_until(lambda: "redis.away" in worker.log(), "the worker knows that Redis is away")
        installation.send(feed.rows(5))
        assert {decoded(one)["threshold"] for one in scores.wait_for(5)} == {7.5}

        redis_server.start()
        wait_until(lambda: "redis.back" in worker.log(), "the worker knows that Redis is back")
        assert "thresholds.lost" in worker.log()
        assert "*: fixed:7.5, version 2 by" in installation.run("threshold", "show").stdout
        assert installation.run("threshold", "set", "fixed:8.5").returncode == 0
        wait_until(lambda: "Fixed(value=8.5)" in worker.log(), "it is adopted")
        installation.send(feed.rows(1))
        assert decoded(scores.wait_for(6)[-1])["threshold"] == 8.5
        assert worker.log().count("redis.away") == 1

        # Redis kept nothing; what others look at is there again.
        with redis.Redis.from_url(redis_server.url) as client:
            wait_until(
                lambda: b'"threshold":8.5' in (client.hget(current, "pm1") or b""),
                "it is told again what is in force",
            )


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(
    installation: Installation, kafka: RealKafka, small_bundle_folder: Path
) -> None:
    records = eventful(n_faults=20)
    half = len(records) // 2
    with installation.worker() as worker, installation.subscriber("scores") as scores:
        installation.send(records[:half])
        # A worker that still rebuilds its state would end, and leave the rest to its supervisor.
        scores.wait_until(
            lambda: {one.key() for one in scores.messages} == {name.encode() for name in MACHINES},
            "a score of each machine",
        )
        kafka.kill()
        wait_until(lambda: "kafka.away" in worker.log(), "the worker knows", limit_seconds=30)
        kafka.start()
        installation.send(records[half:])
        installation.wait_until_done()
        wait_until(lambda: "kafka.back" in worker.log(), "the worker knows", limit_seconds=30)
        # The client tries a hundred times a second; nobody wants to read that.
        assert len(worker.log().splitlines()) < 20

    for topic in ("alerts", "scores"):
        with installation.subscriber(topic) as subscriber:
            assert understood(subscriber.read_to_the_end()) == expected(
                small_bundle_folder, records, topic
            )


def test_sigterm_ends_the_worker_though_kafka_hangs(
    installation: Installation, kafka: RealKafka
) -> None:
    records = eventful(n_faults=30)
    with installation.worker() as worker, installation.subscriber("scores") as scores:
        installation.send(records)
        scores.wait_for(500)
        with frozen(kafka):
            assert worker.stop() == 0


@contextmanager
def frozen(kafka: RealKafka) -> Iterator[None]:
    """A broker that holds its connections, but says nothing any more."""
    os.kill(kafka.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        # Woken, it would need a while until it believes again that it is alive.
        os.kill(kafka.pid, signal.SIGCONT)
        kafka.stop()
        kafka.start()


def test_a_topic_that_is_deleted_ends_the_worker_with_its_name(installation: Installation) -> None:
    with installation.worker() as worker, installation.subscriber("scores") as scores:
        installation.send(feed_of("pm1").rows(5))
        scores.wait_for(5)
        installation.delete_topic("readings")

        assert worker.wait_for_end(limit_seconds=60) == 1
        assert f"Kafka has lost topic {installation.topics['readings']}" in worker.log()


def test_a_machine_that_falls_silent_is_told_of_before_it_speaks_again(
    installation: Installation, small_bundle_folder: Path
) -> None:
    """By a timer, with the bytes that its next reading gives too."""
    feed = feed_of("pm1")
    feed.rows(5)
    # Kafka would take what is of years ago for long over and done.
    installation.configure("readings", "retention.ms", "-1")
    installation.configure("readings", "message.timestamp.type", "CreateTime")
    with installation.worker(), installation.subscriber("alerts") as alerts:
        send_as_of_their_time(installation, feed.records)
        (silence,) = alerts.wait_for(1)
        assert (decoded(silence)["fault"], decoded(silence)["event"]) == ("silence", "began")

        feed.pause(timedelta(hours=5))
        send_as_of_their_time(installation, feed.rows(5, steam=BROKEN_STEAM))
        installation.wait_until_done()

        told = alerts.read_to_the_end()
        assert [message.value() for message in told].count(silence.value()) == 2
        assert understood(told) == expected(small_bundle_folder, feed.records, "alerts")


def send_as_of_their_time(installation: Installation, records: Iterable[Record]) -> None:
    """Send readings to a Kafka that stamps them as the sender says."""
    producer = Producer({"bootstrap.servers": installation.broker})
    for record in records:
        milliseconds = int(record.timestamp.timestamp() * 1000)
        producer.produce(
            installation.topics["readings"], record.value, record.key, timestamp=milliseconds
        )
    assert producer.flush(30) == 0
