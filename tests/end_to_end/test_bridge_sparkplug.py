"""A Sparkplug B edge node on a real mosquitto: it is born, speaks, and dies."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from stream_detector.bridges.mqtt.sparkplug_payload import decode
from tests.bridges.mqtt.edge_node import EdgeNode, Message
from tests.end_to_end.mqtt_plant import MqttPlant
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_mosquitto import RealMosquitto
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

TAGS = {"mill/pm1/speed": "speed", "mill/pm1/wire/draw": "draw", "CLOCK": "clock"}


class Edge:
    """The edge node's connection; with a will, as Sparkplug wants it."""

    def __init__(self, port: int) -> None:
        self.node = EdgeNode("mill/pm1")
        self.commands: list[bytes] = []
        self._client = client = Client(CallbackAPIVersion.VERSION2)
        client.will_set(*self.node.death(), qos=1)
        client.on_message = lambda _client, _data, message: self.commands.append(
            bytes(message.payload)
        )
        client.connect("127.0.0.1", port)
        client.loop_start()
        client.subscribe("spBv1.0/mill/NCMD/pm1", 1)

    def publish(self, *messages: Message) -> None:
        """As the specification wants it, with QoS 0."""
        for message in messages:
            self._client.publish(*message).wait_for_publish(timeout=60)

    def cut(self) -> None:
        """End the connection without a word, as a power cut would."""
        self._client.loop_stop()
        connection = self._client.socket()
        assert connection is not None
        connection.close()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[RealMosquitto]:
    with RealMosquitto(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture
def plant(kafka: RealKafka, mosquitto: RealMosquitto, tmp_path: Path) -> MqttPlant:
    return MqttPlant(kafka, mosquitto, tmp_path, tags=TAGS)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def text(time_ms: int) -> str:
    second = datetime.fromtimestamp(time_ms // 1000, UTC)
    return second.isoformat().replace("+00:00", "Z")


def tick(time_ms: int) -> Message:
    """Another tag of the machine tells that time goes on."""
    row = {"tag": "CLOCK", "time": text(time_ms), "value": 1.0}
    return Message("mill/clock", json.dumps(row).encode())


def test_a_node_that_was_never_heard_is_asked_for_its_birth_and_then_read(
    plant: MqttPlant, mosquitto: RealMosquitto
) -> None:
    with plant.bridge:
        edge, begin = Edge(mosquitto.port), now_ms() // 1000 * 1000
        edge.publish(edge.node.data(begin, speed=1.0))
        wait_until(lambda: edge.commands, "the node is asked")
        command = decode(edge.commands[0])
        assert command.metrics[0].name == "Node Control/Rebirth"

        edge.publish(
            edge.node.birth(begin, speed=812.5),
            edge.node.device_birth("wire", begin, draw=3.0),
            edge.node.data(begin - 100_000, "wire", historical=True, draw=9.0),
            edge.node.data(begin + 1_000, speed=813.0),
            tick(begin + 2_000),
        )

        readings = plant.readings(text(begin + 1_000))
        letters = plant.dead_letters(2)

    assert [one["values"] for one in readings] == [
        {"speed": 812.5, "draw": 3.0, "clock": None},
        {"speed": 813.0, "draw": 3.0, "clock": None},
    ]
    assert letters["no-birth"][0] == "spBv1.0/mill/NDATA/pm1"
    assert letters["historical"][0] == "spBv1.0/mill/DDATA/pm1/wire"


def test_a_node_that_dies_has_no_data_at_once(plant: MqttPlant, mosquitto: RealMosquitto) -> None:
    with plant.bridge:
        edge, begin = Edge(mosquitto.port), now_ms() // 1000 * 1000
        edge.publish(
            edge.node.birth(begin, speed=812.5),
            edge.node.device_birth("wire", begin, draw=3.0),
            tick(begin + 1_000),
        )
        assert plant.readings(text(begin))[-1]["values"]["speed"] == 812.5

        edge.cut()
        wait_until(lambda: "sparkplug.died" in plant.bridge.log(), "the death is heard")
        died = now_ms()
        mosquitto.publish([tick(died + 1_000), tick(died + 3_000)])

        # Well within the hold of 5 s.
        last = plant.readings(text(died + 2_000))[-1]

    assert last["time"] == text(died + 2_000)
    assert last["values"] == {"speed": None, "draw": None, "clock": 1.0}
    assert datetime.fromisoformat(last["time"]) - timedelta(seconds=5) < datetime.fromtimestamp(
        begin / 1000, UTC
    )
