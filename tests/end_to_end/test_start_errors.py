"""What is missing or wrong ends the worker at its start, with a line that says what to do."""

import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from stream_detector.bundle.directory import Bundle
from tests.end_to_end.conftest import install
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import free_port

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

SECRET = "hunter2"  # noqa: S105


@dataclass(frozen=True)
class Case:
    """Settings that are not as they should be, and what is said of them."""

    settings: Mapping[str, str | None]
    says: str


CASES = {
    "no broker": Case(
        {"broker": "kafka://127.0.0.1:{free_port}"},
        "no Kafka broker answers at 127.0.0.1:{free_port}: .*; "
        "start it, or correct DETECTOR_BROKER",
    ),
    "missing topic": Case(
        {"alerts_topic": "nobody.made.it"},
        "Kafka at {broker} has no topic nobody.made.it; "
        "make them with `stream-detector topics create`, or correct",
    ),
    "states deleted by age": Case(
        {"snapshots_topic": "{scores}", "scores_topic": "{snapshots}"},
        ".*topic '{scores}' has cleanup.policy=delete, but must have compact: .*; set it with",
    ),
    "readings compacted": Case(
        {"readings_topic": "{snapshots}", "snapshots_topic": "{readings}"},
        "topic '{snapshots}' has cleanup.policy=compact, but must have delete: .*; set it with",
    ),
    "wrong password": Case(
        {"redis_url": "redis://nobody:{secret}@{redis}"},
        "Redis refuses us: .*; correct the user and password in DETECTOR_REDIS_URL",
    ),
    "no bundle": Case(
        {"bundle": None},
        "DETECTOR_BUNDLE is not set; give the folder that `python -m trainer fit --out` wrote",
    ),
    "corrupt bundle": Case(
        {"bundle": "{folder}/corrupt"},
        "bundle file '{folder}/corrupt/model.onnx' has checksum .*; "
        "copy the bundle again or fit it anew",
    ),
    "wrong rules": Case(
        {"rules": "{folder}/rules.toml"},
        "'{folder}/rules.toml': .* unknown field `coldown_seconds` .*; correct it",
    ),
    "unknown variable": Case(
        {"brokr": "kafka://127.0.0.1:9092"},
        "unknown setting DETECTOR_BROKR; correct the name or remove it",
    ),
    "missing variable": Case(
        {"broker": None}, "wrong settings: DETECTOR_BROKER: is not set, and has no default"
    ),
    "wrong values": Case(
        {"broker": "{secret}@kafka", "max_batch": "many"},
        "wrong settings: DETECTOR_BROKER: .*'kafka' is no host:port; DETECTOR_MAX_BATCH: .*integer",
    ),
}

CHECK = "check"
ALL_WRONG = Case(
    {
        "broker": "127.0.0.1:{free_port}",
        "redis_url": "redis://:{secret}@127.0.0.1:{free_port}/0",
        "bundle": "{folder}/corrupt",
        "rules": "{folder}/rules.toml",
    },
    "each of them",
)


@pytest.fixture(scope="module")
def prepared(
    kafka: RealKafka,
    redis_server: RealRedis,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Installation, dict[str, str]]:
    """An installation where all is well, and what there is besides that is not."""
    folder = tmp_path_factory.mktemp("faults")
    installation = install(kafka, redis_server, small_bundle_folder, folder)
    shutil.copytree(small_bundle_folder, folder / "corrupt")
    graph = folder / "corrupt/model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1])
    (folder / "rules.toml").write_text('[[rules]]\nname = "odd"\ncoldown_seconds = 60\n')
    places = {
        "folder": str(folder),
        "free_port": str(free_port()),
        "broker": kafka.bootstrap,
        "redis": redis_server.url.removeprefix("redis://"),
        "secret": SECRET,
        **installation.topics,
    }
    return installation, places


@pytest.fixture(scope="module")
def endings(
    prepared: tuple[Installation, dict[str, str]],
) -> dict[str, CompletedProcess[str]]:
    """How the worker ended in each case, and what ``check`` found.

    All at once, for much of it is waiting.
    """
    installation, places = prepared

    def start(name: str) -> CompletedProcess[str]:
        given = {**CASES, CHECK: ALL_WRONG}[name].settings
        settings = {key: value and value.format_map(places) for key, value in given.items()}
        return installation.run("check" if name == CHECK else "worker", **settings)

    names = [CHECK, *CASES]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(names, pool.map(start, names), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_worker_ends_with_1_and_one_line_that_says_what_to_do(
    name: str,
    endings: dict[str, CompletedProcess[str]],
    prepared: tuple[Installation, dict[str, str]],
) -> None:
    ended = endings[name]
    quoted = {key: re.escape(text) for key, text in prepared[1].items()}

    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert re.match(f"stream-detector: {CASES[name].says.format_map(quoted)}", line)
    assert SECRET not in line


def test_check_shows_every_fault_in_a_line_of_its_own(
    endings: dict[str, CompletedProcess[str]],
) -> None:
    found = endings[CHECK]

    assert found.returncode == 1
    assert found.stderr == ""
    assert [line.partition(": ")[0] for line in found.stdout.splitlines()] == [
        "FAULT broker",
        "FAULT topics",
        "FAULT bundle",
        "FAULT redis",
        "FAULT rules",
    ]
    assert SECRET not in found.stdout


def test_check_is_content_when_all_is_well(
    prepared: tuple[Installation, dict[str, str]], small_bundle: Bundle
) -> None:
    installation, _ = prepared

    found = installation.run("check")

    assert found.returncode == 0, found.stdout
    lines = found.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "ok    broker",
        "ok    topics",
        "ok    bundle",
        "ok    redis",
        "ok    rules",
    ]
    assert f"{installation.topics['readings']} (4 partitions)" in lines[1]
    assert f"{small_bundle.id}, 5 sensors, linear" in lines[2]
    assert "sheet-break" in lines[4]
