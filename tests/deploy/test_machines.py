"""Where the worker is run: the unit is hardened, the image needs no root."""

import re
import subprocess
from pathlib import Path

from tests.requirements import require_command

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNIT = DEPLOY / "systemd/stream-detector.service"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = require_command("systemd-analyze")
    # The program is not installed where this runs.
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.M))

    done = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_calls_the_unit_safe() -> None:
    """Below 2 is "OK" in its words; without hardening it is over 9."""
    analyze = require_command("systemd-analyze")

    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", UNIT],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_each_image_is_pinned_and_runs_as_nobody_known() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    stages = set(re.findall(r" AS (\S+)", text))
    images = {one for one in re.findall(r"^FROM (\S+)", text, flags=re.M) if one not in stages}

    assert all(re.search(r":\d+\.\d+\.\d+", one) for one in images)
    assert images
    for target in ("worker", "trainer", "console"):
        assert f"FROM runtime AS {target}\n" in text
    runtime = text.partition(" AS runtime\n")[2].partition("\nFROM")[0]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", runtime, flags=re.M)
    assert not re.search(r"^USER (root|0)\b", text, flags=re.M)


def test_docker_compose_takes_the_file() -> None:
    compose = require_command("docker-compose")

    done = subprocess.run(
        [compose, "-f", DEPLOY / "compose.yaml", "config"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_compose_pins_images_of_others_and_publishes_on_loopback_alone() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    images = set(re.findall(r"^    image: (\S+)", text, flags=re.M)) - {"stream-detector:worker"}
    ports = re.findall(r"^    ports: \[(.*)\]", text, flags=re.M)

    assert len(images) == 5
    assert all(re.search(r":v?\d+\.\d+\.\d+$", one) for one in images)
    assert ports
    assert all(one.startswith('"127.0.0.1:') for one in ports)
    assert "privileged: true" not in text
