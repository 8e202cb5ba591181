"""A server that a test starts, kills and starts again; it ends with the test process."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.request import urlopen

from tests.waiting import wait_until


def answers(port: int, path: str) -> bool:
    """Tell whether something is served there, on this machine."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Server:
    """One process at a time from one command, inside ``with``; one log over all its lives.

    Start it from the main thread: the kernel ends the server when the thread that started it ends,
    so that none is left behind, whatever becomes of the tests.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        is_ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._is_ready = is_ready
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Number of the process now, to send it any other signal."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it answers; when it does not, the error shows its log."""
        assert self._process is None, "the server is running already"
        with self._log.open("ab") as log:
            self._process = process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command],
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(
                lambda: process.poll() is not None or self._is_ready(),
                f"{Path(self._command[0]).name} answers",
                limit_seconds=60,
            )
            assert process.poll() is None, f"it ended at once, with {process.returncode}"
        except BaseException as failure:
            self.kill()
            failure.add_note(self.log_tail())
            raise

    def stop(self) -> int | None:
        """End it as an operator would, and give its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def wait_for_end(self, *, limit_seconds: float) -> int:
        """Wait until it ends by itself, and give its exit status."""
        assert self._process is not None, "the server is not running"
        status = self._process.wait(limit_seconds)
        self._process = None
        return status

    def log(self) -> str:
        """Return all it said in all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def log_tail(self, lines: int = 60) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log().splitlines()[-lines:])

    def _end(self, how: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(how)
        try:
            return process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


_claims: list[socket.socket] = []


def free_port() -> int:
    """Return a loopback port for a server, ours until this process ends.

    It lies below those that the kernel hands to outgoing connections: a client that tries to reach
    a killed server might otherwise be given the server's own port, and then talk to itself. While
    the server is down nothing holds the TCP port, so the UDP port of the same number, which no
    server of ours uses, is held in its place: another test run on this machine then passes it over.
    """
    for port in random.SystemRandom().sample(range(20_000, 30_000), k=100):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                claim.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        _claims.append(claim)
        return port
    raise RuntimeError("tried 100 ports between 20000 and 30000, none is free")
