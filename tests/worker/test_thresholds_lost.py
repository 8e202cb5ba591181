"""What people had set, where Redis lost it while no worker ran that knew of it."""

from collections.abc import Iterator

import pytest
import redis
from pydantic import SecretStr
from structlog.testing import capture_logs

from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.model_thresholds import ModelThresholds

BUNDLE = "3f9a61c04be2d718"
DEFAULT, TAKEN = Budget(6.0), Fixed(5.0)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture
def client(server: EmbeddedRedis) -> Iterator["redis.Redis"]:
    """Of a Redis that came back empty."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def store(server: EmbeddedRedis, client: "redis.Redis") -> ThresholdStore:
    del client  # has emptied it
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(server.url))
    return ThresholdStore(settings, BUNDLE)


def started(store: ThresholdStore) -> ModelThresholds:
    """What a worker knows that has just started."""
    ours = ModelThresholds(store, DEFAULT)
    ours.refresh()
    return ours


def test_each_machine_keeps_what_it_took_also_after_a_further_start(store: ThresholdStore) -> None:
    for ours in (started(store), started(store)):
        assert ours.table.of("pm3", TAKEN) == TAKEN
        assert ours.table.of("pm3", DEFAULT) == ours.table.of("pm4") == DEFAULT


@pytest.mark.parametrize("machine", ["pm3", "*"])
def test_until_it_is_cleared_or_another_one_is_set(store: ThresholdStore, machine: str) -> None:
    ours = started(store)

    store.remove(machine)
    ours.refresh()
    assert ours.table.of("pm3", TAKEN) == started(store).table.of("pm3", TAKEN) == DEFAULT

    store.put(machine, Fixed(7.0), set_by="the shift leader")
    ours.refresh()
    assert ours.table.of("pm3", TAKEN) == Fixed(7.0)


def test_what_is_set_for_all_counts_for_all(store: ThresholdStore) -> None:
    started(store)
    store.put("*", Fixed(7.0), set_by="the shift leader")

    assert started(store).table.of("pm3", TAKEN) == Fixed(7.0)


def test_what_is_removed_by_hand_while_a_worker_runs_is_not_kept(
    store: ThresholdStore, client: "redis.Redis"
) -> None:
    key = f"detector:thresholds:{BUNDLE}"
    client.hset(key, "pm3", '{"kind": "fixed", "value": 5.0}')
    ours = started(store)

    client.hdel(key, "pm3")
    ours.refresh()

    assert ours.table.of("pm3", TAKEN) == DEFAULT


def test_of_what_machines_keep_each_is_told_once(store: ThresholdStore) -> None:
    ours = started(store)

    with capture_logs() as lines:
        ours.tell_lost({"pm3": TAKEN, "pm4": DEFAULT})
        ours.tell_lost({"pm3": TAKEN, "pm4": DEFAULT, "pm5": TAKEN})

    assert [(one["event"], one["log_level"], one["machines"]) for one in lines] == [
        ("thresholds.lost", "warning", "'pm3'"),
        ("thresholds.lost", "warning", "'pm5'"),
    ]
