"""What became of an alert, by what followed: told as soon as it is known.

An alert was early when what it warned of came within the horizon after it was raised (last,
if it returned) in the same run, and late when it still stood as that came, but the horizon
was over. Where nothing came until then it was a nuisance; where its rule names no outcome,
nobody can know. So it is where the rule was removed: the clear that says so names none.
"""

from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace

from stream_detector.alerting.alert_state import AlertState, ClosedAs, PastAlert
from stream_detector.alerting.horizons import reach
from stream_detector.alerting.news import OutcomeNews, news_of

_PATIENCE: Final = timedelta(minutes=1)
"""Longer than readings are on their way: by Kafka's clock an outcome may still be coming."""

_Closable = TypeVar("_Closable", AlertState, PastAlert)


class _Close(Protocol):
    def __call__(self, one: _Closable, raised: datetime, /) -> _Closable: ...


def by_outcome(state: AlertState, outcome: OutcomeNews) -> AlertState:
    """Close the alerts that an outcome followed, and those whose horizon was over by then."""
    ahead, time = _horizon(state), outcome.event_time
    if state.alert is None or ahead is None:
        return state
    newest, horizon = news_of(state.alert), ahead

    def close(one: _Closable, raised: datetime) -> _Closable:
        in_run = outcome.run_start is not None and outcome.run_start <= raised < time
        if one.lead_s is not None or not in_run:
            return one
        if time - raised <= horizon:
            return replace(one, fate="early", lead_s=(time - raised).total_seconds())
        if one is state and newest.reason == "outcome" and newest.event_time == time:
            return replace(one, fate="late", lead_s=(time - raised).total_seconds())
        return one

    return by_time(_with_each(state, close), time)


def by_time(state: AlertState, known_until: datetime) -> AlertState:
    """Close the alerts that are over and that nothing followed, as far as is known by now.

    Parameters
    ----------
    state : AlertState
    known_until : datetime
        The machine's time.
    """
    if not is_unsettled(state):
        return state
    horizon = _horizon(state)

    def close(one: _Closable, raised: datetime) -> _Closable:
        if one.fate is not None or (one is state and _may_be_late(state, known_until)):
            return one
        if horizon is None:
            return replace(one, fate="unlabelled")
        return replace(one, fate="nuisance") if known_until - raised > horizon else one

    return _with_each(state, close)


def is_unsettled(state: AlertState) -> bool:
    """Whether the fate of an alert that is over is not known yet."""
    return any(one.fate is None for one in state.past) or (
        state.alert is not None and not state.open and state.fate is None
    )


def settled_at(state: AlertState) -> datetime:
    """Give when, by Kafka's clock, no outcome of what was raised can come any more.

    For readings may end: else the next one tells.
    """
    told = [entry.at for entry in state.history if entry.event_time is not None]
    return max(told, default=state.changed_at) + (_horizon(state) or timedelta()) + _PATIENCE


def newly_closed(before: AlertState, after: AlertState) -> list[tuple[str, ClosedAs]]:
    """Give the alerts whose fate is another one now, by their names."""
    known, found = _fates(before), _fates(after)
    return [(name, fate) for name, fate in found.items() if known.get(name) != fate]


def _may_be_late(state: AlertState, known_until: datetime) -> bool:
    """Whether the newest alert stands, or an outcome has just ended it: that one is told next."""
    if state.alert is None or state.open:
        return state.open
    newest = news_of(state.alert)
    return newest.reason == "outcome" and known_until <= newest.event_time


def _fates(state: AlertState) -> dict[str, ClosedAs]:
    found = {one.alert_id: one.fate for one in state.past if one.fate is not None}
    if state.alert_id is not None and state.fate is not None:
        found[state.alert_id] = state.fate
    return found


def _with_each(state: AlertState, close: "_Close") -> AlertState:
    """Close each alert of a state that is to be closed, by when it was raised last."""
    if state.alert is None:
        return state
    newest = news_of(state.alert)
    past = tuple(close(one, _last_raise(state, one.alert_id, one.raised_at)) for one in state.past)
    closed = close(state, _last_raise(state, newest.alert_id, newest.raised_at))
    return replace(closed, past=past)


def _horizon(state: AlertState) -> timedelta | None:
    """Give how far ahead its rule warns; None where it names no outcome."""
    if state.alert is None:
        return None
    warning = news_of(state.alert).warning
    return None if warning.outcome is None else reach(timedelta(seconds=warning.horizon_s))


def _last_raise(state: AlertState, alert_id: str, first: datetime) -> datetime:
    """Give when an alert was raised last, by the machine's time: it may have returned."""
    for entry in reversed(state.history):
        if entry.what == "raised" and entry.alert_id == alert_id and entry.event_time is not None:
            return entry.event_time
    return first
