"""How every command of ours is found, fails and ends."""

import getpass
import importlib
import math
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import click

from stream_detector.errors import SettingsError, StreamDetectorError

EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m(?:in)?": 60.0, "s": 1.0, "ms": 0.001}
_DURATION: Final = re.compile(
    r"\s*".join(rf"(?:([0-9]+\.?[0-9]*|\.[0-9]+)\s*{unit})?" for unit in _UNITS)
)
_CENTURY: Final = 36525 * 86400.0

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS: Final = 0.5
"""So soon it is looked whether a signal got lost, and so often."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called.

    Parameters
    ----------
    table : mapping of command name to ``"module:function"``
    """

    def __init__(self, *, name: str, help: str, table: Mapping[str, str]) -> None:  # noqa: A002
        super().__init__(name=name, help=help)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the order of the table."""
        del ctx
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        place = self._table.get(cmd_name)
        if place is None:
            return None
        module, _, function = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), function)
        return command


class Parsed(click.ParamType):
    """What a function of ours reads; what it refuses is wrong usage.

    Parameters
    ----------
    parse : callable
        From the text to the value; raises a StreamDetectorError for what is none.
    """

    name = "text"

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a text."""
        try:
            return self._parse(value)
        except StreamDetectorError as error:
            self.fail(str(error), param, ctx)


def parse_duration(text: str) -> float:
    """Read a span of time as people type it, in seconds: ``2h``, ``1h30m``, ``2min``, ``0.5 s``.

    Raises
    ------
    SettingsError
        If it is anything else, or not between zero and a century.

    Examples
    --------
    >>> parse_duration("1h30m"), parse_duration("250ms")
    (5400.0, 0.25)
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise SettingsError(f"{text!r} is no span of time, expected e.g. 2min, 0.5s or 1h30m")
    seconds = sum(
        float(number) * unit
        for number, unit in zip(found.groups(), _UNITS.values(), strict=True)
        if number
    )
    if not 0 < seconds <= _CENTURY:
        raise SettingsError(f"{text!r} must be above zero, and not longer than a century")
    return seconds


class FiniteRange(click.FloatRange):
    """A number within bounds: click's own takes nan for one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


def check_different(**files: Path | None) -> None:
    """Refuse two options, named as the parameters, that name one file: they would overwrite it.

    Raises
    ------
    UsageError
        What is no regular file (``/dev/stdout``) may be named twice.
    """
    seen: dict[Path, str] = {}
    for option, file in files.items():
        if file is None or (file.exists() and not file.is_file()):
            continue
        other = seen.setdefault(file.resolve(), option)
        if other != option:
            raise click.UsageError(f"--{other} and --{option} name the same file, {file}")


def caller() -> str:
    """Name who calls, by number where the system has no name: containers run under any."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the latter since Python 3.13
        return f"uid:{os.getuid()}"


def on_one_line(text: str) -> str:
    r"""Write what others said on one line of a terminal, whatever they put in.

    Examples
    --------
    >>> on_one_line("pm3\x1b[2J")
    'pm3\\x1b[2J'
    """
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


@dataclass(frozen=True)
class Finding:
    """What a check found: ``fault`` is None when all is well."""

    subject: str
    detail: str
    fault: str | None = None


def looked(subject: str, look: Callable[[], str]) -> Finding:
    """Look at something that a program needs: what it is like, or what is wrong with it."""
    try:
        return Finding(subject, look())
    except StreamDetectorError as error:
        return Finding(subject, "", str(error))


def tell(findings: Iterable[Finding]) -> NoReturn:
    """Tell what was found, a line each, and end the process: with 1 if anything is at fault."""
    healthy = True
    for one in findings:
        healthy = healthy and one.fault is None
        mark = "ok   " if one.fault is None else "FAULT"
        click.echo(on_one_line(f"{mark} {one.subject}: {one.fault or one.detail}"))
    sys.exit(0 if healthy else 1)


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
    """Raise :class:`Stopped` at the first signal; a second one cannot disturb the cleaning up.

    It is raised again where it got lost: what a handler raises while the garbage collector is at
    work, or within what C code calls, reaches nobody. A signal that is ignored (``nohup``) stays
    so.
    """
    raised: list[Stopped] = []

    def stop(number: int, _: FrameType | None) -> None:
        if not raised:
            raised.append(Stopped(number))
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
        elif sys.exc_info()[1] is not None:
            return  # it is on its way, or another error is: that is cleaned up after
        raise raised[0]

    before = {
        number: signal.signal(number, stop)
        for number in (*_SIGNALS, signal.SIGALRM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    except StreamDetectorError:
        raise  # what failed in the cleaning up has its own words
    except Exception as error:
        # C code may put an error of its own in the place of what the handler raised within it:
        # confluent-kafka makes "expected configuration property name as type unicode string" of it.
        if raised:
            raise raised[0] from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def run(command: click.Command, *, name: str) -> NoReturn:
    """Run a command line and end the process.

    With 0 when it is done, 1 on a fault it explains, 2 on wrong usage, 130 on Ctrl-C.
    """
    try:
        with signals_stop():
            command.main(prog_name=name)
    except StreamDetectorError as error:
        click.echo(f"{name}: {error}", err=True)
        sys.exit(1)
    sys.exit(0)


def check_installed(what: str, packages: Iterable[str], *, extra: str) -> None:
    """Check that the packages of one of our extras are here, before anything of them is needed.

    Raises
    ------
    SettingsError
        If one is missing.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{what} needs {' and '.join(missing)}, not installed here; "
            f"pip install 'stream-detector[{extra}]'"
        )
