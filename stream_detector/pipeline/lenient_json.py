"""JSON as many producers write it: with literal NaN and Infinity, or behind a byte order mark."""

import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

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
        value = load_leniently(data, constant=found.append)
        return msgspec.convert(value, kind, strict=True), bool(found)
    except OutOfRangeError as error:
        raise ReadingError("invalid", str(error)) from error
    except msgspec.ValidationError:  # a ValueError, too
        raise
    except ValueError as error:
        raise ReadingError("not-json", str(error)) from error


class OutOfRangeError(ValueError):
    """A number is none that a float can be."""


def load_leniently(data: bytes, *, constant: Callable[[str], object]) -> Any:
    """Load JSON with what ``constant`` makes of each literal.

    Raises
    ------
    OutOfRangeError
        If a number is out of range.
    ValueError
        If it is no JSON.

    Examples
    --------
    >>> load_leniently(b'[1.5, Infinity]', constant=float)
    [1.5, inf]
    """
    # Of bytes, it would take halves of a surrogate pair, which nobody can write again.
    text = data.decode("utf-8-sig")
    return json.loads(text, parse_constant=constant, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise OutOfRangeError(f"the number {text[:50]} is out of range")
    return number
