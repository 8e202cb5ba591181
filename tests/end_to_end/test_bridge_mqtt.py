"""MQTT messages become readings: on a real mosquitto and a real Kafka, and nothing is lost."""

import json
import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.end_to_end.healthz import wait_for_health
from tests.end_to_end.mqtt_plant import MqttPlant
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_mosquitto import Message, RealMosquitto
from tests.end_to_end.server import free_port
from tests.made_ca import MadeAuthority
from tests.requirements import require_command
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

TAGS = {"SPEED": "speed", "DRAW": "draw"}
MINUTE = "2026-01-01T00:00"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[RealMosquitto]:
    with RealMosquitto(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture
def plant(kafka: RealKafka, mosquitto: RealMosquitto, tmp_path: Path) -> MqttPlant:
    return MqttPlant(kafka, mosquitto, tmp_path, tags=TAGS)


def row(second: int, value: float | str | None, tag: str = "SPEED") -> Message:
    message = {"tag": tag, "time": instant(second), "value": value}
    return f"mill/pm1/{tag}", json.dumps(message).encode()


def instant(second: int) -> str:
    return f"2026-01-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def test_rows_become_readings(plant: MqttPlant, mosquitto: RealMosquitto) -> None:
    with plant.bridge:
        mosquitto.publish([row(0, 1.0), row(0, 7.0, "DRAW"), row(1, 2.0), row(2, None), row(3, 0)])

        readings = plant.readings(instant(2))

    assert readings == [
        {"machine": "pm1", "time": instant(0), "values": {"speed": 1.0, "draw": 7.0}},
        {"machine": "pm1", "time": instant(1), "values": {"speed": 2.0, "draw": 7.0}},
        {"machine": "pm1", "time": instant(2), "values": {"speed": None, "draw": 7.0}},
    ]


def test_what_is_no_row_is_a_dead_letter(plant: MqttPlant, mosquitto: RealMosquitto) -> None:
    with plant.bridge:
        mosquitto.publish([("mill/pm1/news", b"\xff\x00"), row(5, 1.0), row(9, 1.0), row(3, 1.0)])

        letters = plant.dead_letters(2)

    assert letters["not-json"] == ("mill/pm1/news", b"\xff\x00")
    assert json.loads(letters["late"][1]) == {"tag": "SPEED", "time": instant(3), "value": 1.0}


def test_what_comes_while_the_bridge_is_stopped_waits_for_it(
    plant: MqttPlant, mosquitto: RealMosquitto
) -> None:
    with plant.bridge:
        pass
    mosquitto.publish([row(second, float(second)) for second in range(500)])

    with plant.bridge:
        readings = plant.readings(instant(498))

    assert [one["values"]["speed"] for one in readings] == [float(second) for second in range(499)]


def test_a_bridge_that_is_killed_again_and_again_loses_no_message(
    plant: MqttPlant, mosquitto: RealMosquitto
) -> None:
    random_ = random.Random(3)
    plant.bridge.start()
    for life in range(6):
        first = life * 500
        mosquitto.publish([row(second, float(second)) for second in range(first, first + 500)])
        time.sleep(random_.random() / 5)  # a random moment is what is tested
        plant.bridge.kill()
        plant.bridge.start()

    readings = plant.readings(instant(2_998))
    assert plant.bridge.stop() == 0
    assert [one["values"]["speed"] for one in readings] == [float(one) for one in range(2_999)]


def test_a_broker_that_goes_and_comes_back_is_connected_again(
    plant: MqttPlant, mosquitto: RealMosquitto
) -> None:
    with plant.bridge:
        mosquitto.publish([row(0, 0.0), row(1, 1.0)])
        plant.readings(instant(0))
        mosquitto.stop()
        wait_until(lambda: "mqtt.away" in plant.bridge.log(), "it is said")
        mosquitto.start()
        wait_until(
            lambda: plant.bridge.log().count("mqtt.connected") == 2, "it is back", limit_seconds=60
        )
        mosquitto.publish([row(2, 2.0), row(3, 3.0)])

        assert [one["values"]["speed"] for one in plant.readings(instant(2))] == [0.0, 1.0, 2.0]
        assert plant.bridge.log().count("mqtt.away") == 1


def test_a_bridge_tells_how_it_is(
    kafka: RealKafka, mosquitto: RealMosquitto, tmp_path: Path
) -> None:
    port = str(free_port())
    settings = {"DETECTOR_HEALTH_PORT": port}
    plant = MqttPlant(kafka, mosquitto, tmp_path, tags=TAGS, settings=settings)
    with plant.bridge:
        mosquitto.publish([row(0, 1.0), row(1, 2.0), row(2, 3.0), ("mill/pm1/news", b"?")])
        plant.readings(instant(1))

        facts = wait_for_health(port, lambda told: told["connected"] and not told["rows_waiting"])
        assert (facts["status"], facts["rows_lost"]) == ("ok", 0)
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            assert json.load(answer) == {"ready": True}
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        samples = re.findall(r"^stream_detector_bridge_(\w+)\{.*?\} (\S+)$", page, flags=re.M)
        figures = dict(samples)
        assert (figures["rows_total"], figures["readings_delivered_total"]) == ("3.0", "2.0")
        assert 'code="not-json"} 1.0' in page

        mosquitto.stop()
        facts = wait_for_health(port, lambda told: told["status"] == "degraded")
        assert facts["connected"] is False
        assert facts["reasons"][0].startswith("the MQTT broker gives no rows: ")


def test_a_number_alone_has_the_time_when_it_came_and_is_not_what_the_broker_kept(
    kafka: RealKafka, mosquitto: RealMosquitto, tmp_path: Path
) -> None:
    plant = MqttPlant(
        kafka,
        mosquitto,
        tmp_path,
        tags={"mill/pm1/speed": "speed"},
        more='time_of_numbers = "arrival"',
    )
    mosquitto.publish([("mill/pm1/speed", b"666")], retain=True)
    with plant.bridge:
        began = datetime.now(UTC)
        mosquitto.publish([("mill/pm1/speed", b"812.5")])
        # The reading is made when a value of a later second comes.
        later = began + timedelta(seconds=2.1)
        wait_until(lambda: datetime.now(UTC) > later, "two seconds pass")
        mosquitto.publish([("mill/pm1/speed", b"813")])

        first = plant.first_reading()

    assert first["values"] == {"speed": 812.5}
    assert began < datetime.fromisoformat(first["time"]) < later


def test_a_check_shows_what_comes_and_takes_nothing_from_the_bridge(
    plant: MqttPlant, mosquitto: RealMosquitto
) -> None:
    mosquitto.publish([row(0, 1.0), row(1, 2.0)], retain=True)

    ended = plant.check()

    # What the broker had kept is of one topic, so it is the last one.
    assert "ok    source: 1 row in 1 message" in ended.stdout
    assert '"values":{"speed":2.0,"draw":null}' in ended.stdout


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> MadeAuthority:
    require_command("openssl")
    return MadeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def guarded(tmp_path: Path, authority: MadeAuthority) -> Iterator[RealMosquitto]:
    """It speaks TLS alone, and takes nobody whom it does not know."""
    with RealMosquitto(
        tmp_path / "guarded", users={"bridge": "hunter2"}, authority=authority
    ) as server:
        yield server


def test_the_broker_may_want_tls_and_a_password(
    kafka: RealKafka, guarded: RealMosquitto, authority: MadeAuthority, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    settings = {
        "DETECTOR_MQTT_USERNAME": "bridge",
        "DETECTOR_MQTT_PASSWORD_FILE": str(secret),
        "DETECTOR_MQTT_CA_FILE": str(authority.certificate),
    }
    plant = MqttPlant(kafka, guarded, tmp_path, tags=TAGS, more="tls = true", settings=settings)

    with plant.bridge:
        assert plant.bridge.stop() == 0


@pytest.mark.parametrize(
    ("more", "settings", "message"),
    [
        ("tls = true", {"MQTT_PASSWORD": "wrong"}, "does not take 'bridge': Not authorized"),
        ("tls = true", {"MQTT_CA_FILE": ""}, "its certificate is not to be trusted: "),
    ],
)
def test_who_is_refused_ends_with_one_line(
    kafka: RealKafka,
    guarded: RealMosquitto,
    authority: MadeAuthority,
    tmp_path: Path,
    more: str,
    settings: dict[str, str],
    message: str,
) -> None:
    given = {
        "MQTT_USERNAME": "bridge",
        "MQTT_PASSWORD": "hunter2",
        "MQTT_CA_FILE": str(authority.certificate),
        **settings,
    }
    environment = {f"DETECTOR_{name}": value for name, value in given.items()}
    plant = MqttPlant(kafka, guarded, tmp_path, tags=TAGS, more=more, settings=environment)

    ended = plant.run_to_the_end()

    assert ended.returncode == 1
    (line,) = [one for one in ended.stderr.splitlines() if one.startswith("stream-detector")]
    assert message in line
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr
