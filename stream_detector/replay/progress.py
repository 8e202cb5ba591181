"""What long work on readings shows while it goes on."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_T = TypeVar("_T")

_SECONDS = 60.0
"""From line to line where there is no terminal."""

_LOOK_EVERY = 1000
"""Items between which nobody looks at the clock."""


@contextmanager
def progress(
    machine: str, n_readings: int, console: Console, *, now: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Give a function to be told how many readings are published.

    It moves a bar on a terminal, and writes a line a minute elsewhere.

    Parameters
    ----------
    machine : str
    n_readings : int
        All of them.
    console : rich Console
    now : callable
        A clock, in seconds.
    """
    if console.is_terminal:
        with Progress(console=console, transient=True) as bars:
            bar = bars.add_task("readings", total=n_readings)
            yield lambda n_published: bars.update(bar, completed=n_published)
        return
    told_at = now()

    def tell(n_published: int) -> None:
        nonlocal told_at
        if now() - told_at >= _SECONDS:
            told_at = now()
            line = f"{machine}: {n_published} of {n_readings} readings published"
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    yield tell


def counting(
    items: Iterable[_T], what: str, console: Console, *, now: Callable[[], float] = time.monotonic
) -> Iterator[_T]:
    """Pass on items of which nobody knows how many come, and show how many have come.

    It moves a number on a terminal, and writes a line a minute elsewhere.

    Parameters
    ----------
    items : iterable
    what : str
        Their name, e.g. ``"scores read"``.
    console : rich Console
    now : callable
        A clock, in seconds.
    """
    if console.is_terminal:
        columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn(what), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bars:
            yield from bars.track(items, total=None)
        return
    told_at = now()
    for n_items, item in enumerate(items, start=1):
        if n_items % _LOOK_EVERY == 0 and now() - told_at >= _SECONDS:
            told_at = now()
            console.print(f"{n_items} {what}", markup=False, highlight=False, soft_wrap=True)
        yield item
