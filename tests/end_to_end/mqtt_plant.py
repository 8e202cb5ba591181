"""A plant that speaks MQTT: a broker, a bridge to a real Kafka, and what comes out there."""

import subprocess
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.end_to_end.installation import COMMAND, run
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_mosquitto import RealMosquitto
from tests.end_to_end.server import Server
from tests.end_to_end.subscriber import Subscriber, decoded

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
        name = uuid.uuid4().hex[:8]
        self._bootstrap = kafka.bootstrap
        self._topics = {kind: f"{kind}-{name}" for kind in ("readings", "dead_letters")}
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        # As `topics create` makes them: a message has the time when Kafka had it.
        stamped = {"message.timestamp.type": "LogAppendTime"}
        wanted = [NewTopic(topic, 1, 1, config=stamped) for topic in self._topics.values()]
        for made in admin.create_topics(wanted).values():
            made.result()
        self.folder, self.mqtt_port = folder, mosquitto.port
        self.configuration = folder / "mill.toml"
        self.configuration.write_text(
            CONFIGURATION.format(name=name, port=mosquitto.port, more=more)
        )
        lines = ["tag,machine,sensor", *(f"{tag},pm1,{sensor}" for tag, sensor in tags.items())]
        (folder / "tags.csv").write_text("\n".join([*lines, ""]))
        log = folder / "bridge.log"
        self.environment = {
            "DETECTOR_BROKER": kafka.bootstrap,
            **{f"DETECTOR_{kind.upper()}_TOPIC": topic for kind, topic in self._topics.items()},
            **(settings or {}),
        }
        self.bridge = Server(
            [*COMMAND, "bridge", "mqtt", "--config", self.configuration],
            log=log,
            environment=self.environment,
            is_ready=lambda: "mqtt.connected" in self.bridge.log(),
        )
        self._subscribers = {
            kind: Subscriber(kafka.bootstrap, topic) for kind, topic in self._topics.items()
        }

    def run_to_the_end(self) -> subprocess.CompletedProcess[str]:
        """Run the bridge where it cannot get on."""
        return run(
            *COMMAND, "bridge", "mqtt", "--config", self.configuration, environment=self.environment
        )

    def check(self) -> subprocess.CompletedProcess[str]:
        """Have a look beside the bridge."""
        command = (*COMMAND, "bridge", "check", "--config", self.configuration)
        return run(*command, environment=self.environment)

    def readings(self, last: str) -> list[dict[str, Any]]:
        """Wait for the reading of this time, and give all up to it, without repeats."""
        subscriber = self._subscribers["readings"]
        subscriber.wait_until(
            lambda: subscriber.messages and decoded(subscriber.messages[-1])["time"] >= last,
            f"the reading of {last}",
        )
        found = {one["time"]: one for one in map(decoded, subscriber.messages)}
        return [found[time] for time in sorted(found) if time <= last]

    def delays_ms(self) -> list[float]:
        """Of each reading by now, how long after its own time Kafka had it; in their order."""
        messages = self._subscribers["readings"].read_to_the_end()
        times = [datetime.fromisoformat(decoded(one)["time"]) for one in messages]
        return [
            one.timestamp()[1] - time.timestamp() * 1000
            for one, time in zip(messages, times, strict=True)
        ]

    def first_reading(self) -> dict[str, Any]:
        """Wait for a reading, and give the first one."""
        return decoded(self._subscribers["readings"].wait_for(1)[0])

    def dead_letters(self, count: int) -> dict[str, tuple[str, bytes]]:
        """Wait for so many, and give of each reason code the topic and the value."""
        found: dict[str, tuple[str, bytes]] = {}
        for one in self._subscribers["dead_letters"].wait_for(count):
            headers = cast("dict[str, bytes]", dict(one.headers() or []))
            value = cast("bytes", one.value())
            found[headers["reason_code"].decode()] = headers["topic"].decode(), value
        return found
