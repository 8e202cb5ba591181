"""A real MQTT broker: mosquitto, as Debian has it."""

import getpass
import socket
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.end_to_end.server import Server, free_port
from tests.made_ca import MadeAuthority
from tests.requirements import require_command

_CONFIGURATION = """
user {user}
listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
max_queued_messages 0
"""

Message = tuple[str, bytes]
"""A topic and a payload."""


class RealMosquitto(Server):
    """Reached at `port`; it keeps over its stop what clients have not taken.

    With `users` it wants their passwords; with an authority it speaks TLS alone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        authority: MadeAuthority | None = None,
        options: str = "",
    ) -> None:
        binary = require_command("mosquitto")
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        lines = [_CONFIGURATION.format(user=getpass.getuser(), port=self.port, folder=folder)]
        if users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = folder / "passwords"
            passwords.touch(mode=0o600)
            for name, password in users.items():
                subprocess.run(
                    ["mosquitto_passwd", "-b", passwords, name, password],
                    check=True,
                    capture_output=True,
                )
            lines.append(f"password_file {passwords}")
        if authority is not None:
            certificate, key = authority.issue("mosquitto")
            lines += [f"certfile {certificate}", f"keyfile {key}"]
        configuration = folder / "mosquitto.conf"
        configuration.write_text("\n".join([*lines, options, ""]))
        super().__init__(
            [binary, "-c", configuration], log=folder / "mosquitto.log", is_ready=self._answers
        )

    def publish(self, messages: Iterable[Message], *, qos: int = 1, retain: bool = False) -> None:
        """Send messages in order, and return when the broker has them; without TLS or users."""
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            for topic, payload in messages:
                sent = client.publish(topic, payload, qos=qos, retain=retain)
            sent.wait_for_publish(timeout=60)
        finally:
            client.disconnect()
            client.loop_stop()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
