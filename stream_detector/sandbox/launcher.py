"""Become another program, one that dies with the process that started it.

Run by :mod:`stream_detector.sandbox.child` as ``python launcher.py PARENT_PID PROGRAM
ARGUMENT...``. The wish to be killed with the parent survives ``exec``, so the program
need not know of it. It is a program of its own because the other way, a ``preexec_fn``,
runs Python between fork and exec and can deadlock where the parent has threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def become(parent: int, argv: list[str]) -> None:
    """Replace this process by the program ``argv``, to be killed when ``parent`` ends.

    Returns only by ``SystemExit``: when the parent is gone already, when the kernel has
    no such service, or when there is no such program.
    """
    # KILL and not TERM: nobody is left who could insist if the program did not listen.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None or prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"{argv[0]}: cannot be tied to its parent: prctl is missing, this is not Linux")
    # A parent that died before the call above will not be reported any more.
    if os.getppid() != parent:
        sys.exit(f"{argv[0]}: the process that wanted it is gone")
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - the caller's own program, no shell
    except OSError as error:
        sys.exit(f"{argv[0]}: cannot be started: {error.strerror}")


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
