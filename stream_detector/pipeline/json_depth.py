"""How deep the brackets of a message may be: a decoder goes into each, and has little room."""

import re

from stream_detector.errors import ReadingError

MAX_DEPTH = 64
"""Brackets within brackets; a reading has two. Without a limit of ours it is what is left of the
stack, so that the same message is read here and refused there."""

_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""Of JSON; one without an end goes to the end, so no byte is looked at twice."""

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_depth(data: bytes) -> None:
    """Refuse JSON whose brackets are more than 64 deep, before anything decodes it.

    Raises
    ------
    ReadingError
        ``too-deep``.

    Examples
    --------
    >>> check_depth(b'{"values": {"a": 1.0}}')
    >>> check_depth(b"[" * 65)
    Traceback (most recent call last):
    stream_detector.errors.ReadingError: too-deep: brackets are more than 64 deep
    """
    # Almost all have two braces and nothing more, which is seen in less than half a microsecond.
    second = data.find(b"{", 1)
    if b"[" not in data and data.find(b"{", second + 1) < 0:
        return
    # Names of sensors may hold some, but few hold so many.
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _TEXT.sub(b"", data).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ReadingError("too-deep", f"brackets are more than {MAX_DEPTH} deep")
