"""What a worker sends of a machine, made by hand: minutes after three o'clock."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from stream_detector.pipeline.messages import (
    AlertMessage,
    Contributor,
    DataQualityMessage,
    OutcomeMessage,
    Over,
    QualityInfo,
    ScoreMessage,
    WarningInfo,
)
from stream_detector.replay.recording import LabelKind, Recording

MACHINE = "pm3"
CADENCE = timedelta(minutes=2)
THRESHOLD = 2.0


def at(minute: float) -> datetime:
    return datetime(2026, 11, 22, 3, tzinfo=UTC) + timedelta(minutes=minute)


def recording(
    *minutes: float, labelled: tuple[float, ...] | None = (), kind: LabelKind = "event"
) -> Recording:
    """One sensor, a reading at each minute, and labels at some of them."""
    values = np.arange(len(minutes), dtype=float)[:, None]
    return Recording(
        machine=MACHINE,
        sensors=("steam",),
        units=("bar",),
        low=values[0],
        high=values[0],
        times=np.array([at(minute).replace(tzinfo=None) for minute in minutes], "datetime64[us]"),
        values=values,
        labels=None if labelled is None else np.isin(minutes, labelled),
        label_kind=kind,
    )


def score(minute: float, value: float | None, *, alarm: bool = False) -> ScoreMessage:
    return ScoreMessage(
        machine=MACHINE,
        event_time=at(minute),
        mode=None,
        score=value,
        threshold=THRESHOLD,
        above=value is not None and value > THRESHOLD,
        alarm=alarm,
        warming_up=False,
        quality=QualityInfo("bad" if value is None else "good", 1, 1),
        contributors=(),
        head=None,
        bundle="b",
    )


def alert(
    minute: float,
    event: Literal["raised", "updated", "cleared"],
    *,
    raised: float,
    score: float = 3.37,
    occurrence: int = 1,
    reason: str | None = None,
) -> AlertMessage:
    return AlertMessage(
        event=event,
        alert_id=f"{MACHINE}.sheet-break.{at(raised):%H:%M}",
        machine=MACHINE,
        rule="sheet-break",
        seq=1,
        occurrence=occurrence,
        alert_class="advisory",
        site=None,
        mode=None,
        priority="medium",
        event_time=at(minute),
        raised_at=at(raised),
        reason=reason,
        duration_s=None,
        score=None if reason == "outcome" else score,
        threshold=THRESHOLD,
        clear_level=1.6,
        over=Over(1, 1),
        warning=WarningInfo("break", 240.0, None),
        contributors=(
            Contributor("felt_vacuum", actual=47.12, expected=52.3, unit="kPa", share=0.41),
            Contributor("draw", actual=None, expected=2.5, unit="%", share=0.2),
            Contributor("switch", actual=1.0, expected=None, unit=None, share=0.1),
            Contributor("speed", actual=900.0, expected=901.0, unit="m/min", share=0.05),
        ),
        quality=None,
        bundle="b",
        rules="r",
        threshold_source={},
        evidence=None,
        response=None,
        runbook_url=None,
    )


def feed_fault(
    minute: float, fault: str, event: Literal["began", "ended"], *sensors: str
) -> DataQualityMessage:
    return DataQualityMessage(
        event=event,
        event_id="e",
        fault=fault,
        machine=MACHINE,
        site=None,
        event_time=at(minute),
        sensors=sensors,
    )


def outcome(minute: float) -> OutcomeMessage:
    return OutcomeMessage(
        event_id=f"{MACHINE}.sheet-break.break.{minute}",
        machine=MACHINE,
        rule="sheet-break",
        site=None,
        outcome="break",
        event_time=at(minute),
        run_start=None,
    )
