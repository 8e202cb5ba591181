"""The commands ``console`` and ``users``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stream_detector.command_line import FiniteRange, Parsed, check_installed
from stream_detector.connections.settings import read_settings

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from stream_detector.console.users import Role


_PACKAGES = ("argon2", "jinja2", "nicegui")
"""Of the extra ``console``."""


def _zone(name: str) -> "ZoneInfo":
    from stream_detector.console.words import zone

    return zone(name)


def _role(text: str) -> "Role":
    from stream_detector.console.users import role_of

    return role_of(text)


@click.command(
    epilog="Example: stream-detector console --users users.txt --url https://alerts.example.com"
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; other than this machine itself only with --users and --url.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--users",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of those who may sign in (`stream-detector users add`).  [default: nobody has to]",
)
@click.option(
    "--url", help="Address that people type, https://…, of the proxy that brings TLS and them here."
)
@click.option(
    "--proxy",
    metavar="ADDRESS",
    help="Address of that proxy, as seen from here: its X-Forwarded-For counts, no other's.",
)
@click.option(
    "--time-zone",
    "zone",
    type=Parsed(_zone),
    default="UTC",
    show_default=True,
    help="Time zone of the plant, e.g. Europe/Helsinki; UTC is shown beside it.",
)
@click.option(
    "--session-hours",
    type=FiniteRange(min=0, max=720, min_open=True),
    default=12.0,
    show_default=True,
    help="How long somebody stays signed in.",
)
def console(
    *,
    host: str,
    port: int,
    users: Path | None,
    url: str | None,
    proxy: str | None,
    zone: "ZoneInfo",
    session_hours: float,
) -> None:
    """Serve the operators' page.

    Reads DETECTOR_BROKER and the other settings; with DETECTOR_BUNDLE and DETECTOR_REDIS_URL also
    thresholds. Without --users whoever is at this machine may do everything. Ends with 0 on SIGTERM
    or Ctrl-C, with 1 on a fault.
    """
    check_installed("the operators' page", _PACKAGES, extra="console")
    from stream_detector.connections.log import configure_logging
    from stream_detector.console.app import Plan, serve

    settings = read_settings()
    configure_logging(settings)
    serve(
        settings,
        Plan(
            host=host,
            port=port,
            users=users,
            url=url,
            proxy=proxy,
            zone=zone,
            session_seconds=3600 * session_hours,
        ),
        on_ready=lambda address: click.echo(f"the operators' page is at {address}"),
    )


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
    check_installed("the operators' page", _PACKAGES, extra="console")
    from stream_detector.console.users import add_user

    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    is_new = add_user(path, name, role, password)
    click.echo(f"{name}: {'added' if is_new else 'changed'}, {role}")
