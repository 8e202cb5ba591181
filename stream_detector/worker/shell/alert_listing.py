"""Alerts as they stand, in lines that people read."""

from collections.abc import Iterator

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.life import rfc3339
from stream_detector.command_line import on_one_line
from stream_detector.errors import counted


def describe(state: AlertState) -> Iterator[str]:
    """Describe a state: a line that can be cut into words, and what operators said of it."""
    alert = state.alert
    if alert is None:
        yield f"{on_one_line(state.key)}  {state.state}"
    else:
        marks = [
            *(["stale"] if state.stale else []),
            *(["held-back"] if state.held_back else []),
            *([f"label:{state.label.label}"] if state.label else []),
            *([f"fate:{state.fate}"] if state.fate else []),
        ]
        words = (state.state, alert["priority"], *marks, on_one_line(alert["alert_id"]))
        yield "  ".join((on_one_line(state.key), *words))
    if state.acknowledged is not None:
        note = state.acknowledged
        yield f"    acknowledged by {_who(note.by, rfc3339(note.at), note.comment)}"
    if state.shelved is not None:
        shelved = state.shelved
        until = f"until {rfc3339(shelved.until)}"
        yield f"    shelved {until} by {_who(shelved.by, rfc3339(shelved.at), shelved.comment)}"
    if state.out_of_service is not None:
        note = state.out_of_service
        yield f"    out of service by {_who(note.by, rfc3339(note.at), note.comment)}"


def describe_flood(flood: Flood) -> str:
    """Say that a flood lasts, and since when."""
    held_back = counted(len(flood.alerts), "alert")
    at_least = "" if flood.lists_all else "at least "
    return (
        f"flood since {rfc3339(flood.began_at)}: {flood.n_raised} raised, {at_least}{held_back} of "
        "low priority held back"
    )


def _who(by: str, at: str, comment: str | None) -> str:
    said = f": {on_one_line(comment)}" if comment else ""
    return f"{on_one_line(by)} at {at}{said}"
