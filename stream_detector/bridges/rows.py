"""The tag row: one tag, one time, one value, as every source gives it."""

from typing import Final, NamedTuple, Protocol

MAX_TAG: Final = 1_000
"""Characters of a tag: topics and node ids are longer than names."""


class TagRow(NamedTuple):
    """What one tag said at one instant.

    Examples
    --------
    >>> TagRow("PM3.WIRE.SPEED", 1_763_780_400_000_000, 812.5).value
    812.5
    """

    tag: str
    time_us: int
    """Event time, microseconds since 1970 in UTC: a number, because many are compared."""
    value: float | str | None
    """None is no data: a null, a bad quality, a source that died. Never a number in its place."""


class Decode(Protocol):
    """Turns one message into tag rows; a RowError is a dead letter, a RegistryAwayError waits."""

    def __call__(self, value: bytes, *, topic: str) -> list[TagRow]:
        """Read one message."""
