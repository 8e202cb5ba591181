"""The demo's machine as a plant has it: each tag a message over MQTT, and a bridge to Kafka."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record
from stream_detector.sandbox.demo.crew import Crew
from stream_detector.sandbox.demo.recording import DemoRecording
from stream_detector.sandbox.embedded_mosquitto import EmbeddedMosquitto

_CONFIGURATION: Final = """\
name = "demo"
mapping = "bridge-tags.csv"

[machines."*"]
cadence_seconds = {cadence_seconds}
hold_seconds = 0
lateness_seconds = 0

[mqtt]
host = "127.0.0.1"
port = {port}
topics = ["mill/#"]

[journal]
path = "journal.db"
max_bytes = 1_000_000_000
"""

_RIGHT_AFTER: Final = timedelta(microseconds=1)

_MODE: Final = "MODE"

_STATE: Final = "STATE"
"""The tag that says what happens to the machine. It is said again right after the others, and so
tells the bridge that they are all there."""

_RUNNING: Final = "running"


def start_plant(
    crew: Crew, folder: Path, data: DemoRecording, environment: Mapping[str, str]
) -> EmbeddedMosquitto:
    """Start the broker and the bridge; the machine can begin when this returns.

    Raises
    ------
    ServiceError
        If there is no mosquitto here, or no client for it, or one of the two does not start.
    """
    if find_spec("paho") is None:
        raise ServiceError(
            "the packages of the bridges are missing: pip install 'stream-detector[bridges]', or "
            "leave --feed mqtt out"
        )
    mosquitto = crew.enter(EmbeddedMosquitto(folder))
    configuration = folder / "bridge.toml"
    configuration.write_text(
        _CONFIGURATION.format(cadence_seconds=data.cadence.total_seconds(), port=mosquitto.port)
    )
    machine = data.recording.machine
    lines = [f"{one},{machine},{one},," for one in data.recording.sensors]
    lines += [f"{_MODE},{machine},,mode,", f"{_STATE},{machine},,event,break=break"]
    (folder / "bridge-tags.csv").write_text(
        "\n".join(["tag,machine,sensor,kind,meaning", *lines, ""])
    )
    command = ["bridge", "mqtt", "--config", str(configuration)]
    bridge = crew.start("bridge", [sys.executable, "-m", "stream_detector", *command], environment)
    crew.line_with("mqtt.connected", bridge)
    return mosquitto


def tag_messages(record: Record) -> Iterable[tuple[str, bytes]]:
    """Take a reading apart: a topic and a payload for each of its tags.

    Examples
    --------
    >>> reading = b'{"machine":"pm3","time":"2026-01-01T00:00:00Z","values":{"speed":8.5}}'
    >>> record = Record("readings", 0, 0, datetime(2026, 1, 1), None, reading)
    >>> for topic, payload in tag_messages(record):
    ...     print(topic, payload.decode())
    mill/pm3/speed {"tag": "speed", "time": "2026-01-01T00:00:00+00:00", "value": 8.5}
    mill/pm3/MODE {"tag": "MODE", "time": "2026-01-01T00:00:00+00:00", "value": null}
    mill/pm3/STATE {"tag": "STATE", "time": "2026-01-01T00:00:00+00:00", "value": "running"}
    mill/pm3/STATE {"tag": "STATE", "time": "2026-01-01T00:00:00.000001+00:00", "value": "running"}
    """
    reading: dict[str, Any] = json.loads(record.value or b"")
    time = datetime.fromisoformat(reading["time"])
    values = {
        **reading["values"],
        _MODE: reading.get("mode"),
        _STATE: reading.get("event", _RUNNING),
    }
    rows = [(tag, time, value) for tag, value in values.items()]
    rows.append((_STATE, time + _RIGHT_AFTER, _RUNNING))
    for tag, at, value in rows:
        payload = {"tag": tag, "time": at.isoformat(), "value": value}
        yield f"mill/{reading['machine']}/{tag}", json.dumps(payload).encode()


class MqttSender:
    """Publishes the tags of readings.

    Parameters
    ----------
    port : int
        Where the broker listens, at 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        from paho.mqtt.client import Client  # noqa: PLC0415 -- of the extra `bridges`
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

        self._client: Client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, record: Record) -> None:
        """Send a reading, tag by tag, in the order of their times."""
        for topic, payload in tag_messages(record):
            self._client.publish(topic, payload, qos=1)

    def check(self) -> None:
        """Do nothing: what the broker does not take is sent again, and its end ends the demo."""

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()
