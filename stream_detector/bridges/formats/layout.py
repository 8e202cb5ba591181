"""A decoded message -> its tag rows: follows the paths that the configuration gives."""

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from stream_detector.bridges.formats.event_times import shown, time_reader
from stream_detector.bridges.formats.field_paths import (
    FieldPath,
    Key,
    Special,
    read_path,
    read_tag_text,
)
from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.rows import MAX_TAG, TagRow
from stream_detector.errors import RecordingError, RowError, SettingsError
from stream_detector.pipeline.names import MAX_NAME
from stream_detector.replay.times import read_zone

MAX_ROWS = 10_000
"""Of one message."""

_NOTHING = object()
_TIME, _VALUE, _QUALITY, _TOPIC, _NAME, _FIRST_OF_TAG = range(6)


class _Field(NamedTuple):
    slot: int
    path: FieldPath
    read: Callable[[object], object]
    may_miss: bool = False

    @property
    def level(self) -> int:
        """How many lists its path goes over."""
        return len(self.path.stars)

    @property
    def keys(self) -> tuple[Key, ...]:
        """From the item of the last of them on."""
        return self.path.spans[-1]


class Layout:
    """Where in a message the rows are; it is made from a configuration, and keeps only a count.

    Parameters
    ----------
    settings : FormatTable

    Attributes
    ----------
    n_not_finite : int
        Values that were NaN or infinite, which is no data.

    Raises
    ------
    SettingsError
        If a path is none, two of them go over different lists, or the time zone is unknown.

    Examples
    --------
    >>> layout = Layout(FormatTable(time="ts", value="values[*]", tag="{device}.{$name}"))
    >>> layout.rows(
    ...     {"ts": "2026-11-22T03:10:00Z", "device": "pm3", "values": {"speed": 8.5, "on": True}},
    ...     topic="plant",
    ... )
    [TagRow(tag='pm3.speed', time_us=1795317000000000, value=8.5), \
TagRow(tag='pm3.on', time_us=1795317000000000, value=1.0)]
    """

    def __init__(self, settings: FormatTable) -> None:
        self._good = frozenset(settings.good)
        self._good_if_missing = settings.good_if_missing
        self._texts, fields, self._slots_of_tag = self._fields(settings)
        self._stars = _common_stars([field.path for field in fields])
        self._levels = [
            [field for field in fields if field.level == level]
            for level in range(len(self._stars) + 1)
        ]
        self._apart = [
            _names_apart(star, [field.keys for field in self._levels[level]])
            for level, star in enumerate(self._stars)
        ]
        self.n_not_finite = 0

    def _fields(self, settings: FormatTable) -> tuple[tuple[str, ...], list[_Field], list[int]]:
        """Give the texts of the tag, all fields, and where the parts of the tag are found."""
        zone = _zone(settings.time_zone)
        read_time = time_reader(settings.time_unit, zone=zone)
        fields = [
            _Field(_TIME, read_path(settings.time), read_time),
            _Field(_VALUE, read_path(settings.value), self._value),
        ]
        if settings.quality is not None:
            path, may_miss = read_path(settings.quality), settings.good_if_missing
            fields.append(_Field(_QUALITY, path, self._is_good, may_miss))
        tag = read_tag_text(settings.tag)
        slots = []
        for slot, part in enumerate(tag.fields, start=_FIRST_OF_TAG):
            if isinstance(part, Special):
                slots.append(_TOPIC if part.name == "$topic" else _NAME)
            else:
                slots.append(slot)
                fields.append(_Field(slot, part, _part_of_tag))
        return tag.texts, fields, slots

    def rows(self, message: object, *, topic: str) -> list[TagRow]:
        """Read the rows of a message that is decoded to dicts, lists and plain values.

        Raises
        ------
        RowError
            ``missing``, ``time``, ``value``, ``tag``, ``quality`` or ``too-many``: a message is
            taken or refused as a whole.
        """
        found: list[Any] = [None] * (_FIRST_OF_TAG + len(self._slots_of_tag))
        found[_TOPIC], found[_QUALITY] = topic, True
        rows: list[TagRow] = []
        for _ in self._visit(message, 0, found):
            if len(rows) == MAX_ROWS:
                raise RowError("too-many", f"the message has more than {MAX_ROWS} rows")
            rows.append(self._row(found))
        return rows

    def _visit(self, node: object, level: int, found: list[Any]) -> Iterator[None]:
        """Stop wherever all that belongs to a row is found."""
        for field in self._levels[level]:
            found[field.slot] = field.read(_follow(node, field.keys, may_miss=field.may_miss))
        if level == len(self._stars):
            yield
            return
        star = self._stars[level]
        inside = _follow(node, star, may_miss=False)
        if isinstance(inside, list):
            for item in inside:
                yield from self._visit(item, level + 1, found)
        elif isinstance(inside, dict):
            apart = self._apart[level]
            for name, item in inside.items():
                if name not in apart:
                    found[_NAME] = _part_of_tag(name)
                    try:
                        yield from self._visit(item, level + 1, found)
                    except RowError as error:
                        raise RowError(error.code, f"in {shown(name)}: {error.reason}") from error
        else:
            path = _written(star) or "the message"
            raise RowError("missing", f"{path} is {shown(inside)}, expected a list or an object")

    def _row(self, found: Sequence[Any]) -> TagRow:
        tag = self._texts[0]
        for slot, text in zip(self._slots_of_tag, self._texts[1:], strict=True):
            tag += found[slot] + text
        if not 0 < len(tag) <= MAX_TAG:
            raise RowError("tag", f"the tag has {len(tag)} characters, expected 1 to {MAX_TAG}")
        return TagRow(tag, found[_TIME], found[_VALUE] if found[_QUALITY] else None)

    def _value(self, raw: object) -> float | str | None:
        if raw is None:
            return None
        if isinstance(raw, str):
            if len(raw) > MAX_NAME:
                raise RowError("value", f"the text {shown(raw)}… has more than {MAX_NAME} letters")
            return _writable(raw, "value")
        if not isinstance(raw, float | int | Decimal):
            raise RowError("value", f"the value is {shown(raw)}, expected a number, a text or null")
        try:
            number = float(raw)
        except (OverflowError, ValueError):  # a decimal that signals is no number either
            raise RowError("value", f"the number {shown(raw)} is out of range") from None
        if math.isfinite(number):
            return number
        self.n_not_finite += 1
        return None

    def _is_good(self, quality: object) -> bool:
        if quality is None:
            return self._good_if_missing
        if isinstance(quality, bool) or not isinstance(quality, str | int):
            raise RowError("quality", f"the quality is {shown(quality)}, expected a text or number")
        return quality in self._good


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else read_zone(name)
    except RecordingError as error:
        raise SettingsError(f"format: {error}") from error


