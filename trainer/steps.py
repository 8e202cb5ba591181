"""The steps of a training run: told as they begin, and timed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Steps:
    """Times the steps of a run, and tells of each as it begins.

    Parameters
    ----------
    tell : callable
        Told the name of every step.
    seconds : dict
        What each step took, by its name.

    Examples
    --------
    >>> steps = Steps(tell=print)
    >>> with steps.step("fitting"):
    ...     pass
    fitting
    >>> list(steps.seconds)
    ['fitting']
    """

    tell: Callable[[str], None] = lambda _: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell of a step, and time what is done in it."""
        self.tell(name)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)
