"""Paths into a message, such as ``data.points[*].v``, and texts that hold some.

A path is names with dots between. ``[2]`` is the third item of a list, and ``[*]`` each item of a
list or each entry of an object. A name with anything but letters, digits, ``_`` and ``-`` in it
stands in double quotes, ``data."speed.m/min"``.
"""

import re
from typing import NamedTuple

from stream_detector.errors import SettingsError

Key = str | int
"""A name in an object, or a place in a list."""

_STEP = re.compile(r'\.(?:"(?P<quoted>[^"]+)"|(?P<name>[\w-]+))|\[(?P<place>\d{1,6}|\*)\]')
_BRACES = re.compile(r"\{([^{}]*)\}")


class FieldPath(NamedTuple):
    """A path, cut at each ``[*]``."""

    spans: tuple[tuple[Key, ...], ...]
    """The keys before the first ``[*]``, those between it and the next, and so on."""

    @property
    def stars(self) -> tuple[tuple[Key, ...], ...]:
        """The keys that lead to each list that the path goes over."""
        return self.spans[:-1]


class TagText(NamedTuple):
    """What a tag is made of: texts, and paths between them."""

    texts: tuple[str, ...]
    """One more than there are fields: what stands before, between and after them."""
    fields: tuple["FieldPath | Special", ...]


class Special(NamedTuple):
    """What stands beside the message: ``$topic``, or ``$name`` of an entry."""

    name: str


_SPECIALS = ("$topic", "$name")


def read_path(text: str) -> FieldPath:
    """Read a path.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> read_path("data.points[*].v").spans
    (('data', 'points'), ('v',))
    >>> read_path('[*]."speed.m/min"[0]').spans
    ((), ('speed.m/min', 0))
    """
    rest = text if text.startswith("[") else f".{text}"
    spans: list[list[Key]] = [[]]
    place = 0
    while place < len(rest):
        step = _STEP.match(rest, place)
        if step is None:
            raise SettingsError(
                f"{text!r} is no path: expected names with dots between, [*] or [0] for the items "
                'of a list, and quotes around odd names, e.g. data.points[*]."speed.m/min"'
            )
        if step["place"] == "*":
            spans.append([])
        elif step["place"] is not None:
            spans[-1].append(int(step["place"]))
        else:
            spans[-1].append(step["quoted"] or step["name"])
        place = step.end()
    return FieldPath(tuple(map(tuple, spans)))


def read_tag_text(text: str) -> TagText:
    """Read what a tag is made of: a path, or a text with paths in braces.

    Raises
    ------
    SettingsError
        If there is a path that is none.

    Examples
    --------
    >>> read_tag_text("{device}.{$name}")
    TagText(texts=('', '.', ''), fields=(FieldPath(spans=(('device',),)), Special(name='$name')))
    >>> read_tag_text("points[*].name").texts
    ('', '')
    """
    if "{" not in text:
        return TagText(("", ""), (read_path(text),))
    pieces = _BRACES.split(text)
    texts, fields = pieces[::2], pieces[1::2]
    if any("{" in one or "}" in one for one in texts):
        raise SettingsError(f"tag is {text!r}: its braces do not go in pairs")
    return TagText(
        tuple(texts),
        tuple(Special(one) if one in _SPECIALS else read_path(one) for one in fields),
    )
