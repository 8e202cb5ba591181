"""A plant that speaks MQTT: a broker, a bridge to a real Kafka, and what comes out there."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.bridge_topics import BridgeTopics
from tests.end_to_end.installation import COMMAND, run
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_mosquitto import RealMosquitto
from tests.end_to_end.server import Server

CONFIGURATION = """
name = "{name}"
mapping = "tags.csv"

[machines."*"]
cadence_seconds = 1
hold_seconds = 5
lateness_seconds = 0

[mqtt]
host = "127.0.0.1"
port = {port}
topics = ["mill/#", "spBv1.0/#"]
{more}

[journal]
path = "journal.db"
max_bytes = 100_000_000
"""


class MqttPlant:
    """Its topics and its files are its own; `bridge` is the program, not yet started."""

    def __init__(
        self,
        kafka: RealKafka,
        mosquitto: RealMosquitto,
        folder: Path,
        *,
        tags: Mapping[str, str],
        more: str = "",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._topics = BridgeTopics(kafka)
        self.folder, self.mqtt_port = folder, mosquitto.port
        self.configuration = folder / "mill.toml"
        self.configuration.write_text(
            CONFIGURATION.format(name=self._topics.name, port=mosquitto.port, more=more)
        )
        lines = ["tag,machine,sensor", *(f"{tag},pm1,{sensor}" for tag, sensor in tags.items())]
        (folder / "tags.csv").write_text("\n".join([*lines, ""]))
        log = folder / "bridge.log"
        self.environment = {**self._topics.environment, **(settings or {})}
        self.bridge = Server(
            [*COMMAND, "bridge", "mqtt", "--config", self.configuration],
            log=log,
            environment=self.environment,
            is_ready=lambda: "mqtt.connected" in self.bridge.log(),
        )
        self.readings = self._topics.readings
        self.first_reading = self._topics.first_reading
        self.delays_ms = self._topics.delays_ms
        self.dead_letters = self._topics.dead_letters

    def run_to_the_end(self) -> subprocess.CompletedProcess[str]:
        """Run the bridge where it cannot get on."""
        return run(
            *COMMAND, "bridge", "mqtt", "--config", self.configuration, environment=self.environment
        )

    def check(self) -> subprocess.CompletedProcess[str]:
        """Have a look beside the bridge."""
        command = (*COMMAND, "bridge", "check", "--config", self.configuration)
        return run(*command, environment=self.environment)
