"""The plainest message: one row as JSON, ``{"tag": …, "time": …, "value": …}``."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Row(msgspec.Struct):
    tag: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    value: float | str | None = None


_decoder = msgspec.json.Decoder(_Row)


def decode_plain(value: bytes, *, topic: str) -> list[TagRow]:
    """Read one message.

    Raises
    ------
    RowError
        With code ``empty`` or ``invalid``.

    Examples
    --------
    >>> decode_plain(b'{"tag": "A", "time": "1970-01-01T00:00:01Z", "value": 5}', topic="tags")
    [TagRow(tag='A', time_us=1000000, value=5.0)]
    """
    del topic
    if not value:
        raise RowError("empty", "the message has no value")
    try:
        row = _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RowError("invalid", str(error)) from error
    return [TagRow(row.tag, (row.time - _EPOCH) // _MICROSECOND, row.value)]
