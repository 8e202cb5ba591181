"""Whether somebody was to be called at a time that is past, as far as is known of it now.

What nobody knows of any more was not silenced: better one call too many than one too few.
"""

from collections.abc import Collection
from datetime import datetime

from stream_detector.alerting.alert_state import AlertState, Entry, Flood, Note, Shelving


def was_set_aside(at: datetime, state: AlertState) -> bool:
    """Whether it was shelved or out of service then.

    Parameters
    ----------
    at : datetime
        Kafka's time.
    state : AlertState
        A later one.
    """
    return _was_in_force(at, state, ("shelved", "unshelved"), state.shelved) or _was_in_force(
        at, state, ("out-of-service", "in-service"), state.out_of_service
    )


def was_silenced(
    entry: Entry,
    state: AlertState,
    *,
    mode: str | None,
    suppressed_modes: Collection[str],
    flood: Flood | None,
) -> bool:
    """Whether nobody was to be called for it when it happened.

    Parameters
    ----------
    entry : Entry
        A raise or an escalation.
    state : AlertState
        A later one.
    mode : str or None
        Of the machine then.
    suppressed_modes : collection of str
        Those in which its rule raises nothing.
    flood : Flood or None
        The one that is or was last.
    """
    return (
        mode in suppressed_modes
        or was_set_aside(entry.at, state)
        or (flood is not None and entry.detail == "low" and _was_on(flood, entry.at))
    )


def _was_in_force(
    at: datetime, state: AlertState, names: tuple[str, str], now: Shelving | Note | None
) -> bool:
    begins, ends = names
    steps = [one for one in state.history if one.what in names]
    before = [one for one in steps if one.at <= at]
    if before:
        return before[-1].what == begins
    if steps:
        # Where its begin is left out of the history, its end says when that was.
        end = steps[0]
        since = end.detail if end.what == ends else None
        return since is not None and datetime.fromisoformat(since) <= at
    return now is not None and now.at <= at


def _was_on(flood: Flood, at: datetime) -> bool:
    return flood.began_at <= at and (flood.ended_at is None or at < flood.ended_at)
