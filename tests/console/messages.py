"""Messages as the worker and the alert book write them, for the console to show."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from stream_detector.alerting.alert_state import AlertState, Entry, State
from stream_detector.alerting.rules import Priority
from stream_detector.console.machine import ReadingSeen
from stream_detector.console.plant import Plant
from stream_detector.pipeline.messages import (
    AlertMessage,
    Contributor,
    DataQualityMessage,
    OutcomeMessage,
    Over,
    QualityInfo,
    ScoreMessage,
    Span,
    WarningInfo,
)

START = datetime(2026, 11, 22, 3, tzinfo=UTC)
BUNDLE, RULES = "3f9a0c55d2e81b47", "77c1e0a94b2d"
CADENCE = timedelta(minutes=2)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def score(
    machine: str,
    minute: float,
    value: float | None,
    *,
    threshold: float = 2.0,
    alarm: bool = False,
    quality: str = "good",
    contributors: tuple[Contributor, ...] = (),
    mode: str | None = None,
) -> ScoreMessage:
    return ScoreMessage(
        machine=machine,
        event_time=at(minute),
        mode=mode,
        score=value,
        threshold=threshold,
        above=value is not None and value > threshold,
        alarm=alarm,
        warming_up=False,
        quality=QualityInfo(quality, 5 if quality == "good" else 2, 5),
        contributors=contributors,
        bundle=BUNDLE,
    )


def raising(message: ScoreMessage, *, rule: str = "sheet-break") -> ScoreMessage:
    """The same score, of a reading that raised an alert."""
    return msgspec.structs.replace(message, alarm=True, raised=(rule,))


def alert_message(
    machine: str,
    minute: float,
    *,
    rule: str = "sheet-break",
    event: str = "raised",
    priority: Priority = "medium",
    **changes: Any,
) -> AlertMessage:
    cleared = event == "cleared"
    raised_at = at(minute)
    message = AlertMessage(
        event=event,
        alert_id=f"{machine}.{rule}.{raised_at:%Y-%m-%dT%H:%M:%SZ}",
        machine=machine,
        rule=rule,
        seq=2 if cleared else 1,
        occurrence=1,
        alert_class="advisory",
        site="mill-a",
        mode="grade-42",
        priority=priority,
        event_time=at(minute + 20) if cleared else raised_at,
        raised_at=raised_at,
        reason="returned-to-normal" if cleared else None,
        duration_s=1200.0 if cleared else None,
        score=3.37,
        threshold=2.0,
        clear_level=1.6,
        over=Over(1, 1),
        warning=WarningInfo("break", 240.0, None),
        contributors=(Contributor("steam", 3.6, 3.0, "bar", 0.41),),
        quality=QualityInfo("good", 5, 5),
        bundle=BUNDLE,
        rules=RULES,
        threshold_source={"kind": "budget", "per_day": 6.0},
        evidence=Span(run_start=START, start=at(minute - 6), end=raised_at),
        response="Check the steam.",
        runbook_url="https://plant.example/steam",
    )
    return msgspec.structs.replace(message, **changes)


def standing(
    machine: str,
    state: State = State.UNACKNOWLEDGED,
    *,
    minute: float = 10,
    rule: str = "sheet-break",
    priority: Priority = "medium",
    version: int = 1,
    message: AlertMessage | None = None,
    **changes: Any,
) -> AlertState:
    is_open = state in (State.UNACKNOWLEDGED, State.ACKNOWLEDGED)
    event = "raised" if is_open else "cleared"
    newest = message or alert_message(machine, minute, rule=rule, event=event, priority=priority)
    found = AlertState(
        machine=machine,
        rule=rule,
        state=state,
        change="raised",
        changed_at=at(minute),
        version=version,
        open=is_open,
        alert=msgspec.to_builtins(newest),
        history=(Entry(at=at(minute), what="raised", seq=1),),
    )
    return msgspec.structs.replace(found, **changes)


def fault(machine: str, minute: float, *sensors: str, event: Any = "began") -> DataQualityMessage:
    return DataQualityMessage(
        event=event,
        event_id=f"{machine}-{minute}",
        fault="stuck",
        machine=machine,
        site=None,
        event_time=at(minute),
        sensors=sensors,
    )


def outcome(machine: str, minute: float) -> OutcomeMessage:
    return OutcomeMessage(
        event_id=f"{machine}.sheet-break.break.{at(minute):%Y-%m-%dT%H:%M:%SZ}",
        machine=machine,
        rule="sheet-break",
        site="mill-a",
        outcome="break",
        event_time=at(minute),
        run_start=START,
    )


def reading(machine: str, minute: float, **values: float | None) -> ReadingSeen:
    return ReadingSeen(machine, at(minute), dict(values))


def plant_of(*messages: ScoreMessage | AlertState | DataQualityMessage | ReadingSeen) -> Plant:
    """A plant that has heard all this; scores as soon as they were made."""
    plant = Plant()
    for message in messages:
        match message:
            case ScoreMessage():
                plant.take_score(message, received_at=message.event_time.timestamp())
            case AlertState():
                plant.take_alert(message)
            case DataQualityMessage():
                plant.take_fault(message)
            case ReadingSeen():
                plant.take_reading(message, received_at=message.time.timestamp())
    return plant