def _common_stars(paths: Sequence[FieldPath]) -> tuple[tuple[Key, ...], ...]:
    longest = max((path.stars for path in paths), key=len)
    for path in paths:
        if path.stars != longest[: len(path.stars)]:
            raise SettingsError(
                "the paths of a row go over different lists: what stands before each [*] has to "
                "be the same in all of them"
            )
    return longest


def _part_of_tag(raw: object) -> str:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return shown(raw)
    if not isinstance(raw, str):
        raise RowError("tag", f"a part of the tag is {shown(raw)}, expected a text")
    return _writable(raw, "tag")


def _names_apart(star: tuple[Key, ...], keys: Sequence[tuple[Key, ...]]) -> frozenset[Key]:
    """Give the entries of an object that is gone over which are no rows, but what rows share."""
    n = len(star)
    return frozenset(one[n] for one in keys if one[:n] == star and len(one) > n)


def _follow(node: Any, keys: tuple[Key, ...], *, may_miss: bool) -> object:
    for key in keys:
        holder: Any = dict if isinstance(key, str) else list
        try:
            node = node[key] if isinstance(node, holder) else _NOTHING
        except LookupError:
            node = _NOTHING
        if node is _NOTHING:
            if may_miss:
                return None
            raise RowError("missing", f"there is no {_written(keys)} in the message")
    return node


def _written(keys: tuple[Key, ...]) -> str:
    return ".".join(map(str, keys))


def _writable(text: str, code: str) -> str:
    r"""Refuse half a surrogate pair (``\\ud800``): JSON can escape it, UTF-8 cannot write it."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise RowError(code, f"{shown(text)} is not valid Unicode") from error
    return text
