"""The worker's copy of the thresholds: what it adopts, what it refuses, and what it says of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from structlog.testing import capture_logs

from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.health import Health
from stream_detector.worker.thresholds import ThresholdWatch

BUNDLE = "3f9a61c04be2d718"
DEFAULT = Budget(6.0)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture
def hash_of_thresholds(server: EmbeddedRedis) -> Iterator["Hash"]:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield Hash(client)


class Hash:
    """The hash in Redis, written past the command line and its checks."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def write(self, machine: str, entry: str) -> None:
        self._client.hset(f"detector:thresholds:{BUNDLE}", machine, entry)

    def entries(self) -> dict[Any, Any]:
        return self._client.hgetall(f"detector:thresholds:{BUNDLE}")

    def lose_everything(self) -> None:
        """As a Redis that kept nothing on disk and was started again."""
        self._client.flushall()

    def remove(self, machine: str) -> None:
        self._client.hdel(f"detector:thresholds:{BUNDLE}", machine)


@pytest.fixture
def watch(server: EmbeddedRedis) -> ThresholdWatch:
    return watch_at(server.url)


def store_at(url: str) -> ThresholdStore:
    return ThresholdStore(Settings(broker="kafka:9092", redis_url=SecretStr(url)), BUNDLE)


def watch_at(url: str, *, health: Health | None = None) -> ThresholdWatch:
    return ThresholdWatch(
        store_at(url),
        DEFAULT,
        in_force=dict,
        refresh_seconds=1.0,
        health=health or Health(stall_seconds=60, began_at=0.0),
    )


def fixed(value: float) -> str:
    return f'{{"kind": "fixed", "value": {value}}}'


