"""What people write in Redis, with the last good value of what cannot be read."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from stream_detector.errors import SettingsError

_Wanted = TypeVar("_Wanted")


def readable(
    entries: Mapping[str, bytes],
    decode: Callable[[bytes], _Wanted],
    before: Mapping[str, _Wanted],
) -> tuple[dict[str, _Wanted], dict[str, str]]:
    """Take what can be read; of the rest, what was read last stays.

    Parameters
    ----------
    entries : mapping of machine to bytes
    decode : callable
        Raises SettingsError for what cannot be read.
    before : mapping of machine to value
        What was read last.

    Returns
    -------
    tuple of dict
        What is wanted of each machine, and of those that cannot be read why.

    Examples
    --------
    >>> def number(data: bytes) -> int:
    ...     if not data.isdigit():
    ...         raise SettingsError(f"{data!r} is no number")
    ...     return int(data)
    >>> readable({"pm3": b"7", "pm4": b"high", "pm5": b"low"}, number, {"pm3": 6, "pm4": 2})
    ({'pm3': 7, 'pm4': 2}, {'pm4': "b'high' is no number", 'pm5': "b'low' is no number"})
    """
    wanted, refused = {}, {}
    for machine, data in entries.items():
        try:
            wanted[machine] = decode(data)
        except SettingsError as fault:
            refused[machine] = str(fault)
            if machine in before:
                wanted[machine] = before[machine]
    return wanted, refused
