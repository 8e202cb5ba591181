"""What deploy/bridges shows is run as it stands, but for addresses."""

import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.mqtt_plant import MqttPlant
from tests.end_to_end.opcua_plant import OpcUaPlant, seconds_later
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_mosquitto import RealMosquitto

pytestmark = pytest.mark.kafka

PAGES = Path(__file__).resolve().parents[2] / "deploy" / "bridges"


def shown(page: str, language: str) -> str:
    """The first block of this language."""
    found = re.search(f"```{language}\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
    assert found, f"{page} shows no {language}"
    return found[1]


def test_the_configuration_for_mqtt_makes_readings(kafka: RealKafka, tmp_path: Path) -> None:
    with RealMosquitto(tmp_path / "mosquitto") as mosquitto:
        plant = MqttPlant(kafka, mosquitto, tmp_path, tags={})
        text = shown("mqtt.md", "toml")
        assert "port = 1883\n" in text
        plant.configuration.write_text(text.replace("port = 1883", f"port = {mosquitto.port}"))
        (tmp_path / "tags.csv").write_text(shown("mqtt.md", "csv"))

        with plant.bridge:
            for second in (0, 1, 4):
                time = f"2026-11-22T03:10:0{second}Z"
                row = {"tag": "PM3.WIRE.SPEED", "time": time, "value": 1000}
                mosquitto.publish([("mill/pm3/speed", json.dumps(row).encode())])
            readings = plant.readings("2026-11-22T03:10:01Z")

    # 1,000 feet are 304.8 m.
    assert [one["values"]["speed"] for one in readings] == [pytest.approx(304.8)] * 2
    assert readings[0]["machine"] == "pm3"


def test_the_configuration_for_opcua_makes_readings_and_a_check_shows_them(
    kafka: RealKafka, tmp_path: Path
) -> None:
    plant = OpcUaPlant(
        kafka,
        tmp_path,
        configuration=shown("opcua.md", "toml"),
        mapping=shown("opcua.md", "csv") + "ns=2;s=PM3.Nothing,pm3,nothing\n",
    )
    with plant.machine(800), plant.bridge:
        shows = plant.check()
        reading = plant.topics.readings(seconds_later(2))[-1]

    assert reading["machine"] == "pm3"
    assert reading["values"]["speed"] >= 800
    assert reading["values"]["draw"] == 2.0
    assert "refused by the server: 'ns=2;s=PM3.Nothing' (BadNodeIdUnknown)" in shows.stdout
    assert '"draw":2.0,"nothing":null}' in shows.stdout
