"""Ctrl-C and other requests to stop, as an exception that lets every ``with`` block run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(SystemExit):
    """Somebody wants the program to end; the exit code is 128 + the signal's number.

    Examples
    --------
    >>> Stopped(signal.SIGINT).code, Stopped(signal.SIGTERM).reason
    (130, 'SIGTERM')
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.reason = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


@contextmanager
def signals_stop() -> Iterator[None]:
    """Raise :class:`Stopped` at the first signal; a second one cannot disturb the cleaning up."""

    def stop(number: int, _: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
