"""What the publishing of a recording shows while it works."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

_SECONDS = 60.0
"""From line to line where there is no terminal."""


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
