"""One alert in full: what it rests on, what was done about it, and what to do."""

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from stream_detector.alerting.alert_state import AlertState, PastAlert
from stream_detector.console import words
from stream_detector.console.drawing import usual_step
from stream_detector.console.machine import MachineRecord
from stream_detector.console.plant import Key, Plant, Standing
from stream_detector.console.views.alerts import lasting, state_words
from stream_detector.console.views.charts import ScoreChart, SensorChart, score_chart, sensor_chart
from stream_detector.console.views.urgency import Mark, mark_of
from stream_detector.console.words import Clock
from stream_detector.pipeline.messages import AlertMessage

_N_SENSORS: Final = 5
_READINGS_BEFORE: Final = 60
_READINGS_AFTER: Final = 30


class Fact(NamedTuple):
    """A line of a table."""

    name: str
    text: str


class SensorPart(NamedTuple):
    """A sensor's part in the newest score of an alert."""

    sensor: str
    actual: str
    expected: str
    share: float
    percent: str


class Happening(NamedTuple):
    """A line of the history."""

    at: str
    what: str
    of: str
    """Which alert before this one it was about; else empty."""
    by: str
    comment: str


@dataclass(frozen=True)
class AlertDetail:
    """An alert in full."""

    key: Key
    alert_id: str | None
    mark: Mark
    title: str
    state: str
    is_open: bool
    facts: tuple[Fact, ...]
    response: str | None
    runbook_url: str | None
    chart: ScoreChart | None
    parts: tuple[SensorPart, ...]
    sensors: tuple[SensorChart, ...]
    evidence: tuple[Fact, ...]
    history: tuple[Happening, ...]
    past: tuple[tuple[str, ...], ...]
    refit_command: str | None
    """What makes a new model of recent history; offered where the alert has stood for a day."""


def alert_detail(plant: Plant, key: Key, *, now: float, clock: Clock) -> AlertDetail | None:
    """Make the page of an alert; None where there is none of that machine and rule."""
    standing = plant.alerts.get(key)
    if standing is None:
        return None
    state, message = standing.state, standing.message
    reason = plant.reason(standing)
    chart, sensors = (
        (None, ())
        if message is None or reason is None
        else _charts(plant.machines[state.machine], standing, message, reason, clock)
    )
    return AlertDetail(
        key=key,
        alert_id=message.alert_id if message else None,
        mark=mark_of(standing),
        title=f"{state.machine}: {state.rule}",
        state=state_words(standing, clock),
        is_open=state.open,
        facts=tuple(_facts(plant, standing, now, clock)),
        response=reason.response if reason else None,
        runbook_url=_safe_url(reason.runbook_url if reason else None),
        chart=chart,
        parts=_parts(reason),
        sensors=sensors,
        evidence=tuple(_evidence(reason, clock)) if reason else (),
        history=_history(state, clock),
        past=tuple(_past(one, clock) for one in reversed(state.past)),
        refit_command=_refit_command(state.machine) if state.stale and state.open else None,
    )


def _refit_command(machine: str) -> str:
    # A machine's name is what its sender writes: it must not become another command.
    return f"python -m trainer refit --from-kafka / --machine {shlex.quote(machine)} --shadow"


def _charts(
    machine: MachineRecord,
    standing: Standing,
    message: AlertMessage,
    reason: AlertMessage,
    clock: Clock,
) -> tuple[ScoreChart | None, tuple[SensorChart, ...]]:
    start, end = _stretch(machine, message, is_open=standing.state.open)
    chart = score_chart(
        machine,
        start=start,
        end=end,
        clock=clock,
        raised_at=message.raised_at,
        of_head=_went_by_head(machine, reason),
    )
    names = [one.sensor for one in reason.contributors] or [
        one.sensor for one in (machine.latest.contributors if machine.latest else ())
    ]
    drawn = (
        sensor_chart(machine, name, start=start, end=end, clock=clock)
        for name in names[:_N_SENSORS]
    )
    return chart, tuple(one for one in drawn if one is not None)


def _went_by_head(machine: MachineRecord, reason: AlertMessage) -> bool:
    """Tell whether an alert went by the score of the supervised head.

    An alert names its score and no more, so it is looked up among those of the same reading.
    """
    time = reason.event_time.timestamp()
    rows = machine.scores.rows(time, time)
    return bool(len(rows)) and (rows["head"][0], rows["head_threshold"][0]) == (
        reason.score,
        reason.threshold,
    )


def _stretch(
    machine: MachineRecord, message: AlertMessage, *, is_open: bool
) -> tuple[float, float]:
    """Choose what is drawn: some readings before the raise to some after the end."""
    step = usual_step(machine.scores.newest(100)["time"]) or 60.0
    start = message.raised_at.timestamp() - _READINGS_BEFORE * step
    newest = machine.latest.event_time.timestamp() if machine.latest else start
    end = newest
    if not is_open:
        end = min(newest, message.event_time.timestamp() + _READINGS_AFTER * step)
    return start, max(end, message.event_time.timestamp(), start + step)


