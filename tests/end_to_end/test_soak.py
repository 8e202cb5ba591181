"""Whatever happens to workers, broker and Redis: what comes out is what one replay gives.

A short run; ``make soak`` runs longer ones. That it would find a fault is proved by workers that
have one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.chaos import broken
from tests.end_to_end.conftest import install
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.soak import soak

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


Servers = tuple[Installation, RealKafka, RealRedis]


@pytest.fixture
def servers(small_bundle_folder: Path, tmp_path: Path) -> Iterator[Servers]:
    """Of our own: others must not lose theirs."""
    with (
        RealKafka(tmp_path / "kafka") as kafka,
        RealRedis(tmp_path / "redis", keeps_data=True) as redis,
    ):
        yield install(kafka, redis, small_bundle_folder, tmp_path), kafka, redis


def test_nothing_is_missing_nothing_extra_and_nothing_different(servers: Servers) -> None:
    found, happened = soak(*servers, seconds=30, seed=5)

    assert found.is_clean, f"{found} after {happened}"
    assert found.expected > 5000
    assert happened["kill -9"] > 1, "hardly anything happened, so hardly anything was proved"
    assert happened["worker began without Redis"]


def test_states_that_are_kept_before_the_delivery_are_found(servers: Servers) -> None:
    found, _ = soak(*servers, seconds=12, seed=5, command=broken("snapshots-first"))

    assert found.missing


def test_states_that_are_not_brought_up_to_date_are_found(servers: Servers) -> None:
    found, _ = soak(*servers, seconds=20, seed=5, command=broken("no-catch-up"))

    assert found.different or found.missing or found.extra
