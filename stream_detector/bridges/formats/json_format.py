"""JSON messages -> tag rows."""

import msgspec

from stream_detector.bridges.formats.layout import Layout
from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import ReadingError, RowError
from stream_detector.pipeline.json_depth import check_depth
from stream_detector.pipeline.lenient_json import OutOfRangeError, load_leniently

MAX_MESSAGE_BYTES = 1_000_000
"""Longer messages are refused unread, in every format."""

_decode = msgspec.json.Decoder().decode


class JsonFormat:
    """Reads JSON by the paths of the configuration.

    Raises
    ------
    SettingsError
        As of `Layout`.

    Examples
    --------
    >>> form = JsonFormat(FormatTable(tag="tag", time="t", value="v", time_unit="s"))
    >>> form.decode(b'{"tag": "PM3.SPEED", "t": 1795317000, "v": 812.5}', topic="tags")
    [TagRow(tag='PM3.SPEED', time_us=1795317000000000, value=812.5)]
    """

    def __init__(self, settings: FormatTable) -> None:
        self.layout = Layout(settings)

    def decode(self, value: bytes, *, topic: str) -> list[TagRow]:
        """Read one message.

        Raises
        ------
        RowError
            ``empty``, ``too-large``, ``too-deep``, ``not-json``, or as of `Layout.rows`.
        """
        check_size(value)
        try:
            check_depth(value)
        except ReadingError as error:
            raise RowError(error.code, error.reason) from error
        try:
            message = _decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = _decode_not_finite(value)
        return self.layout.rows(message, topic=topic)


def check_size(value: bytes) -> None:
    """Refuse what has nothing in it, or too much.

    Raises
    ------
    RowError
        ``empty`` or ``too-large``.
    """
    if not value:
        raise RowError("empty", "the message has no value")
    if len(value) > MAX_MESSAGE_BYTES:
        raise RowError(
            "too-large", f"the message has {len(value)} bytes, at most {MAX_MESSAGE_BYTES} go"
        )


def _decode_not_finite(value: bytes) -> object:
    """Read JSON with literal NaN and Infinity, which many producers write."""
    try:
        return load_leniently(value, constant=float)
    except OutOfRangeError as error:
        raise RowError("value", str(error)) from error
    except ValueError as error:
        raise RowError("not-json", str(error)) from error
