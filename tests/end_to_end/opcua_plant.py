"""A plant that speaks OPC UA: a server with a machine whose speed rises, and a bridge to Kafka."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.end_to_end.bridge_topics import BridgeTopics
from tests.end_to_end.installation import COMMAND, run
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.server import Server, free_port


class OpcUaPlant:
    """Its topics and its files are its own; `bridge` is the program, not yet started.

    The configuration is one that begins with a name and calls the server 127.0.0.1:4840.
    """

    def __init__(self, kafka: RealKafka, folder: Path, *, configuration: str, mapping: str) -> None:
        self.topics = BridgeTopics(kafka)
        self._folder, self._port = folder, free_port()
        self._configuration = folder / "mill.toml"
        assert "127.0.0.1:4840/" in configuration
        self._configuration.write_text(
            configuration.replace("127.0.0.1:4840/", f"127.0.0.1:{self._port}/")
        )
        (folder / "tags.csv").write_text(mapping)
        self.bridge = Server(
            [*COMMAND, "bridge", "opcua", "--config", self._configuration],
            log=folder / "bridge.log",
            environment=self.topics.environment,
            is_ready=lambda: "opcua.connected" in self.bridge.log(),
        )

    def machine(self, first_speed: int) -> Server:
        """A server, not yet started, whose machine has this speed at first."""
        log = self._folder / f"machine-{first_speed}.log"
        command = (sys.executable, "-m", "tests.bridges.opcua.machine")
        return Server(
            [*command, str(self._port), str(first_speed)],
            log=log,
            is_ready=lambda: "ready" in log.read_text(),
        )

    def check(self) -> subprocess.CompletedProcess[str]:
        """Have a look beside the bridge."""
        command = (*COMMAND, "bridge", "check", "--config", self._configuration)
        return run(*command, environment=self.topics.environment)


def seconds_later(seconds: float) -> str:
    """The time in so many seconds, as readings have it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
