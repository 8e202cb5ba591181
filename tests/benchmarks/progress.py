"""What a benchmark says while it runs."""

import sys

import click


def tell(what: str) -> None:
    """Say what is being done: on one line of a terminal, on a line each elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what}", err=True, nl=False)
    else:
        click.echo(what, err=True)
