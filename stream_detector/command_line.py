"""How every command of ours is found, fails and ends."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import click

from stream_detector.errors import StreamDetectorError


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


def run(command: click.Command, *, name: str) -> NoReturn:
    """Run a command line and end the process: 0 done, 1 a fault it explains, 2 wrong usage."""
    try:
        command.main(prog_name=name)
    except StreamDetectorError as error:
        click.echo(f"{name}: {error}", err=True)
        sys.exit(1)
    sys.exit(0)
