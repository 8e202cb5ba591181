"""Options that commands share which say what is wanted of machines."""

from collections.abc import Callable
from typing import Any

import click

from stream_detector.command_line import Parsed, caller
from stream_detector.pipeline.names import machine_name
from stream_detector.pipeline.thresholds import ALL_MACHINES

set_by = click.option("--by", "set_by", default=caller, show_default="you", help="Who wants it.")


def machine(own: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Ask for a machine; without one it is for all without ``own``, e.g. "one of their own"."""
    return click.option(
        "--machine",
        type=Parsed(machine_name),
        metavar="NAME",
        default=ALL_MACHINES,
        show_default=f"all machines without {own}",
        help="Machine it is for.",
    )
