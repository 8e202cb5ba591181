"""An MQTT broker for the demo: the machine's own mosquitto, in memory, in a process of its own."""

import os
import shutil
import socket
import time
from pathlib import Path
from typing import Final, Self

from stream_detector.errors import ServiceError
from stream_detector.sandbox.child import ChildProcess, first_to_end

_CONFIGURATION: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
"""

_START_LIMIT_SECONDS: Final = 30.0

_LOOK_SECONDS: Final = 0.05


class EmbeddedMosquitto:
    """A running broker that takes everybody on this machine; a context manager.

    Parameters
    ----------
    folder : Path
        Where its configuration and its log go.

    Attributes
    ----------
    port : int
        Where it listens, at 127.0.0.1.
    process : ChildProcess

    Raises
    ------
    ServiceError
        If this machine has no mosquitto, or it does not start.
    """

    def __init__(self, folder: Path) -> None:
        # Debian has it where only root's PATH leads.
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
        binary = shutil.which("mosquitto", path=path)
        if binary is None:
            raise ServiceError(
                "this machine has no mosquitto, which the demo feeds through MQTT; install it (on "
                "Debian and Ubuntu: apt-get install mosquitto), or leave --feed mqtt out"
            )
        self.port = _free_port()
        configuration, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        configuration.write_text(_CONFIGURATION.format(port=self.port))
        with self._log.open("wb") as log:
            self.process = ChildProcess(
                "mosquitto", [binary, "-c", str(configuration)], stdout=log, stderr=log
            )
        try:
            self._wait()
        except BaseException:
            self.process.stop()
            raise

    def __enter__(self) -> Self:
        """Return the running broker."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever happened."""
        self.process.stop()

    def _wait(self) -> None:
        last_look = time.monotonic() + _START_LIMIT_SECONDS
        while not _answers(self.port):
            ended = first_to_end([self.process], limit_seconds=_LOOK_SECONDS) is not None
            if ended or time.monotonic() > last_look:
                said = self._log.read_text(errors="replace").strip().splitlines()
                reason = said[-1] if said else "it does not say why"
                raise ServiceError(f"mosquitto did not start: {reason}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
