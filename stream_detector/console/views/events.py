"""What happened, on a chart over time: a line for each, and words that are over no other ones."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, Literal, NamedTuple

from stream_detector.console.drawing import Scale

Kind = Literal["raised", "outcome"]

_LETTER: Final = 8.0
"""As wide as a letter is on average, at most: 13 pixels high and bold."""

_BESIDE: Final = 4.0
_ROWS: Final = (12.0, 27.0, 42.0)
"""How far below the top of the chart words stand."""


class Word(NamedTuple):
    """Where a word stands, and whether it starts or ends there."""

    x: float
    down: float
    anchor: Literal["start", "end"]


class Event(NamedTuple):
    """Something that happened."""

    kind: Kind
    at: float
    text: str
    word: Word | None
    """None where there is no room for it."""


def events_along(happened: Iterable[tuple[Kind, float, str]], x: Scale) -> Iterator[Event]:
    """Place what happened on the axis of time; of words for one place the first one gets it.

    A raise has its word before the line and an outcome behind it, where there is room: so both are
    in one row however soon one followed the other.

    Examples
    --------
    >>> x = Scale(low=0.0, high=100.0, start=0.0, end=1000.0)
    >>> happened = [("raised", 50.0, "raised"), ("outcome", 51.0, "break"), ("outcome", 49.0, "b")]
    >>> for event in events_along(happened, x):
    ...     print(event.at, event.word)
    500.0 Word(x=496.0, down=12.0, anchor='end')
    510.0 Word(x=514.0, down=12.0, anchor='start')
    490.0 Word(x=494.0, down=27.0, anchor='start')
    """
    taken: list[tuple[float, float, float]] = []
    for kind, time, text in happened:
        if not x.low <= time <= x.high:
            continue
        at, width = x(time), len(text) * _LETTER + _BESIDE
        sides = (False, True) if kind == "raised" else (True, False)
        word = None
        for down, is_behind in product(_ROWS, sides):
            begin, end = (at, at + width) if is_behind else (at - width, at)
            is_free = all(end <= one or other <= begin for row, one, other in taken if row == down)
            if is_free and x.start <= begin and end <= x.end:
                taken.append((down, begin, end))
                beside = _BESIDE if is_behind else -_BESIDE
                word = Word(at + beside, down, "start" if is_behind else "end")
                break
        yield Event(kind, at, text, word)
