"""The command-line options that say what of Kafka's log to read."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click

from stream_detector.command_line import Parsed
from stream_detector.replay.places import Place, parse_places
from stream_detector.replay.time_range import TimeRange, parse_range

_T = TypeVar("_T")


class LogRange(NamedTuple):
    """A part of the readings topic.

    Parameters
    ----------
    span : TimeRange
    skipped : frozenset of Place
        Messages that are poison; they may be outside of the span.
    """

    span: TimeRange = TimeRange(None, None)
    skipped: frozenset[Place] = frozenset()


_OPTIONS = (
    click.option(
        "--kafka",
        "span",
        type=Parsed(parse_range),
        metavar="START/END",
        help="Instead of a recording: what Kafka took into the readings topic in this span of its "
        "own time, e.g. 2026-11-22T03:00:00Z/; / is all of it.",
    ),
    click.option(
        "--skip",
        "skipped",
        type=Parsed(parse_places),
        metavar="PARTITION:OFFSET,...",
        help="With --kafka: refuse these messages as poison, unread. The worker's log names the "
        "place of each reading that ended it again and again, and that it passes over since.",
    ),
)


def log_options(command: Callable[..., _T]) -> Callable[..., _T]:
    """Give a command the options of a part of the log, as one argument ``log``; None without.

    Examples
    --------
    >>> @click.command()
    ... @log_options
    ... def show(*, log: LogRange | None) -> None:
    ...     click.echo(log and sorted(log.skipped))
    >>> show(["--kafka", "/", "--skip", "2:4711"], standalone_mode=False)
    [Place(partition=2, offset=4711)]
    """

    @functools.wraps(command)
    def with_log(
        *args: Any, span: TimeRange | None, skipped: frozenset[Place] | None, **parameters: Any
    ) -> _T:
        if span is None and skipped is not None:
            raise click.UsageError("--skip names places in Kafka's log: give it with --kafka")
        log = None if span is None else LogRange(span, skipped or frozenset())
        return command(*args, **parameters, log=log)

    options = with_log
    for option in reversed(_OPTIONS):
        options = option(options)
    return options
