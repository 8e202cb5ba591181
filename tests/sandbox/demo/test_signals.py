"""Signals end the demo in good order."""

import os
import signal

import pytest

from stream_detector.sandbox.demo.signals import Stopped, signals_stop


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        (signal.SIGTERM, 143, "SIGTERM"),
        (signal.SIGHUP, 129, "SIGHUP"),
    ],
)
def test_a_signal_becomes_an_exit(number: signal.Signals, code: int, reason: str) -> None:
    before = signal.getsignal(number)

    with pytest.raises(Stopped) as stopped, signals_stop():
        os.kill(os.getpid(), number)

    assert (stopped.value.code, stopped.value.reason) == (code, reason)
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_does_not_disturb_the_cleaning_up() -> None:
    cleaned = []

    def work() -> None:
        with signals_stop():
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                cleaned.append("up")

    with pytest.raises(Stopped):
        work()

    assert cleaned == ["up"]