def _facts(plant: Plant, standing: Standing, now: float, clock: Clock) -> list[Fact]:
    state, message, reason = standing.state, standing.message, plant.reason(standing)
    found = []
    if message is not None and reason is not None:
        over = "" if state.open else f", over since {_both(message.event_time, clock)}"
        found += [
            Fact("raised", f"{_both(message.raised_at, clock)}{over}"),
            Fact("lasting" if state.open else "lasted", lasting(plant, standing, now)),
            Fact("priority", f"{message.priority} ({message.alert_class})"),
            Fact("score", f"{_score(reason)}, at {clock.short(reason.event_time)}"),
        ]
        if message.occurrence > 1:
            found.append(Fact("came", f"{message.occurrence} times within the cooldown"))
        if message.reason:
            found.append(Fact("cleared by", message.reason))
    if state.acknowledged:
        found.append(
            Fact("acknowledged", f"by {state.acknowledged.by}{_said(state.acknowledged.comment)}")
        )
    if state.shelved:
        until = _both(state.shelved.until, clock)
        found.append(
            Fact("shelved", f"until {until} by {state.shelved.by}{_said(state.shelved.comment)}")
        )
    if state.out_of_service:
        out = state.out_of_service
        found.append(
            Fact("out of service", f"since {clock.short(out.at)} by {out.by}{_said(out.comment)}")
        )
    if state.stale and state.open:
        found.append(Fact("STALE", "has stood for a day: is the model out of date?"))
    if state.label:
        found.append(
            Fact("label", f"{state.label.label} by {state.label.by}{_said(state.label.comment)}")
        )
    if state.fate:
        lead = "" if state.lead_s is None else f", {words.span(state.lead_s)} ahead"
        found.append(Fact("fate", f"{state.fate}{lead}"))
    return found


def _score(message: AlertMessage) -> str:
    return f"{words.score(message.score)}, threshold {words.score(message.threshold)}"


def _said(comment: str | None) -> str:
    return f": {comment}" if comment else ""


def _both(time: datetime, clock: Clock) -> str:
    return clock.utc(time) if clock.is_utc else f"{clock.plant(time)} ({clock.utc(time)})"


def _parts(message: AlertMessage | None) -> tuple[SensorPart, ...]:
    if message is None:
        return ()
    return tuple(
        SensorPart(
            one.sensor,
            words.number(one.actual, one.unit),
            words.number(one.expected, one.unit),
            one.share,
            words.percent(one.share),
        )
        for one in message.contributors
    )


def _evidence(message: AlertMessage, clock: Clock) -> list[Fact]:
    found = []
    if message.evidence is not None:
        found += [
            Fact(
                "window",
                f"{_both(message.evidence.start, clock)} to {clock.short(message.evidence.end)}",
            ),
            Fact("run began", _both(message.evidence.run_start, clock)),
        ]
    if message.quality is not None:
        used, total = message.quality.channels_used, message.quality.channels_total
        found.append(Fact("quality", f"{message.quality.state}, {used} of {total} sensors"))
    found += [
        Fact("threshold asked", words.threshold(message.threshold_source)),
        Fact("model", message.bundle),
        Fact("rules", message.rules),
    ]
    validated = message.warning.validated
    if validated is not None:
        recall = (
            ""
            if validated.recall is None
            else f"{words.percent(validated.recall)} of outcomes warned of, "
        )
        false = words.plain(validated.per_day, 3)
        found.append(
            Fact("model tested", f"{recall}{false} false alerts a day, {validated.rows} new rows")
        )
    found.append(Fact("alert", message.alert_id))
    return found


def _history(state: AlertState, clock: Clock) -> tuple[Happening, ...]:
    """Tell what happened, the newest first; what was about an alert before says so."""
    of: dict[str | None, str] = {
        one.alert_id: f"the alert of {clock.short(one.raised_at)}" for one in state.past
    }
    of |= {None: "", state.alert_id: ""}
    return tuple(
        Happening(
            clock.plant(one.at),
            one.what,
            of.get(one.alert_id, "an alert before"),
            one.by or "",
            " ".join(filter(None, (one.detail, one.comment))),
        )
        for one in reversed(state.history)
    )


def _past(one: PastAlert, clock: Clock) -> tuple[str, ...]:
    cleared = "open" if one.cleared_at is None else words.span(one.cleared_at - one.raised_at)
    verdict = one.label or one.fate or words.NOTHING
    return (
        clock.short(one.raised_at),
        cleared,
        one.priority,
        one.acknowledged_by or "",
        str(verdict),
    )


def _safe_url(url: str | None) -> str | None:
    """Give an address that may stand in a link: what else there is could be a script."""
    return url if url is not None and url.lower().startswith(("https://", "http://")) else None
