"""Real servers, each started once for all tests that ask for it; a failed test shows their logs."""

from collections.abc import Generator, Iterator

import pytest

from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.requirements import require_java_and_maven

_running: dict[str, RealKafka | RealRedis] = {}


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for name in _running.keys() & set(item.fixturenames):
            report.sections.append((f"log of {name}", _running[name].log_tail()))
    return report
