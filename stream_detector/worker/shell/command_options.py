"""Options that commands share which say what is wanted of machines."""

from collections.abc import Callable
from typing import Any

import click

from stream_detector.command_line import Parsed, caller
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import redis_faults
from stream_detector.errors import listed
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


def tell_where_unknown(machine: str, choices: ModelChoiceStore) -> None:
    """Say so where no worker ever judged a machine: its name may be misspelt.

    Raises
    ------
    ServiceError
        If Redis does not answer, or refuses us.
    """
    with redis_faults():
        judged = choices.read_judging()
    if machine != ALL_MACHINES and machine not in judged:
        others = f", but of {listed(sorted(judged))}" if judged else ""
        click.echo(
            f"note: no reading of {machine!r} was judged so far{others}: check the name",
            err=True,
        )
