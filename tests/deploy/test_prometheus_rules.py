"""The alert rules for Prometheus: they work, name what there is, and say what to do."""

import re
import subprocess
from pathlib import Path

from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.metrics import BridgeCollector
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.prometheus import exposition
from stream_detector.worker.health import DeliveryHealth
from tests.bridges.healths import mill
from tests.requirements import require_command
from tests.worker.test_stream_metrics import Station

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus/rules.yml"


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def test_each_alert_is_raised_and_stays_silent_as_its_unit_test_says() -> None:
    promtool = require_command("promtool")
    tests = RULES.with_name("rules_test.yml")

    tested = subprocess.run(
        [promtool, "test", "rules", tests.name],
        cwd=tests.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert re.findall(r"    name: (\w+)", tests.read_text()) == alerts()


def test_the_handbook_has_a_section_for_each_alert_and_for_no_other() -> None:
    handbook = (DEPLOY / "operations.md").read_text()
    _, _, part = handbook.partition("## When an alert comes")

    assert re.findall(r"^### (\w+)$", part, flags=re.MULTILINE) == alerts()


def test_the_rules_name_only_metrics_that_a_program_exports(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    station = Station(small_bundle)
    station.health.deliveries["webhook"] = DeliveryHealth()
    bridge = mill()
    with Journal(tmp_path / "journal", max_bytes=10**6) as bridge.journal:
        page = (station.page() + exposition(BridgeCollector(bridge))).decode()
    exported = set(re.findall(r"^(stream_detector_\w+)[ {]", page, flags=re.MULTILINE))
    # Without lag, Redis or a row there is no sample of these, but they are still declared.
    exported |= set(re.findall(r"^# TYPE (stream_detector_\w+) gauge", page, flags=re.MULTILINE))

    named = set(re.findall(r"\bstream_detector_\w+", RULES.read_text()))

    assert named - exported == set()
    assert len(named) > 10
