"""Workers of one group share the partitions, and together they say what one would."""

from pathlib import Path

import pytest

from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import eventful, understood
from tests.end_to_end.installation import N_PARTITIONS, Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

RECORDS = eventful(n_faults=5)


def test_three_workers_say_what_one_says(
    kafka: RealKafka, redis_server: RealRedis, small_bundle_folder: Path, tmp_path: Path
) -> None:
    def installation(name: str) -> Installation:
        (tmp_path / name).mkdir()
        return install(kafka, redis_server, small_bundle_folder, tmp_path / name)

    alone = installation("alone")
    alone.send(RECORDS)
    with alone.worker():
        alone.wait_until_done()

    shared = installation("shared")
    with shared.worker(), shared.worker(), shared.worker():
        wait_until(
            lambda: sorted(map(len, shared.shares().values())) == [1, 1, 2],
            "each of the three has some of the four partitions",
            limit_seconds=60,
        )
        shares = shared.shares()
        shared.send(RECORDS)
        shared.wait_until_done()
        # Nobody's share has changed meanwhile: so each has worked off its own.
        assert shared.shares() == shares
    assert shared.committed().keys() == set(range(N_PARTITIONS))

    for topic in ("alerts", "scores"):
        assert told(shared, topic) == told(alone, topic)
    assert sum(map(len, told(alone, "alerts").values())) > 50, "too few alerts to prove anything"


def told(installation: Installation, topic: str) -> dict[bytes, list[bytes]]:
    with installation.subscriber(topic) as subscriber:
        return understood(subscriber.read_to_the_end())
