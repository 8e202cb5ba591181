"""The command ``users``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stream_detector.command_line import Parsed

if TYPE_CHECKING:
    from stream_detector.console.users import Role


def _role(text: str) -> "Role":
    from stream_detector.console.users import role_of

    return role_of(text)


@click.group()
def users() -> None:
    """Say who may use the operators' page."""


@users.command(epilog="Example: stream-detector users add anna --role operator --file users.txt")
@click.argument("name")
@click.option(
    "--role",
    type=Parsed(_role),
    default="operator",
    show_default=True,
    help="viewer (look), operator (acknowledge, shelve, …), engineer (thresholds too).",
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The users file; made where there is none.",
)
def add(name: str, role: "Role", path: Path) -> None:
    """Add somebody, or give them a new role and password; asks for it, or reads a line of stdin.

    A page that runs takes it over at once. To take somebody out, delete their line.
    """
    from stream_detector.console.users import add_user

    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    is_new = add_user(path, name, role, password)
    click.echo(f"{name}: {'added' if is_new else 'changed'}, {role}")
