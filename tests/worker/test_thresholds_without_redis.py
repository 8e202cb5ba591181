"""The worker's thresholds while Redis is away or refuses us: at the start, and later."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr
from structlog.testing import capture_logs

from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget, Fixed, Threshold
from stream_detector.errors import RefusedError, ServiceError
from stream_detector.pipeline.thresholds import InForce
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.health import Health
from stream_detector.worker.thresholds import ThresholdWatch
from tests.waiting import wait_until

BUNDLE = "3f9a61c04be2d718"
DEFAULT, TAKEN, WANTED = Budget(6.0), Fixed(9.0), Fixed(3.1)
IN_FORCE = {"pm3": InForce(2.9, 0.2, datetime(2026, 11, 22, 3, 10, tzinfo=UTC))}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


class CountedWatch(ThresholdWatch):
    """Counts how often it has looked."""

    n_looks = 0

    def refresh(self) -> None:
        self.n_looks += 1
        super().refresh()


@dataclass
class Site:
    """A Redis that can be away, what is wanted there, and the worker's watch on it."""

    server: EmbeddedRedis
    path: Path
    credentials: str = ""
    health: Health = field(default_factory=lambda: Health(stall_seconds=60, began_at=0.0))

    def __post_init__(self) -> None:
        self.store = self._store(self.server.url)
        self.watch = CountedWatch(
            self._store(f"unix://{self.path}{self.credentials}"),
            DEFAULT,
            in_force=lambda: {BUNDLE: IN_FORCE},
            refresh_seconds=0.01,
            health=self.health,
        )

    def _store(self, url: str) -> ThresholdStore:
        settings = Settings(broker="kafka:9092", redis_url=SecretStr(url))
        return ThresholdStore(settings, BUNDLE)

    def wanted_of(self, machine: str, taken: Threshold | None = None) -> Threshold:
        return self.watch.tables.for_model(BUNDLE).of(machine, taken)

    def come(self) -> None:
        """Let Redis be there from now on."""
        self.path.symlink_to(self.server.url.removeprefix("unix://"))

    def go(self) -> None:
        self.path.unlink()
        with redis.Redis.from_url(self.server.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)

    async def wait_for_looks(self, *, fault: str | None) -> None:
        """Let the watch look on for a while, until it has looked 20 times with this outcome."""

        def found() -> bool:
            return self.health.redis_fault == fault

        await asyncio.to_thread(wait_until, found, f"Redis {fault or 'answers'}")
        until = self.watch.n_looks + 20
        await asyncio.to_thread(wait_until, lambda: self.watch.n_looks >= until, "it looks on")
        assert found()


@pytest.fixture
def site(server: EmbeddedRedis, tmp_path: Path) -> Site:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return Site(server, tmp_path / "redis.sock")


def test_a_start_without_redis_leaves_machines_what_they_took_and_new_ones_the_default(
    site: Site,
) -> None:
    with capture_logs() as lines:
        site.watch.begin(is_first_start=lambda: True)

    assert site.wanted_of("pm3", TAKEN) == TAKEN
    assert site.wanted_of("pm3") == DEFAULT
    assert (site.health.redis_fault, site.health.thresholds_at) == ("does not answer", None)
    assert [(line["event"], line["log_level"], line["keeping"]) for line in lines] == [
        ("redis.away", "warning", f"what machines took before; new ones take {DEFAULT}")
    ]


def test_when_redis_comes_what_is_wanted_there_counts(site: Site) -> None:
    site.store.put("pm3", WANTED, set_by="the shift leader")
    site.store.remove("pm4")
    site.watch.begin(is_first_start=lambda: True)

    site.come()
    site.watch.refresh()

    assert site.wanted_of("pm3", TAKEN) == WANTED
    assert site.wanted_of("pm4", TAKEN) == DEFAULT
    assert site.store.read().keys() == {"pm3", "*"}  # the default was offered


def test_when_redis_goes_the_last_thresholds_stay(site: Site) -> None:
    site.store.put("pm3", WANTED, set_by="the shift leader")
    site.come()
    site.watch.begin(is_first_start=lambda: True)

    site.go()
    with pytest.raises(ServiceError, match="does not answer"):
        site.watch.refresh()

    assert site.wanted_of("pm3", TAKEN) == WANTED


def test_an_outage_is_told_once_and_after_it_all_is_published_again(site: Site) -> None:
    async def story() -> None:
        site.watch.begin(is_first_start=lambda: True)
        await site.watch.start()
        await site.wait_for_looks(fault="does not answer")
        site.come()
        await site.wait_for_looks(fault=None)
        assert site.store.read_current() == IN_FORCE
        site.go()
        with redis.Redis.from_url(site.server.url) as client:
            client.flushall()
        await site.wait_for_looks(fault="does not answer")
        site.come()
        await site.wait_for_looks(fault=None)
        assert site.store.read_current() == IN_FORCE
        await site.watch.stop()

    with capture_logs() as lines:
        asyncio.run(story())

    told = [line["event"] for line in lines if line["event"].startswith("redis.")]
    assert told == ["redis.away", "redis.back", "redis.away", "redis.back"]


def refusing(server: EmbeddedRedis, path: Path) -> Site:
    site = Site(server, path, credentials="?username=nobody&password=hunter2")
    site.come()
    return site


def test_a_refused_password_ends_the_very_first_start(
    server: EmbeddedRedis, tmp_path: Path
) -> None:
    site = refusing(server, tmp_path / "redis.sock")

    with pytest.raises(RefusedError, match=r"Redis refuses us: .*; correct the user and password"):
        site.watch.begin(is_first_start=lambda: True)


def test_a_refused_password_is_told_loudly_at_a_later_start_which_goes_on(
    server: EmbeddedRedis, tmp_path: Path
) -> None:
    site = refusing(server, tmp_path / "redis.sock")

    with capture_logs() as lines:
        site.watch.begin(is_first_start=lambda: False)

    assert site.wanted_of("pm3", TAKEN) == TAKEN
    assert site.health.redis_fault == "refuses us"
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("redis.refuses", "error")
    assert "hunter2" not in str(line)


def test_what_may_be_read_but_not_written_is_read(site: Site, tmp_path: Path) -> None:
    site.store.put("pm3", WANTED, set_by="the shift leader")
    with redis.Redis.from_url(site.server.url) as client:
        client.acl_setuser(
            "guest",
            enabled=True,
            passwords=["+welcome"],
            keys=["*"],
            commands=["+@read", "+@connection", "+@transaction"],
        )
    guest = Site(
        site.server, tmp_path / "guest.sock", credentials="?username=guest&password=welcome"
    )
    guest.come()
    guest.watch.begin(is_first_start=lambda: False)
    with pytest.raises(RefusedError, match="permission"):
        guest.watch.refresh()

    assert guest.wanted_of("pm3", TAKEN) == WANTED
