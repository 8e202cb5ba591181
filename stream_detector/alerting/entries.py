"""What the histories of alerts say to somebody who tells of them, and what they leave out."""

from collections.abc import Sequence

import msgspec

from stream_detector.alerting.alert_state import AlertState, Entry
from stream_detector.alerting.news import news_of


def after(seen: Entry | None, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Give those that come after the one that was seen last."""
    if seen is None:
        return entries
    same = [n for n, one in enumerate(entries) if one.alert_id == seen.alert_id]
    passed = [n for n in same if (entries[n].seq or 0) <= (seen.seq or 0)]
    # Where nothing of it is left, so much has happened that all there is came after it.
    return entries[passed[-1] + 1 if passed else same[0] if same else 0 :]


def message_of(entry: Entry, state: AlertState) -> bytes | None:
    """Give the message that an entry tells of, if it is the state's."""
    is_newest = state.is_newest(entry.alert_id) and (state.alert or {}).get("seq") == entry.seq
    return msgspec.json.encode(state.alert) if is_newest else None


def newest_entry(state: AlertState, what: str) -> Entry:
    """Say of the newest alert what its history does not say any more."""
    news = news_of(state.alert or {})
    return Entry(
        at=state.changed_at,
        what=what,
        alert_id=news.alert_id,
        seq=news.seq,
        event_time=news.event_time,
        detail=news.reason if what == "cleared" else news.priority,
    )


def end_before(entry: Entry, called: Entry) -> Entry:
    """Tell that an alert is over, as another one has followed it: nothing else is known of that.

    Its name is the first that its end can have.
    """
    return Entry(
        at=entry.at,
        what="cleared",
        alert_id=called.alert_id,
        seq=(called.seq or 0) + 1,
        event_time=entry.event_time,
    )
