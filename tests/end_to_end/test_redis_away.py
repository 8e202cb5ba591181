"""A worker that starts while something is wrong with Redis: it scores by what it knows."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.readings import Record
from tests.end_to_end.expectation import expected, feed_of, understood
from tests.end_to_end.healthz import wait_for_health
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import free_port
from tests.small_models import BROKEN_STEAM, Feed
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

PASSWORD, WRONG = "Tr0ub4dor-3", "hunter2"


def install(kafka: RealKafka, redis_url: str, bundle: Path, folder: Path) -> Installation:
    made = Installation(
        kafka.bootstrap,
        redis_url,
        bundle=bundle,
        folder=folder,
        settings={"health_port": str(free_port())},
    )
    made.create_topics()
    return made


def port_of(installation: Installation) -> str:
    return installation.environment()["DETECTOR_HEALTH_PORT"]


def test_the_first_start_may_be_without_redis_and_what_is_wanted_counts_when_it_comes(
    kafka: RealKafka, small_bundle: Bundle, small_bundle_folder: Path, tmp_path: Path
) -> None:
    server, feed = RealRedis(tmp_path / "redis"), feed_of("pm1")
    installation = install(kafka, server.url, small_bundle_folder, tmp_path)
    port, current = port_of(installation), f"detector:thresholds:{small_bundle.id}:current"
    with installation.worker() as worker, installation.subscriber("scores") as scores:
        installation.send(feed.rows(20))
        scores.wait_for(20)
        assert understood(scores.messages) == expected(small_bundle_folder, feed.records, "scores")
        told = wait_for_health(port, lambda told: told["lag"] == 0)
        assert (told["status"], told["thresholds_age_s"]) == ("degraded", None)
        assert told["reasons"] == [
            "Redis does not answer since the start: machines keep their thresholds, "
            "new ones take the bundle's"
        ]

        with server, redis.Redis.from_url(server.url) as client:
            wait_for_health(port, lambda told: told["status"] == "ok")
            wait_until(lambda: client.hexists(current, "pm1"), "it is told what is in force")
            installation.run("threshold", "set", "fixed:7.5", "--machine", "pm1")
            wait_until(lambda: "Fixed(value=7.5)" in worker.log(), "it is adopted")
            installation.send(feed.rows(20))
            by_it = [b'"threshold":7.5,' in (one.value() or b"") for one in scores.wait_for(40)]
            assert by_it == [False] * 20 + [True] * 20
            assert [worker.log().count(f"redis.{one}") for one in ("away", "back")] == [1, 1]


@dataclass
class Site:
    """An installation where pm1 has taken a threshold of its own, and all that was sent there."""

    installation: Installation
    server: RealRedis
    key: str
    pm1: Feed = field(default_factory=lambda: feed_of("pm1"))
    sent: list[Record] = field(default_factory=list)

    def send(self, *feeds: Feed) -> None:
        """Send readings of machines, with faults among them, and wait until they are judged."""
        for feed in feeds:
            records = [*feed.rows(12), *feed.rows(4, steam=BROKEN_STEAM), *feed.rows(4)]
            self.installation.send(records)
            self.sent += records
        self.installation.wait_until_done()

    def admin(self) -> redis.Redis:
        return redis.Redis.from_url(self.server.url)

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()
        self.let_in()  # users it keeps only in memory

    def freeze(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.server.pid, signal.SIGCONT)

    def let_in(self, password: str = PASSWORD) -> None:
        with self.admin() as client:
            client.acl_setuser(
                "worker",
                enabled=True,
                reset_passwords=True,
                passwords=[f"+{password}"],
                keys=["detector:*"],
                commands=["+@all"],
            )

    def shut_out(self) -> None:
        self.let_in(WRONG)

    def garble(self) -> None:
        with self.admin() as client:
            client.hset(self.key, "pm1", "high")

    def put_right(self) -> None:
        self.installation.run("threshold", "set", "fixed:7.5", "--machine", "pm1")


@pytest.fixture(scope="module")
def site(
    kafka: RealKafka,
    small_bundle: Bundle,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with RealRedis(folder / "redis", keeps_data=True) as server:
        url = server.url.replace("//", f"//worker:{PASSWORD}@")
        installation = install(kafka, url, small_bundle_folder, folder)
        made = Site(installation, server, f"detector:thresholds:{small_bundle.id}")
        made.let_in()
        made.put_right()
        with installation.worker() as worker:
            made.send(made.pm1)
            assert worker.stop() == 0
        yield made


FAULTS: dict[str, tuple[Callable[[Site], None], Callable[[Site], None], str]] = {
    "is away": (Site.kill, Site.start, "redis.away"),
    "never answers": (Site.freeze, Site.wake, "redis.away"),
    "refuses us": (Site.shut_out, Site.let_in, "redis.refuses"),
    "holds garbage": (Site.garble, Site.put_right, "threshold.refused"),
}
"""What is wrong with Redis; how it comes about and is put right, and what the worker says."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_restart_changes_no_threshold_whatever_is_wrong_with_redis(
    site: Site, fault: str
) -> None:
    begin, end, says = FAULTS[fault]
    installation, newcomer = site.installation, feed_of(fault.replace(" ", "-"))
    port = port_of(installation)
    begin(site)
    with installation.worker() as worker:
        site.send(site.pm1, newcomer)
        told = wait_for_health(port, lambda told: told["status"] == "degraded")
        assert len(told["reasons"]) == 1
        end(site)
        wait_for_health(port, lambda told: told["status"] == "ok")
        site.send(site.pm1, newcomer)
        assert worker.stop() == 0

    for topic in ("alerts", "scores"):
        with installation.subscriber(topic) as subscriber:
            assert understood(subscriber.read_to_the_end()) == expected(
                installation.bundle, site.sent, topic, pm1=Fixed(7.5)
            )
    assert sum(says in line for line in worker.log().splitlines()) == 1
    assert [secret for secret in (PASSWORD, WRONG) if secret in worker.log()] == []


def test_a_redis_that_never_answers_holds_up_neither_start_nor_stop(
    kafka: RealKafka, small_bundle_folder: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        installation = install(kafka, url, small_bundle_folder, tmp_path)
        began = time.monotonic()
        with installation.worker() as worker, installation.subscriber("scores") as scores:
            installation.send(feed_of("pm1").rows(5))
            scores.wait_for(5)
            started = time.monotonic()
            assert worker.stop() == 0
            stopped = time.monotonic()

    assert started - began < 30  # 4 of them for Redis; the rest is the machine's
    assert stopped - started < 15