def test_where_nobody_set_anything_the_bundles_budget_counts(
    watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    del hash_of_thresholds  # is empty
    watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == DEFAULT


def test_a_change_is_adopted_and_told_once(watch: ThresholdWatch, hash_of_thresholds: Hash) -> None:
    watch.refresh()
    hash_of_thresholds.write("pm3", fixed(3.1))

    with capture_logs() as lines:
        watch.refresh()
        watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == Fixed(3.1)
    assert lines == [
        {
            "event": "threshold.adopted",
            "log_level": "info",
            "machine": "pm3",
            "threshold": "Fixed(value=3.1)",
            "bundle": BUNDLE,
        }
    ]


def test_a_threshold_that_is_cleared_gives_way_to_that_for_all(
    watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    hash_of_thresholds.write("*", fixed(2.5))
    hash_of_thresholds.write("pm3", fixed(3.1))
    watch.refresh()

    hash_of_thresholds.remove("pm3")
    with capture_logs() as lines:
        watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == Fixed(2.5)
    assert [(line["machine"], line["threshold"]) for line in lines] == [("pm3", "Fixed(value=2.5)")]


def test_what_redis_lost_stays_in_force_and_is_put_back(
    server: EmbeddedRedis, watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    watch.refresh()
    store_at(server.url).put("pm3", Fixed(5.0), set_by="the shift leader")
    watch.refresh()
    before = hash_of_thresholds.entries()

    hash_of_thresholds.lose_everything()
    with capture_logs() as lines:
        watch.refresh()
        watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == Fixed(5.0)
    assert hash_of_thresholds.entries() == before  # the default for all among them
    assert [(line["event"], line["log_level"], line["machines"]) for line in lines] == [
        ("thresholds.lost", "warning", "'*', 'pm3'")
    ]


def test_the_default_of_a_worker_that_started_on_an_empty_redis_gives_way(
    server: EmbeddedRedis, watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    watch.refresh()
    store_at(server.url).put("*", Fixed(5.0), set_by="the shift leader")
    watch.refresh()

    hash_of_thresholds.lose_everything()
    newcomer = watch_at(server.url)
    newcomer.refresh()
    watch.refresh()
    newcomer.refresh()

    assert (
        watch.tables.for_model(BUNDLE).of("pm3")
        == newcomer.tables.for_model(BUNDLE).of("pm3")
        == Fixed(5.0)
    )


def test_what_somebody_set_on_an_empty_redis_counts(
    server: EmbeddedRedis, watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    store_at(server.url).put("pm3", Fixed(5.0), set_by="the shift leader")
    store_at(server.url).put("pm3", Fixed(6.0), set_by="the shift leader")
    watch.refresh()

    hash_of_thresholds.lose_everything()
    store_at(server.url).put("pm3", Fixed(7.0), set_by="the shift leader")
    watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == Fixed(7.0)


@pytest.mark.parametrize("machine", ["pm3", "*"])
def test_what_was_cleared_is_not_lost(
    server: EmbeddedRedis, watch: ThresholdWatch, hash_of_thresholds: Hash, machine: str
) -> None:
    store_at(server.url).put(machine, Fixed(5.0), set_by="the shift leader")
    watch.refresh()

    store_at(server.url).remove(machine)
    with capture_logs() as lines:
        watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == DEFAULT
    assert machine.encode() not in hash_of_thresholds.entries()
    assert [line["event"] for line in lines] == ["threshold.adopted"]


@pytest.mark.parametrize("bad", [fixed(0), fixed(-1), "3.1", "", '{"kind": "fixed"}', "\x00"])
def test_a_wrong_entry_is_told_once_and_the_last_good_one_stays(
    watch: ThresholdWatch, hash_of_thresholds: Hash, bad: str
) -> None:
    hash_of_thresholds.write("pm3", fixed(3.1))
    watch.refresh()

    hash_of_thresholds.write("pm3", bad)
    with capture_logs() as lines:
        watch.refresh()
        hash_of_thresholds.write("pm4", fixed(4.1))
        watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3") == Fixed(3.1)
    assert watch.tables.for_model(BUNDLE).of("pm4") == Fixed(4.1)
    refused = [line for line in lines if line["event"] == "threshold.refused"]
    assert [(line["log_level"], line["machine"], line["keeping"]) for line in refused] == [
        ("error", "pm3", "Fixed(value=3.1)")
    ]


def test_a_wrong_entry_that_we_never_saw_good_leaves_the_machine_what_it_took_before(
    watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    hash_of_thresholds.write("*", fixed(2.5))
    hash_of_thresholds.write("pm3", fixed(0))

    with capture_logs() as lines:
        watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3", Fixed(3.1)) == Fixed(3.1)
    assert watch.tables.for_model(BUNDLE).of("pm3") == Fixed(2.5)
    assert watch.tables.for_model(BUNDLE).of("pm4", Fixed(3.1)) == Fixed(2.5)
    (refused,) = [line for line in lines if line["event"] == "threshold.refused"]
    assert refused["keeping"] == "what was taken before, else Fixed(value=2.5)"


def test_a_wrong_entry_for_all_leaves_each_machine_what_it_took_before(
    watch: ThresholdWatch, hash_of_thresholds: Hash
) -> None:
    hash_of_thresholds.write("*", "\x00")
    hash_of_thresholds.write("pm3", fixed(3.1))

    watch.refresh()

    assert watch.tables.for_model(BUNDLE).of("pm3", Fixed(9.0)) == Fixed(3.1)
    assert watch.tables.for_model(BUNDLE).of("pm4", Fixed(9.0)) == Fixed(9.0)
    assert watch.tables.for_model(BUNDLE).of("pm4") == DEFAULT


def test_health_tells_of_wrong_entries_until_they_are_put_right(
    server: EmbeddedRedis, hash_of_thresholds: Hash
) -> None:
    health = Health(stall_seconds=60, began_at=0.0)
    watch = watch_at(server.url, health=health)
    hash_of_thresholds.write("pm3", fixed(0))
    watch.refresh()
    assert health.unreadable_thresholds == {"pm3"}

    hash_of_thresholds.write("pm3", fixed(3.1))
    watch.refresh()
    assert health.unreadable_thresholds == frozenset()
