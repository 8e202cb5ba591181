"""The configuration on the page of `bridge tags` works as it stands there."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_detector.bridges.rows import TagRow
from stream_detector.cli import main_group
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.tag_plant import SECOND, TagPlant, message

PAGE = Path(__file__).resolve().parents[2] / "deploy" / "bridges" / "tags.md"


def block(language: str) -> str:
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    return str(found)


@pytest.mark.kafka
def test_the_bridge_of_the_page_makes_readings(kafka: RealKafka, tmp_path: Path) -> None:
    plant = TagPlant(kafka.bootstrap, tmp_path)
    plant.configuration.write_text(block("toml").replace("plant.tags", plant.topics["tags"]))
    (tmp_path / "tags.csv").write_text(block("csv"))
    now = datetime.now(UTC).replace(microsecond=0)
    now_us = round(now.timestamp()) * SECOND
    rows = [
        TagRow("PM3.SPEED", now_us, 1000.0),
        TagRow("PM3.STEAM", now_us, 52.0),
        TagRow("PM3.GRADE", now_us, "light"),
        TagRow("PM3.STATE", now_us, 1.0),
        TagRow("PM3.SPEED", now_us + 7 * SECOND, 1000.0),
    ]
    plant.send((message(row), now) for row in rows)

    assert plant.check().count("ok    reading: ") > 1
    with plant.bridge() as bridge:
        plant.wait_until_done()
        assert bridge.stop() == 0

    first = json.loads(plant.read("readings")[0].value() or b"")
    assert first["values"] == {"speed": pytest.approx(304.8), "steam": pytest.approx(4.2)}
    assert (first["mode"], first["event"]) == ("light", "break")


def test_an_export_becomes_readings_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "mill.toml").write_text(block("toml"))
    (tmp_path / "tags.csv").write_text(block("csv"))
    (tmp_path / "export.csv").write_text("tag,time,value\nPM3.SPEED,2026-01-01T00:00:00Z,1000\n")
    (line,) = re.findall(
        r"^\$ stream-detector (bridge convert .*)$", PAGE.read_text(), re.MULTILINE
    )
    words = [str(tmp_path / one) if "." in one else one for one in line.split()]

    done = CliRunner().invoke(main_group, words)

    assert done.exit_code == 0, done.output
    assert (tmp_path / "pm3.csv").read_text().splitlines()[0] == "time,speed,steam,mode,break"
