"""What a message of an alert does to the state it is about."""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from stream_detector.alerting.alert_state import MAX_PAST, AlertState, Entry, PastAlert
from stream_detector.alerting.news import AlertNews, news_of

STALE_AFTER: Final = timedelta(hours=24)
"""An alert that is open for so long is no news any more: something else has to be done."""


def is_new(news: AlertNews, state: AlertState) -> bool:
    """Whether it was not told before: alerts come in the order of their raises."""
    if state.alert is None:
        return True
    return comes_after(news, news_of(state.alert))


def comes_after(news: AlertNews, known: AlertNews) -> bool:
    """Whether it was sent after another one of the same machine and rule."""
    if news.alert_id == known.alert_id:
        return news.seq > known.seq
    return news.raised_at > known.raised_at


def follow(state: AlertState, news: AlertNews, alert: dict[str, Any]) -> AlertState:
    """Let a state say what the next message of its alert says, or the first one of a newer alert.

    Parameters
    ----------
    state : AlertState
    news : AlertNews
    alert : dict
        The message as it was sent.
    """
    if not state.is_newest(news.alert_id):
        state = _remember(state)
    is_open = news.event != "cleared"
    stands = news.event_time - news.raised_at
    state = replace(state, alert=alert, open=is_open, stale=is_open and stands >= STALE_AFTER)
    if news.event == "raised":
        state = replace(state, fate=None, lead_s=None)
    if news.event in {"raised", "escalated"}:
        # Whoever has seen it has not seen this.
        state = replace(state, acknowledged=None)
    return state


def change_of(before: AlertState, after: AlertState, news: AlertNews) -> str:
    """Say in a word what changed with a message of an alert."""
    became_stale = after.stale and not before.stale
    return "stale" if became_stale and news.event == "updated" else news.event


def entries_of(news: AlertNews, change: str, at: datetime) -> list[Entry]:
    """Say it in the history; not heartbeats, that would push out all the rest."""
    if change == "updated":
        return []
    detail = news.reason if news.event == "cleared" else news.priority
    return [
        Entry(
            at=at,
            what=change,
            alert_id=news.alert_id,
            seq=news.seq,
            event_time=news.event_time,
            detail=detail,
        )
    ]


def alert_ids(state: AlertState) -> set[str]:
    """Name the alerts that are remembered."""
    past = {one.alert_id for one in state.past}
    return past if state.alert_id is None else past | {state.alert_id}


def _remember(state: AlertState) -> AlertState:
    """Put the newest alert to those before it, to make room for a newer one."""
    if state.alert is None:
        return state
    news = news_of(state.alert)
    past = PastAlert(
        alert_id=news.alert_id,
        raised_at=news.raised_at,
        cleared_at=news.event_time if news.event == "cleared" else None,
        occurrence=news.occurrence,
        priority=news.priority,
        reason=news.reason,
        acknowledged_by=state.acknowledged.by if state.acknowledged else None,
        label=state.label.label if state.label else None,
        fate=state.fate,
        lead_s=state.lead_s,
    )
    return replace(
        state,
        alert=None,
        acknowledged=None,
        stale=False,
        label=None,
        fate=None,
        lead_s=None,
        past=(*state.past, past)[-MAX_PAST:],
    )
