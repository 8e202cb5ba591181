"""The programs of the demo: all run, or none."""

import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from stream_detector.errors import ServiceError
from stream_detector.sandbox.child import ChildProcess, first_to_end
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.embedded_mosquitto import EmbeddedMosquitto
from stream_detector.sandbox.embedded_redis import EmbeddedRedis

_LOG_LINES: Final = 15
_TICK_SECONDS: Final = 0.2
_HURRY_SECONDS: Final = 2.0

Server = TypeVar("Server", EmbeddedKafka, EmbeddedMosquitto, EmbeddedRedis)


class Crew:
    """Child processes that end together, the latest first; a context manager.

    Parameters
    ----------
    folder : Path
        Where their logs and temporary files go.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Crew(Path(folder)) as crew:
    ...     _ = crew.start("sleeper", ["sleep", "60"])
    ...     crew.wait_for(crew.start("failing", ["sh", "-c", "echo no disk; exit 3"]))
    Traceback (most recent call last):
    stream_detector.errors.ServiceError: failing ended with exit code 3, so everything else
    was ended, too; the end of its log:
      no disk
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[ChildProcess] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Return the crew, still empty."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all of them; after a fault in a hurry, for nothing is kept."""
        if kind is not None:
            # A worker without its Kafka would try to leave its group for as long as it may.
            for child in reversed(self._running):
                child.stop(limit_seconds=_HURRY_SECONDS)
        self._stack.close()

    def enter(self, server: Server) -> Server:
        """Take in an embedded server that runs already."""
        self._stack.enter_context(server)
        self._running.append(server.process)
        return server

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None
    ) -> ChildProcess:
        """Start a program; all it prints goes to its log."""
        env = {**(env or {}), "TMPDIR": str(self._folder)}
        with self._log(name).open("wb") as log:
            child = ChildProcess(name, argv, env=env, stdout=log, stderr=log)
        self._running.append(self._stack.enter_context(child))
        return child

    def line_with(self, text: str, child: ChildProcess) -> str:
        """Wait until a program has printed a line with this text, and give the line.

        Raises
        ------
        ServiceError
            If one of them ends before.
        """
        while True:
            lines = self._log(child.name).read_text(errors="replace").splitlines()
            if found := [line for line in lines if text in line]:
                return found[0]
            first_to_end(self._running, limit_seconds=_TICK_SECONDS)
            self.check()

    def last_words(self, child: ChildProcess) -> str:
        """Give the last line that a program has printed so far."""
        return "".join(self._tail(child, 1))

    def wait_for(self, child: ChildProcess, tick: Callable[[], None] = lambda: None) -> None:
        """Wait until one of the programs has done its work; call ``tick`` meanwhile.

        Raises
        ------
        ServiceError
            If it fails, or another one ends.
        """
        while first_to_end(self._running, limit_seconds=_TICK_SECONDS) is None:
            tick()
        if child.status == 0:
            self._running.remove(child)
        self.check()

    def check(self) -> None:
        """Check that all of them run.

        Raises
        ------
        ServiceError
            If one has ended; the message says which, how, and what it said last.
        """
        for child in self._running:
            if (status := child.status) is not None:
                said = self._tail(child, _LOG_LINES)
                log = "".join(f"\n  {line}" for line in said)
                raise ServiceError(
                    f"{child.name} ended with {_how(status)}, so everything else was ended, too"
                    + (f"; the end of its log:{log}" if said else "; it left no log")
                )

    def _tail(self, child: ChildProcess, n_lines: int) -> list[str]:
        log = self._log(child.name)
        text = log.read_text(errors="replace") if log.exists() else ""
        return text.rstrip().splitlines()[-n_lines:]

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def _how(status: int) -> str:
    if status >= 0:
        return f"exit code {status}"
    return f"signal {-status} ({signal.Signals(-status).name})"
