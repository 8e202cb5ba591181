"""What has happened since somebody was told last, found again in the log of the alerts.

The topic of their states is compacted: of what waited when a worker ended, it may hold the newest
state alone, and that the newest part of its history. The log has it all, each message as it was
sent. It is brought together with the states that are left, which say what was told, and how far
the alert book has come.
"""

from datetime import datetime
from typing import NamedTuple

from stream_detector.alerting.alert_state import AlertState, Entry, Flood
from stream_detector.alerting.following import comes_after, entries_of, is_new
from stream_detector.alerting.news import AlertNews, decode_news, news_of
from stream_detector.alerting.notices import is_silenced
from stream_detector.alerting.rules import Rules
from stream_detector.alerting.silence import was_silenced
from stream_detector.errors import AlertError


class Recalled(NamedTuple):
    """A raise, an escalation or a clear that the log still has."""

    offset: int
    """Of the state that it came with, or of one before that."""
    state: AlertState
    """The newest of its machine and rule."""
    entry: Entry
    message: bytes
    was_silenced: bool
    """Whether nobody was to be called when it happened."""


class Recall:
    """Finds what is not told yet: first it takes in the states, then the log.

    Parameters
    ----------
    rules : Rules
    told_below : int
        States of lower offsets were told.
    """

    def __init__(self, rules: Rules, told_below: int) -> None:
        self._modes = {rule.name: rule.suppressed_modes for rule in rules.rules}
        self._told_below = told_below
        self._newest: dict[str, tuple[int, AlertState]] = {}
        self._untold: dict[tuple[str, int], tuple[int, bool]] = {}
        """Of states that are not told, by their alert's newest message: the offset of the first,
        and whether nobody was to be called by it."""
        self._last: dict[str, AlertNews] = {}
        """What was told or found last."""
        self._found: dict[str, int] = {}
        """The offset that was given last."""
        self._flood: Flood | None = None

    def note(self, offset: int, change: AlertState | Flood) -> None:
        """Take in a state that is left."""
        if isinstance(change, Flood):
            self._flood = change
            return
        self._newest[change.key] = offset, change
        if change.alert is None:
            return
        news = news_of(change.alert)
        if offset < self._told_below:
            self._last[change.key] = news
        else:
            name = news.alert_id, news.seq
            self._untold.setdefault(name, (offset, is_silenced(change)))

    def find(self, data: bytes | None, at: datetime) -> Recalled | None:
        """Give what the next message of the log tells, if it has to be told and no state is behind.

        Parameters
        ----------
        data : bytes or None
        at : datetime
            Kafka's time of it.
        """
        try:
            news = decode_news(data)
        except AlertError:
            return None  # the alert book tells of it
        if data is None or not isinstance(news, tuple):
            return None
        return self._find(data, news[0], at)

    def has_all_of(self, offset: int, change: AlertState | Flood) -> bool:
        """Whether what a state says was found in the log, and a newer state follows."""
        if isinstance(change, Flood) or change.key not in self._found:
            return False
        return offset < self._newest[change.key][0]

    def _find(self, data: bytes, news: AlertNews, at: datetime) -> Recalled | None:
        key = f"{news.machine}/{news.rule}"
        if key not in self._newest:
            return None
        _, state = self._newest[key]
        last = self._last.get(key)
        is_repeat = last is not None and not comes_after(news, last)
        # What the book has not taken in yet comes with its state.
        if is_repeat or is_new(news, state):
            return None
        self._last[key] = news
        entries = entries_of(news, news.event, at)
        if not entries:
            return None
        (entry,) = entries
        known = self._untold.get((news.alert_id, news.seq))
        if known is not None:
            self._found[key], silenced = known
        else:
            self._found.setdefault(key, self._told_below)
            silenced = was_silenced(
                entry,
                state,
                mode=news.mode,
                suppressed_modes=self._modes.get(news.rule, ()),
                flood=self._flood,
            )
        return Recalled(self._found[key], state, entry, data, silenced)
