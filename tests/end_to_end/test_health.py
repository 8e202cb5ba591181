"""A worker that only seems to work ends, and ``/healthz`` tells how it is."""

import json
import os
import re
import signal
from urllib.request import urlopen

import pytest

from tests.end_to_end.chaos import broken
from tests.end_to_end.expectation import feed_of
from tests.end_to_end.healthz import wait_for_health
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import free_port
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hangs", "5 readings wait, and none was judged"),
        # Then nothing gets on: whatever was seen last to do so is told.
        ("blocks", "5 readings wait, and none was judged|the alert book stands still"),
    ],
)
def test_a_worker_that_judges_nothing_ends(
    installation: Installation, fault: str, reason: str
) -> None:
    with installation.worker(broken(fault), stall_seconds="3") as worker:
        wait_until(lambda: "book.taken-up" in worker.log(), "it has the book", limit_seconds=20)
        installation.send(feed_of("pm1").rows(5))

        assert worker.wait_for_end(limit_seconds=40) == 1
        assert "watchdog.ending" in worker.log()
        assert re.search(reason, worker.log())


def test_healthz_tells_how_the_worker_is(
    installation: Installation, kafka: RealKafka, redis_server: RealRedis
) -> None:
    port = str(free_port())
    with installation.worker(health_port=port):
        installation.send(feed_of("pm1").rows(5))
        facts = wait_for_health(port, lambda told: told["status"] == "ok" and told["commit_age_s"])
        assert (facts["partitions"], facts["lag"]) == ([0, 1, 2, 3], 0)
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            assert json.load(answer) == {"ready": True}
        assert facts["thresholds_age_s"] < 10
        wait_for_health(port, lambda told: told["book_is_ours"] and told["book_age_s"] < 2)

        redis_server.kill()
        facts = wait_for_health(port, lambda told: told["status"] == "degraded")
        assert facts["reasons"] == ["Redis does not answer: the last thresholds stay in force"]
        redis_server.start()
        wait_for_health(port, lambda told: told["status"] == "ok")

        os.kill(kafka.pid, signal.SIGSTOP)
        try:
            facts = wait_for_health(port, lambda told: told["status"] == "degraded")
            assert facts["reasons"] == ["Kafka does not answer"]
        finally:
            os.kill(kafka.pid, signal.SIGCONT)
            kafka.stop()
            kafka.start()
