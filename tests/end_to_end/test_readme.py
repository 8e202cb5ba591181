"""What the README and its pages tell a reader to do, done: every command, the subscriber, the
examples.
"""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jsonschema
import msgspec
import pytest

from stream_detector.alerting.rules import Rules, read_rules
from stream_detector.connections.environment import PREFIX
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.waiting import wait_until
from trainer.architectures import DENSE
from trainer.config import NetworkSettings, PlainSettings, TrainingConfig, read_config

ROOT = Path(__file__).parents[2]
SETTINGS = "deploy/settings.md"
README = "\n".join(
    (ROOT / page).read_text(encoding="utf-8")
    for page in ("README.md", "trainer/README.md", SETTINGS)
)
"""With the pages that it leads to, in the order in which they are read."""


BIN = Path(sys.executable).parent

DONE_ELSEWHERE = {
    "make setup",
    ". .venv/bin/activate",
    "make check",
    "make test",
    "make bench",
    "make load",
    "make bench-detection",
    "make fuzz",
    "make soak SECONDS=600",
}
"""Whoever runs this test has done them, but for the last ones, which have tests of their own."""

INLINE = r"`((?:make|python -m|stream-detector) [^`]+)`"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    """Every command that the README names, in blocks and in its text, in this order."""
    found = re.findall(rf"```(?:sh|console)\n(.*?)```|{INLINE}", README, flags=re.DOTALL)
    lines = "\n".join(block or text.replace("\n", " ") for block, text in found)
    return [
        re.sub(" +", " ", line.removeprefix("$ "))
        for line in lines.replace("\\\n", " ").splitlines()
        if line
    ]


def commands_to_run(*, demo: bool) -> list[str]:
    return [
        line
        for line in commands()
        if line not in DONE_ELSEWHERE and line.startswith("make demo") is demo
    ]


def test_the_rules_in_the_readme_are_the_default_rules() -> None:
    text, _ = blocks("toml")

    assert tomllib.loads(text)
    assert read_rules(text) == Rules()


def test_the_training_configuration_in_the_readme_is_the_default_one(tmp_path: Path) -> None:
    _, text = blocks("toml")
    file = tmp_path / "training.toml"
    file.write_text(text, encoding="utf-8")

    config = read_config(file)

    assert msgspec.structs.replace(config, network=NetworkSettings()) == TrainingConfig()
    assert config.network_config == DENSE
    structs = (TrainingConfig, NetworkSettings, PlainSettings)
    for name in (name for one in structs for name in one.__struct_fields__):
        assert re.search(rf"^(# )?({name} =|\[{name}\])", text, flags=re.MULTILINE), name


def test_the_messages_in_the_readme_hold_to_their_schemas() -> None:
    reading, alert = (json.loads(text) for text in blocks("json"))

    for message, name in ((reading, "reading.v1.json"), (alert, "alert.v1.json")):
        schema = json.loads((ROOT / "schemas" / name).read_text(encoding="utf-8"))
        jsonschema.validate(message, schema)


def test_no_command_hides_from_the_tests_below() -> None:
    kinds = set(re.findall(r"^```(\w+)$", README, flags=re.MULTILINE))

    assert kinds == {"mermaid", "console", "sh", "json", "python", "toml", "nginx"}
    assert DONE_ELSEWHERE - set(commands()) == set()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("line", commands_to_run(demo=True))
def test_the_demo_runs_as_the_readme_says(line: str, tmp_path: Path) -> None:
    quickly = "--model linear --speed 1e9" + ("" if "CSV" in line else " --days 4")
    line = (
        line.replace('ARGS="', f'ARGS="{quickly} ')
        if "ARGS" in line
        else f'{line} ARGS="{quickly}"'
    )
    shell = _Shell(tmp_path, _environment())
    shell.run("stream-detector simulate --days 4 --seed 1 --csv history.csv")

    said = shell.run(_here(line))

    assert "5/5 Scorecard" in said
    assert (tmp_path / "DIR" / "model" / "report.html").exists() is ("DIR" in line)


@pytest.mark.kafka
@pytest.mark.redis
@pytest.mark.tensorflow
@pytest.mark.timeout(600)
def test_following_the_readme_gives_alerts(
    kafka: RealKafka, redis_server: RealRedis, tmp_path: Path
) -> None:
    secret = tmp_path / "webhook"
    secret.write_bytes(base64.b64encode(b"k" * 32))
    with _subscriber(kafka, tmp_path) as seen, _Shell(tmp_path, _environment()) as shell:
        for line in commands_to_run(demo=False):
            command = _here(line).replace("/run/secrets/webhook", str(secret))
            shell.run(_at(kafka, redis_server, command))
        wait_until(lambda: "raised" in seen.read_text(), "an alert", limit_seconds=60)
    assert (tmp_path / "model" / "report.html").exists()
    alerts = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert any(alert["event"] == "raised" for alert in alerts)


def _environment() -> dict[str, str]:
    """A reader's shell after `make setup`: our commands on the PATH, and no setting yet."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return others | {"PATH": f"{BIN}:{os.environ['PATH']}"}


def _here(line: str) -> str:
    """The same command from another folder, with the packages that run this test."""
    made = f"make --file {ROOT}/Makefile --old-file .venv/.ready BIN={BIN} "
    return re.sub("^make ", made, line)


def _at(kafka: RealKafka, redis_server: RealRedis, line: str) -> str:
    """The same command against the servers of this test, in seconds instead of minutes."""
    return (
        line.replace("localhost:9092", kafka.bootstrap)
        .replace("redis://localhost:6379/0", redis_server.url)
        .replace("--speed 600", "--speed 1e6")
        .replace("trainer evaluate", "trainer evaluate --model linear --folds 0.3,0.5")
        .replace(
            "--model dense --model plain:lstm", "--model linear --model plain:tied --folds 0.3,0.5"
        )
    )


class _Shell:
    """Runs commands one after the other; exported variables stay, worker and page run beside."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._beside: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "_Shell":
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._beside:
            program.terminate()
        try:
            assert not any(program.wait(timeout=30) for program in self._beside)
        finally:
            for program in self._beside:
                program.kill()
                program.wait()

    def run(self, line: str) -> str:
        """Run a command to its end and give what it printed; worker and page go on."""
        if line.startswith("export "):
            _, setting = shlex.split(line, comments=True)
            name, _, value = setting.partition("=")
            self._environment[name] = value
        elif line.startswith(("stream-detector worker", "stream-detector console")):
            self._beside.append(
                subprocess.Popen(shlex.split(line), cwd=self._folder, env=self._environment)
            )
            if "console" in line:
                wait_until(_page_answers, "the operators' page", limit_seconds=60)
        else:
            done = subprocess.run(
                shlex.split(line),
                cwd=self._folder,
                env=self._environment,
                input="correct horse battery\n",  # where one asks for a password
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            return done.stdout
        return ""


def _page_answers() -> bool:
    try:
        return httpx.get("http://127.0.0.1:8321/sign-in").is_success
    except httpx.TransportError:
        return False


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
