"""Real servers, each started once for all tests that ask for it; a failed test shows their logs."""

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest
import redis

from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.secured_plant import Plant, run_plant
from tests.requirements import require_command, require_java_and_maven

_running: dict[str, RealKafka | RealRedis] = {}
_installed: list[Installation] = []


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    require_java_and_maven()
    with RealKafka(tmp_path_factory.mktemp("kafka")) as server:
        _running["kafka"] = server
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRedis]:
    with RealRedis(tmp_path_factory.mktemp("redis")) as server:
        _running["redis_server"] = server
        yield server


@pytest.fixture(scope="session")
def plant(
    redis_server: RealRedis, small_bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """An installation on a Kafka that wants to know who we are."""
    require_java_and_maven()
    require_command("openssl")
    folder = tmp_path_factory.mktemp("plant")
    with run_plant(redis_server, small_bundle_folder, folder) as running:
        _running["plant"] = running.kafka
        _installed.append(running.installation)
        yield running


@pytest.fixture
def installation(
    kafka: RealKafka, redis_server: RealRedis, small_bundle_folder: Path, tmp_path: Path
) -> Installation:
    """An installation with the small model, on the real servers."""
    return install(kafka, redis_server, small_bundle_folder, tmp_path)


def install(
    kafka: RealKafka,
    redis_server: RealRedis,
    bundle: Path,
    folder: Path,
    settings: Mapping[str, str] | None = None,
) -> Installation:
    """Make an installation and its topics; thresholds that others set are forgotten."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    made = Installation(
        kafka.bootstrap, redis_server.url, bundle=bundle, folder=folder, settings=settings
    )
    made.create_topics()
    _installed.append(made)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for name in _running.keys() & set(item.fixturenames):
            report.sections.append((f"log of {name}", _running[name].log_tail()))
        if _installed and "redis_server" in item.fixturenames:
            report.sections.append(("log of the workers", _installed[-1].log_tail()))
    return report
