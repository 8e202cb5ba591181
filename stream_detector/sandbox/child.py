"""Child processes that cannot be left behind.

They end when they are told to, and they die with this process however it ends, kill -9
included.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from stream_detector.sandbox import launcher

# Isolated and without site-packages, Python is up in some 20 ms; the launcher needs neither.
_LAUNCH = (sys.executable, "-IS", str(Path(launcher.__file__).resolve()))

Output = int | IO[bytes] | None
"""Where an output goes, as in :mod:`subprocess`: None is where our own goes."""


class ChildProcess:
    """A named program, running from the moment this object exists; a context manager.

    It leads a process group of its own, so Ctrl-C reaches only us, and we end our
    children in the order we like. Its standard input is a pipe that we hold and never
    write to: a program may read it to learn that we are gone.

    Start it from a thread that outlives it: Linux counts the end of the thread that
    started a process as the end of its parent.

    Parameters
    ----------
    name : str
        What people know it by, e.g. ``"worker"``.
    argv : sequence of str
        The program, looked up on the ``PATH``, and its arguments.
    env : mapping of str to str, optional
        Variables added to our own environment.
    stdout, stderr : Output
        As in :class:`subprocess.Popen`.

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> with ChildProcess("sleeper", ["sleep", "60"]) as sleeper:
    ...     sleeper.status is None
    True
    >>> sleeper.status
    -15
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdout: Output = None,
        stderr: Output = None,
    ) -> None:
        self.name = name
        self._process = subprocess.Popen(  # noqa: S603 - the caller's own program, no shell
            [*_LAUNCH, str(os.getpid()), *argv],
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            process_group=0,
        )

    def __enter__(self) -> Self:
        """Return the running program."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever happened."""
        self.stop()

    @property
    def pid(self) -> int:
        """Process id; the launcher and the program it becomes have the same."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while the program runs."""
        if self._process.returncode is not None:
            return self._process.returncode
        # Looked at, but not reaped: so its number stays its own, and that of its group, until
        # the group has been ended.
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def first_line(self, *, limit_seconds: float) -> str:
        """Wait for the first line the program prints; needs ``stdout=subprocess.PIPE``.

        Empty when the program ends without one, or gives none in time.
        """
        output = self._process.stdout
        if output is None:
            raise ValueError(f"the output of {self.name!r} is no pipe")
        ready, _, _ = select.select([output], [], [], limit_seconds)
        return output.readline().decode().rstrip("\n") if ready else ""

    def stop(self, *, limit_seconds: float = 10.0) -> None:
        """End the program with all of its group: TERM, then KILL for what is left.

        That is when the program has ended, by itself or by TERM, and at the latest after
        ``limit_seconds``.
        """
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGTERM)
            first_to_end([self], limit_seconds=limit_seconds)
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def first_to_end(
    children: Iterable[ChildProcess], *, limit_seconds: float | None = None
) -> ChildProcess | None:
    """Wait until one of the children ends and return it; None when the limit is over.

    A child that ended earlier counts: give only those that should be running.

    Examples
    --------
    >>> with ChildProcess("sleeper", ["sleep", "60"]) as sleeper:
    ...     with ChildProcess("brief", ["true"]) as brief:
    ...         first_to_end([sleeper, brief]).name
    'brief'
    """
    running = {}
    with ExitStack() as stack:
        waiting = select.poll()
        for child in children:
            if child.status is not None:
                return child
            handle = os.pidfd_open(child.pid)
            stack.callback(os.close, handle)
            waiting.register(handle, select.POLLIN)
            running[handle] = child
        for handle, _ in waiting.poll(None if limit_seconds is None else limit_seconds * 1000):
            return running[handle]
    return None
