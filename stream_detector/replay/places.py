"""Places in Kafka's log, as people type them."""

import re
from typing import NamedTuple

from stream_detector.errors import SettingsError

# An offset is a number of 63 bits.
_PLACE = re.compile(r"([0-9]{1,19}):([0-9]{1,19})")


class Place(NamedTuple):
    """Where a message of the readings topic stands."""

    partition: int
    offset: int


def parse_places(text: str) -> frozenset[Place]:
    """Read ``PARTITION:OFFSET,...``, as the worker's log writes it of a reading it passes over.

    Raises
    ------
    SettingsError
        If it is anything else.

    Examples
    --------
    >>> sorted(parse_places("2:4711,0:15"))
    [Place(partition=0, offset=15), Place(partition=2, offset=4711)]
    """
    matches = [_PLACE.fullmatch(one.strip()) for one in text.split(",")]
    places = frozenset(Place(int(one[1]), int(one[2])) for one in matches if one)
    if None in matches:
        raise SettingsError(
            f"places are {text!r}, expected PARTITION:OFFSET,..., e.g. 2:4711 or 2:4711,0:15"
        )
    return places
