"""JSON as many producers write it: with literal NaN and Infinity, or behind a byte order mark."""

import json
import math
from typing import TypeVar

import msgspec

from stream_detector.errors import ReadingError

_Read = TypeVar("_Read")


def read_leniently(data: bytes, kind: type[_Read]) -> tuple[_Read, bool]:
    """Read JSON that a strict decoder does not take for JSON.

    Returns
    -------
    value : kind
        With None for each literal, as a missing value is written.
    has_literals : bool

    Raises
    ------
    ReadingError
        ``not-json``, or ``invalid`` for a number that is out of range.
    msgspec.ValidationError
        If it is JSON of another kind.

    Examples
    --------
    >>> read_leniently(b'{"speed": NaN}', dict[str, float | None])
    ({'speed': None}, True)
    """
    found: list[str] = []
    try:
        # Of bytes, it would take halves of a surrogate pair, which nobody can write again.
        text = data.decode("utf-8-sig")
        value = json.loads(text, parse_constant=found.append, parse_float=_finite_float)
        return msgspec.convert(value, kind, strict=True), bool(found)
    except msgspec.ValidationError:  # a ValueError, too
        raise
    except ValueError as error:
        raise ReadingError("not-json", str(error)) from error


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ReadingError("invalid", f"the number {text[:50]} is out of range")
    return number
