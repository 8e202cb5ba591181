"""Names that a reading may carry."""

import unicodedata
from typing import Annotated

import msgspec

from stream_detector.errors import UNREADABLE, ReadingError, SettingsError
from stream_detector.pipeline.json_depth import check_depth
from stream_detector.pipeline.lenient_json import read_leniently

MAX_NAME = 200
"""Characters of a name: of a machine, a sensor, a mode, an event."""


def machine_name(text: str) -> str:
    """Read the name of a machine as people type it.

    Raises
    ------
    SettingsError
        If readings could not carry it, or it does not go on one line.

    Examples
    --------
    >>> machine_name("Papiermaschine 3")
    'Papiermaschine 3'
    """
    if not (1 <= len(text) <= MAX_NAME and is_on_one_line(text)):
        raise SettingsError(
            f"machine is {text[:MAX_NAME]!r}, expected a name of 1 to {MAX_NAME} characters on "
            "one line"
        )
    return text


def is_on_one_line(name: str) -> bool:
    """Tell whether a name has no control character, nor half a surrogate pair."""
    return not any(unicodedata.category(one) in {"Cc", "Cs"} for one in name)


class _Named(msgspec.Struct):
    machine: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


_decoder = msgspec.json.Decoder(_Named)


def machine_in(data: bytes | None) -> str | None:
    """Give the machine that a reading is of, with the rest unread; None where it names none.

    Examples
    --------
    >>> machine_in(b'{"machine": "pm3", "time": "2026-11-22T03:10:00Z"}')
    'pm3'
    """
    try:
        return _decoder.decode(data or b"").machine
    except msgspec.ValidationError:
        return None
    except UNREADABLE:
        return _machine_leniently_in(data or b"")


def _machine_leniently_in(data: bytes) -> str | None:
    """Find it in whatever else is read as a reading."""
    try:
        check_depth(data)
        return read_leniently(data, _Named)[0].machine
    except (ReadingError, msgspec.ValidationError):
        return None
