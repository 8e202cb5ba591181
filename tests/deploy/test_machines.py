"""Where the programs are run: units are hardened, images need no root, compose has all of it."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_detector.console.commands import console
from stream_detector.console.place import place
from tests.requirements import require_command

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
UNITS = sorted((DEPLOY / "systemd").iterdir())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = require_command("systemd-analyze")
    # The program is not installed where this runs.
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M))

    done = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_calls_the_unit_safe(unit: Path) -> None:
    """Below 2 is "OK" in its words; without hardening it is over 9."""
    analyze = require_command("systemd-analyze")

    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_onnx_runtime_sees_the_processor(unit: Path) -> None:
    """Without /proc/cpuinfo it says so on standard error at every start."""
    assert not re.search(r"^ProcSubset=pid$", unit.read_text(), flags=re.M)


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
        [compose, "-f", COMPOSE, "config"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_compose_pins_images_of_others_and_publishes_on_loopback_alone(
    services: dict[str, Any],
) -> None:
    images = {one["image"] for one in services.values() if "build" not in one}
    ports = [port for one in services.values() for port in one.get("ports", ())]

    assert len(images) == 6
    assert all(re.search(r":v?\d+\.\d+\.\d+$", one) for one in images)
    assert len(ports) == 5
    assert all(one.startswith("127.0.0.1:") for one in ports)


def test_compose_runs_what_is_ours_without_rights(services: dict[str, Any]) -> None:
    ours = {name: one for name, one in services.items() if "build" in one}

    assert ours.keys() == {"topics", "worker", "console", "feed"}
    for one in ours.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]


def test_compose_serves_the_page_to_those_who_sign_in_over_tls(services: dict[str, Any]) -> None:
    command = services["console"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    (check,) = [word for word in services["console"]["healthcheck"]["test"] if "Host" in word]
    proxy = services["proxy"]["command"]

    served = place(options["--host"], 8321, url=options["--url"], has_users=True)
    assert "localhost:8443" in served.hosts
    assert "'Host': 'localhost:8443'" in check
    assert proxy[proxy.index("--from") + 1] in served.hosts
    assert proxy[proxy.index("--to") + 1] == "console:8321"


def test_the_page_is_started_with_options_that_it_has(services: dict[str, Any]) -> None:
    has = {name for option in console.params for name in option.opts}
    unit = (DEPLOY / "systemd/stream-detector-console.service").read_text()
    chart = (DEPLOY / "helm/stream-detector/templates/console.yaml").read_text()
    (started,) = re.findall(r"^ExecStart=(.*)$", unit.replace("\\\n", ""), flags=re.M)
    arguments = chart.partition("args:")[2].partition("env:")[0]

    for text in (started, arguments, " ".join(services["console"]["command"])):
        given = set(re.findall(r"--[a-z-]+", text))
        assert {"--users", "--url"} <= given <= has


def test_grafana_has_the_dashboards_and_their_source_from_the_start(
    services: dict[str, Any],
) -> None:
    mounts = dict(reversed(one.split(":")[:2]) for one in services["grafana"]["volumes"])
    provisioned = {
        path: yaml.safe_load((DEPLOY / source).read_text())
        for path, source in mounts.items()
        if path.startswith("/etc/grafana/provisioning/")
    }
    (source,) = provisioned["/etc/grafana/provisioning/datasources/stream-detector.yaml"][
        "datasources"
    ]
    (provider,) = provisioned["/etc/grafana/provisioning/dashboards/stream-detector.yaml"][
        "providers"
    ]

    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert "prometheus" in services
    folder = provider["options"]["path"]
    shown = {DEPLOY / source for path, source in mounts.items() if path.startswith(f"{folder}/")}
    assert shown == set((DEPLOY / "grafana").glob("*.json"))
