"""A reading: all sensor values of one machine at one instant."""

from datetime import datetime

import msgspec


class Reading(msgspec.Struct, frozen=True, gc=False):
    """All values of one machine at one instant, and/or a process event.

    A struct, not a dataclass: one is made per message, and this is the cheapest
    immutable value there is, a quarter of a named tuple.

    Parameters
    ----------
    machine : str
        Whose reading it is.
    time : datetime
        When the machine was in this state; aware, UTC.
    values : tuple of (float or None), length p, or None
        In the sensors' own units and the model's order; None (or NaN) is missing.
        None instead of the tuple in a pure event.
    mode : str or None
        Grade, recipe or campaign the machine runs.
    event : str or None
        What happened to the machine at this instant, e.g. ``"break"``.
    """

    machine: str
    time: datetime
    values: tuple[float | None, ...] | None
    mode: str | None = None
    event: str | None = None
