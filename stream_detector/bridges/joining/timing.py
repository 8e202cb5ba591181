"""When a machine's readings are made, and how long a value counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The times of one machine, in microseconds."""

    cadence_us: int
    """Readings stand at whole multiples of it since 1970 in UTC."""
    hold_us: int
    """A value this old still counts at a grid instant; an older one is missing."""
    lateness_us: int
    """So much older than the machine's newest row may a row be that still counts."""
