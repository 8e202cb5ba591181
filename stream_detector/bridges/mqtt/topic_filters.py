"""What may be subscribed to over MQTT: the broker and its client refuse anything else.

References
----------
OASIS, "MQTT Version 3.1.1" (2014), section 4.7: topic names and topic filters.
"""

from typing import Final

_MAX_BYTES: Final = 65_535


def checked_filter(text: str) -> str:
    """Give a topic filter back as it is.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> checked_filter("mill/+/speed")
    'mill/+/speed'
    >>> checked_filter("mill/pm#")
    Traceback (most recent call last):
    ValueError: # stands alone in the last level, as in mill/#
    """
    if not text:
        raise ValueError("a filter is not empty")
    if len(text.encode()) > _MAX_BYTES:
        raise ValueError(f"a filter has {_MAX_BYTES} bytes at most")
    if "\0" in text:
        raise ValueError("a filter has no NUL in it")
    *levels, last = text.split("/")
    if any("#" in level for level in levels) or ("#" in last and last != "#"):
        raise ValueError("# stands alone in the last level, as in mill/#")
    if any("+" in level and level != "+" for level in (*levels, last)):
        raise ValueError("+ stands alone in its level, as in mill/+/speed")
    return text
