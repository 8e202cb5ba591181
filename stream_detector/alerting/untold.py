"""What there is to tell of one machine under one rule, gathered over its states as they follow.

A state holds the newest entries of its history alone; whoever tells of them may be slower than
the alerts. So what matters of each state is put to what waits, and whether it is told is decided
there and then: in a burst the same is told as of alerts that come one by one. What can be taken
back is the call of an alert that is open and that nobody has heard of: it may be silenced yet.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from stream_detector.alerting.alert_state import MAX_HISTORY, AlertState, Entry
from stream_detector.alerting.entries import after, end_before, message_of, newest_entry
from stream_detector.alerting.notices import (
    Notification,
    Wants,
    calls,
    is_silenced,
    notification_of,
    that_matter,
)
from stream_detector.alerting.recall import Recalled
from stream_detector.alerting.silence import was_set_aside

MAX_WAITING: Final = 300
"""Entries of a machine and rule that wait: 150 alerts that came and went, with messages 500 kB."""

ALL_IS_NEWS: Final = datetime.min.replace(tzinfo=UTC)


class _Waiting(NamedTuple):
    offset: int
    """Of the change that it came with."""
    entry: Entry
    message: bytes | None = None
    """What it tells of, as it was sent; None where another one has followed it already."""
    was_silenced: bool = False
    """Whether nobody was to be called when it happened."""


class Untold:
    """What waits to be told, in order, each once: nobody is told a raise and never its end.

    Parameters
    ----------
    wants : Wants

    Attributes
    ----------
    n_dropped : int
        Entries that nobody will be told, as too many waited: the oldest alerts that came and went,
        else escalations; one where a history lost them.
    """

    def __init__(self, wants: Wants) -> None:
        self._wants = wants
        self._seen: Entry | None = None
        """The last one that was taken in."""
        self._due: deque[_Waiting] = deque()
        self._held: list[_Waiting] = []
        """Of the alert that is open, what is told if nothing silences it any more."""
        self._on_its_way: _Waiting | None = None
        self._called: Entry | None = None
        """What was told last, if it was no end."""
        self._state: AlertState | None = None
        """The newest, while something is due."""
        self._version = 0
        self.n_dropped = 0

    @property
    def undone_since(self) -> int | None:
        """Offset of the first change of which something is due that is not told."""
        return None if (first := self._first) is None else first.offset

    @property
    def undone_at(self) -> datetime | None:
        """Kafka's time of what is told next."""
        return None if (first := self._first) is None else first.entry.at

    def take(
        self, offset: int, state: AlertState, *, told_until: datetime | None = ALL_IS_NEWS
    ) -> None:
        """Take in how it stands now.

        Parameters
        ----------
        offset : int
            Of this change; they rise.
        state : AlertState
        told_until : datetime, optional
            Where this is the first state: what was before that was told; with None all that was
            before the newest alert.
        """
        self.n_dropped += self._has_lost_some(state, told_until)
        if self._seen is None:
            self._begin(state, ALL_IS_NEWS if state.version == 1 else told_until)
        news = [
            _Waiting(offset, entry, message_of(entry, state), was_set_aside(entry.at, state))
            for entry in after(self._seen, that_matter(state))
        ]
        if news:
            self._seen = news[-1].entry
        if state.open and is_silenced(state):
            self._take_back(state)
        waiting, self._held = [*self._held, *news], []
        for one in waiting:
            self._put(one, state)
        self._end_what_is_over(offset, state)
        self._drop_what_is_too_much()
        self._version = state.version
        self._state = replace(state, history=(), past=()) if self.undone_since is not None else None

    def recall(self, one: Recalled, *, told_until: datetime) -> None:
        """Take in one thing that happened before a state that is taken in after it.

        Parameters
        ----------
        one : Recalled
            They come in order, each once, none of before ``told_until``.
        told_until : datetime
            As :meth:`take` has it.
        """
        if self._seen is None:
            entries = that_matter(one.state)
            if entries and entries[0].at < told_until:
                self._begin(one.state, told_until)
            elif one.entry.what == "cleared":
                self._called = self._raise_before(one.entry, one.state)
        self._seen = one.entry
        self._put(_Waiting(one.offset, one.entry, one.message, one.was_silenced), one.state)
        self._drop_what_is_too_much()

    def know(self, state: AlertState) -> None:
        """Take in a state of which all was told that was due."""
        is_first, n_dropped = self._seen is None, self.n_dropped
        self.take(0, state)
        self.n_dropped = n_dropped
        while self.next() is not None:
            self.done()
        if is_first and self._called is None and self._may_have_called(state):
            self._called = newest_entry(state, "raised")

    def next(self) -> Notification | None:
        """Give what is to be told next, if anything is; the same until it is done."""
        if self._on_its_way is None and self._due:
            self._on_its_way = self._due.popleft()
            entry = self._on_its_way.entry
            # Also while nobody knows yet whether it was taken.
            self._called = None if entry.what == "cleared" else entry
        if self._on_its_way is None or self._state is None:
            return None
        entry, message = self._on_its_way.entry, self._on_its_way.message
        alert = None if message is None else msgspec.json.decode(message)
        return notification_of(entry, self._state, alert)

    def done(self) -> None:
        """Note that it was told."""
        self._on_its_way = None
        if not self._due:
            self._state = None

    @property
    def _first(self) -> _Waiting | None:
        return self._on_its_way or (self._due[0] if self._due else None)

    def _has_lost_some(self, state: AlertState, told_until: datetime | None) -> bool:
        """Tell whether entries that nobody was told of are gone with the states that had them."""
        if state.version <= self._version + 1 or len(state.history) < MAX_HISTORY:
            return False
        if (seen := self._seen) is not None:
            known = {(one.alert_id, one.seq) for one in state.history}
            return (seen.alert_id, seen.seq) not in known
        return told_until is not None and state.history[0].at > told_until

    def _begin(self, state: AlertState, told_until: datetime | None) -> None:
        """Take what was told before our time as told: whom it called, its end will tell."""
        entries = that_matter(state)
        if told_until is not None and entries and entries[0].what == "cleared":
            self._called = self._raise_before(entries[0], state)
        for entry in entries:
            if told_until is None:
                was_told = not state.is_newest(entry.alert_id)
            else:
                was_told = entry.at < told_until
            if was_told:
                self._seen = entry
                is_call = entry.what != "cleared" and self._wants.of_call(state.rule, entry)
                self._called = entry if is_call else None

    def _raise_before(self, end: Entry, state: AlertState) -> Entry | None:
        """Give the raise that the history has lost, if it was told as far as anybody knows."""
        priorities = {one.alert_id: one.priority for one in state.past}
        if state.alert is not None:
            priorities[state.alert["alert_id"]] = state.alert["priority"]
        priority = priorities.get(end.alert_id or "", "critical")
        raised = replace(end, what="raised", seq=0, detail=priority)
        return raised if self._wants.of_call(state.rule, raised) else None

    def _put(self, one: _Waiting, state: AlertState) -> None:
        """Decide what comes of an entry: it is due, it is held, or nobody is told of it."""
        entry, calling = one.entry, self._calling
        is_called = calling is not None and calling.alert_id == entry.alert_id
        if calling is not None and not is_called:
            self._due.append(_Waiting(one.offset, end_before(entry, calling)))
        if entry.what == "cleared":
            self._held.clear()
            if is_called:
                self._due.append(one)
        elif state.open and state.is_newest(entry.alert_id):
            if is_silenced(state):
                self._held.append(one._replace(was_silenced=True))
            elif self._wants.of_call(state.rule, entry):
                self._due.append(one)
        elif not one.was_silenced and self._wants.of_call(state.rule, entry):
            self._due.append(one)

    @property
    def _calling(self) -> Entry | None:
        """The last that is told when all is told that is due, if it is no end."""
        if not self._due:
            return self._called
        last = self._due[-1].entry
        return None if last.what == "cleared" else last

    def _take_back(self, state: AlertState) -> None:
        """Hold what is due of the open alert and is not on its way."""
        while self._due:
            entry = self._due[-1].entry
            if entry.what == "cleared" or not state.is_newest(entry.alert_id):
                return
            self._held.insert(0, self._due.pop()._replace(was_silenced=True))

    def _end_what_is_over(self, offset: int, state: AlertState) -> None:
        """Tell the end of what is over, though of its history that is left out."""
        calling = self._calling
        if calling is None or state.alert is None:
            return
        if state.open and state.is_newest(calling.alert_id):
            return
        end = newest_entry(state, "cleared")
        if calling.alert_id != end.alert_id:
            end = end_before(end, calling)
        self._due.append(_Waiting(offset, end))

    def _drop_what_is_too_much(self) -> None:
        while len(self._due) > MAX_WAITING and self._drop_some():
            pass
        del self._held[1:-MAX_WAITING]

    def _drop_some(self) -> bool:
        """Drop the oldest alert that nobody heard of and that is over, or else an escalation."""
        waiting, is_called, first = list(self._due), self._called is not None, None
        spare = None
        for n, entry in enumerate(one.entry for one in waiting):
            if entry.what == "cleared":
                if first is not None:
                    return self._drop(waiting, first, n + 1)
                is_called = False
            elif is_called or first is not None:
                spare = n if spare is None else spare
            else:
                first = n
        return spare is not None and self._drop(waiting, spare, spare + 1)

    def _drop(self, waiting: Sequence[_Waiting], begin: int, end: int) -> bool:
        self._due = deque([*waiting[:begin], *waiting[end:]])
        self.n_dropped += end - begin
        return True

    def _may_have_called(self, state: AlertState) -> bool:
        """Whether its newest alert was told, where not all is known of what was before it."""
        if calls(state, self._wants):
            return True
        if not state.open or state.alert is None or state.held_back:
            return False
        silenced = [one.at for one in (state.shelved, state.out_of_service) if one is not None]
        raised = [one.entry.at for one in self._held[:1] if one.entry.what == "raised"]
        if silenced and raised and min(silenced) <= raised[0]:
            return False
        return self._wants.of(state.rule, state.alert["priority"])
