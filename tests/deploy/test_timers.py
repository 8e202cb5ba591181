"""The timers of models.md: systemd takes them, and what they start is there and may do it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.reference import DEPLOY
from tests.requirements import require_command

UNITS = dict(
    part.split("\n", 1)
    for block in re.findall(r"```ini\n(.*?)```", (DEPLOY / "models.md").read_text(), flags=re.S)
    for part in re.split(r"^# /etc/systemd/system/", block, flags=re.M)[1:]
)
SERVICES = sorted(name for name in UNITS if name.endswith(".service"))


def test_each_service_has_its_timer() -> None:
    assert SERVICES == ["stream-detector-promote.service", "stream-detector-refit.service"]
    assert len(UNITS) == 4
    assert {Path(name).stem for name in UNITS} == {Path(name).stem for name in SERVICES}


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    analyze = require_command("systemd-analyze")
    for unit, text in UNITS.items():
        #  the program is not installed where this runs
        here = re.sub(r"^ExecStart=/opt\S+", "ExecStart=/bin/true", text, flags=re.M)
        (tmp_path / unit).write_text(here)

    done = subprocess.run(
        [analyze, "verify", tmp_path / name], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_finds_its_program_and_is_not_root(name: str) -> None:
    text = UNITS[name]

    assert re.search(r"^ExecStart=(/bin/sh -c 'exec )?/opt/stream-detector/bin/\S", text, re.M)
    assert re.search(r"^(DynamicUser=yes|User=(?!root$).+)$", text, re.M)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_given_secrets_as_a_worker_is(name: str) -> None:
    worker = (DEPLOY / "systemd/stream-detector.service").read_text()
    of_secrets = re.findall(r"^#?(?:LoadCredential|Environment)=.*$", worker, flags=re.M)

    assert len(of_secrets) == 2
    assert all(f"{line}\n" in UNITS[name] for line in of_secrets)


def test_the_new_model_is_made_of_the_last_two_weeks() -> None:
    (started,) = re.findall(
        r"^ExecStart=/bin/sh -c '(.*?)'$", UNITS["stream-detector-refit.service"], flags=re.M | re.S
    )
    #  as systemd reads it: a line goes on, and what is doubled stands for one
    command = started.replace("\\\n", " ").replace("%%", "%").replace("$$", "$")
    shown = command.replace("exec /opt/stream-detector/bin/python", "printf '%s\\n'", 1)

    done = subprocess.run(["/bin/sh", "-c", shown], capture_output=True, text=True, check=True)

    words = done.stdout.split("\n")
    assert words[:6] == ["-m", "trainer", "refit", "--machine", "pm3", "--shadow"]
    assert words[6] == "--from-kafka"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/", words[7])
