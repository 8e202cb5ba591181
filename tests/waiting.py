"""Waiting in tests: for a condition, with a limit, never for a time."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str, *, limit_seconds: float = 10.0) -> None:
    """Return as soon as the condition holds; fail with `what` when it does not in time."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_seconds:g} s: {what}")
        time.sleep(0.02)
