"""What every command line of ours makes of signals, numbers and files."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click
import pytest

from stream_detector.command_line import (
    FiniteRange,
    Stopped,
    check_different,
    check_installed,
    parse_duration,
    signals_stop,
)
from stream_detector.errors import SettingsError, StreamDetectorError


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
                # The look whether the first one got lost.
                os.kill(os.getpid(), signal.SIGALRM)
                cleaned.append("up")

    with pytest.raises(Stopped):
        work()

    assert cleaned == ["up"]


def test_a_signal_that_got_lost_is_raised_again_by_itself() -> None:
    def work() -> None:
        with suppress(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        last_look = time.monotonic() + 10
        while time.monotonic() < last_look:
            pass
        pytest.fail("it was not raised again")

    with pytest.raises(Stopped) as stopped, signals_stop():
        work()

    assert stopped.value.code == 130


def test_nothing_is_raised_again_once_the_program_has_ended() -> None:
    with suppress(Stopped), signals_stop():
        os.kill(os.getpid(), signal.SIGINT)

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_library_that_makes_an_error_of_its_own_of_a_signal_is_stopped_all_the_same() -> None:
    def library() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except Stopped:
            raise TypeError("expected a name") from None

    with pytest.raises(Stopped) as stopped, signals_stop():
        library()

    assert stopped.value.code == 130


def test_what_fails_in_the_cleaning_up_after_a_signal_is_told() -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            raise StreamDetectorError("the disk is full")

    with pytest.raises(StreamDetectorError, match="the disk is full"), signals_stop():
        work()


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with signals_stop():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "0"])
def test_a_number_within_bounds_is_finite(text: str) -> None:
    with pytest.raises(click.BadParameter):
        FiniteRange(min=0, min_open=True).convert(text, None, None)

    assert FiniteRange(min=0).convert("1.5", None, None) == 1.5


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200.0),
        ("90m", 5400.0),
        ("2min", 120.0),
        ("1h30m", 5400.0),
        ("1d 2 H", 93600.0),
        ("12h0m1s", 43201.0),
        (".5 s", 0.5),
        ("250ms", 0.25),
        ("1m5ms", 60.005),
    ],
)
def test_a_span_of_time_is_read_as_people_type_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", ".h", "-2h", "h", "30m1h", "1h30", "2 weeks", "٢h"])
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"no span of time, expected e\.g\. 2min, 0\.5s or"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0h", "0m0s", "40000d", "9" * 400 + "s"])
def test_a_span_of_time_is_above_zero_and_has_an_end(text: str) -> None:
    with pytest.raises(SettingsError, match="above zero, and not longer than a century"):
        parse_duration(text)


def test_two_options_must_not_name_one_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a.csv")

    with pytest.raises(click.UsageError, match="--scores and --alerts name the same file"):
        check_different(scores=tmp_path / "a.csv", alerts=tmp_path / "link")

    check_different(scores=tmp_path / "a.csv", alerts=tmp_path / "b.csv", tags=None)
    check_different(scores=Path("/dev/null"), alerts=Path("/dev/null"))


def test_a_package_of_an_extra_that_is_not_here_is_named_with_how_to_get_it() -> None:
    check_installed("the page", ["json"], extra="console")

    with pytest.raises(SettingsError, match=r"the page needs nicegoo and tensorflaw, not inst.*"):
        check_installed("the page", ["json", "nicegoo", "tensorflaw"], extra="console")


def test_where_the_worker_alone_is_installed_the_trainer_says_what_to_install() -> None:
    without_onnx = (
        "import runpy, sys; sys.modules['onnx'] = None; "
        "runpy.run_module('trainer', run_name='__main__', alter_sys=True)"
    )

    done = subprocess.run(
        [sys.executable, "-c", without_onnx], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "trainer: the trainer needs onnx, not installed here; "
        "pip install 'stream-detector[train]'\n"
    )
