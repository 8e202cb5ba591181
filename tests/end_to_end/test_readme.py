"""What the README tells a reader to do, done: every command, the subscriber, the examples."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest

from stream_detector.alerting.rules import Rules, read_rules
from stream_detector.connections.settings import PREFIX, Settings
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

DONE_ELSEWHERE = ("make setup", ". .venv/bin/activate", "make check")
"""Whoever runs this test has done them."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [re.sub(" +", " ", line) for line in lines if line and line not in DONE_ELSEWHERE]


def test_the_settings_table_names_every_setting_and_no_other() -> None:
    table = README.partition("## Settings")[2].partition("\n## ")[0]

    named = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", table))

    assert named == {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_rules_in_the_readme_are_the_default_rules() -> None:
    (text,) = blocks("toml")

    assert tomllib.loads(text)
    assert read_rules(text) == Rules()


def test_the_messages_in_the_readme_hold_to_their_schemas() -> None:
    reading, alert = (json.loads(text) for text in blocks("json"))

    for message, name in ((reading, "reading.v1.json"), (alert, "alert.v1.json")):
        schema = json.loads((ROOT / "schemas" / name).read_text(encoding="utf-8"))
        jsonschema.validate(message, schema)


def test_every_command_is_tried_below() -> None:
    tried = {"simulate", "fit", "replay", "topics", "check", "worker", "publish", "threshold"}

    assert {line.split()[3 if "-m" in line else 1] for line in commands() if "=" not in line} >= {
        "fit"
    }
    verbs = {
        word
        for line in commands()
        if not line.startswith("export")
        for word in line.split()[1:4]
        if word in tried
    }
    assert verbs == tried


@pytest.mark.kafka
@pytest.mark.redis
@pytest.mark.tensorflow
def test_following_the_readme_gives_alerts(
    kafka: RealKafka, redis_server: RealRedis, tmp_path: Path
) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
    } | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with _subscriber(kafka, tmp_path) as seen, _Shell(tmp_path, environment) as shell:
        for line in commands():
            shell.run(_here(line, kafka, redis_server))
        wait_until(lambda: "raised" in seen.read_text(), "an alert", limit_seconds=60)
    assert (tmp_path / "model" / "report.html").exists()
    alerts = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert any(alert["event"] == "raised" for alert in alerts)


def _here(line: str, kafka: RealKafka, redis_server: RealRedis) -> str:
    """The same command against the servers of this test, in seconds instead of minutes."""
    return (
        line.replace("localhost:9092", kafka.bootstrap)
        .replace("redis://localhost:6379/0", redis_server.url)
        .replace("--speed 600", "--speed 1e6")
    )


class _Shell:
    """Runs commands one after the other; exported variables stay, the worker runs beside."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_Shell":
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.terminate()
            assert self._worker.wait(timeout=30) == 0

    def run(self, line: str) -> None:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self._environment[name] = value
        elif line == "stream-detector worker":
            self._worker = subprocess.Popen(line.split(), cwd=self._folder, env=self._environment)
        else:
            done = subprocess.run(
                line.split(),
                cwd=self._folder,
                env=self._environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@contextmanager
def _subscriber(kafka: RealKafka, folder: Path) -> Iterator[Path]:
    (script,) = blocks("python")
    out = folder / "subscriber.txt"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", script.replace("localhost:9092", kafka.bootstrap)], stdout=file
        )
        try:
            yield out
        finally:
            process.kill()
            process.wait()
