"""How far ahead an alert counts as a warning."""

from datetime import timedelta
from typing import Final

HORIZONS: Final = tuple(timedelta(minutes=minutes) for minutes in (4, 10, 30, 60))
"""Warnings are counted at these, whatever the horizon of the rule."""

_JITTER: Final = 1.01


def reach(horizon: timedelta) -> timedelta:
    """Give how long before an outcome an alert still counts: clocks jitter, so 1 % longer.

    >>> reach(timedelta(seconds=200))
    datetime.timedelta(seconds=202)
    """
    return horizon * _JITTER
