"""Thresholds: what is wanted, what is in force, and what another one would have done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stream_detector.alerting.kpi import LEAST_SPAN
from stream_detector.alerting.rules import Rules
from stream_detector.console import words
from stream_detector.console.machine import MachineRecord
from stream_detector.console.plant import Plant
from stream_detector.console.rejudging import (
    Judged,
    Past,
    as_it_was,
    past_of,
    rejudged,
    summed,
)
from stream_detector.console.under_models import UnderModels
from stream_detector.console.words import Clock
from stream_detector.detection.detector import Model
from stream_detector.detection.threshold import Budget, Threshold
from stream_detector.errors import SettingsError, counted
from stream_detector.pipeline.thresholds import ALL_MACHINES, decode_setting, setting_of

MAX_REJUDGED: Final = 50
"""Machines that are judged again at most, a tenth of a second each; of more, evenly chosen."""


@dataclass(frozen=True)
class ThresholdRow:
    """A machine, or all of them (``*``), with its threshold."""

    machine: str
    bundle: str
    wanted: str
    by: str
    in_force: str
    per_day: str


@dataclass(frozen=True)
class Preview:
    """What a budget would have done in the trailing days, beside what was."""

    title: str
    lines: tuple[tuple[str, str, str, str], ...]
    """What, alerts, alerts a machine and day, outcomes warned of."""
    note: str


def threshold_rows(plant: Plant, models: UnderModels, *, clock: Clock) -> tuple[ThresholdRow, ...]:
    """List the thresholds of all machines that were heard of, or have something of their own."""
    names = [ALL_MACHINES, *sorted({*plant.machines, *models.names()} - {ALL_MACHINES})]
    return tuple(_row(name, plant, models, clock=clock) for name in names)


def in_force_when(plant: Plant, machine: str, *, now: float, clock: Clock) -> str:
    """Say when a threshold that was just saved counts: nothing is judged without a worker."""
    if machine == ALL_MACHINES:
        silent_since = plant.stale_since(now)
        is_judged = any(one.latest for one in plant.machines.values())
    else:
        record = plant.machines.get(machine)
        silent_since = record.pulse.silent_since(now) if record else None
        is_judged = record is not None and record.latest is not None
    if not is_judged:
        return "in force from the first score on"
    if silent_since is not None:
        return f"in force when scores come again: none since {clock.plant(silent_since)}"
    return "in force in 2 s"


def pasts_of(plant: Plant, machine: str, models: UnderModels) -> tuple[list[Past], int]:
    """Take the pasts that a threshold of ``machine`` is about, and how many there are in all.

    That of all machines is about those that its model judges, without one of their own.
    """
    under = models.of(machine)
    if machine != ALL_MACHINES:
        found = [plant.machines[machine]] if machine in plant.machines else []
    else:
        found = [
            one
            for name, one in sorted(plant.machines.items())
            if name not in under.wanted and models.choice.of(name) == under.bundle_id
        ]
    step = max(len(found) / MAX_REJUDGED, 1.0)
    chosen = [found[int(i * step)] for i in range(min(len(found), MAX_REJUDGED))]
    return [past_of(one, under.bundle_id) for one in chosen], len(found)


def preview(
    pasts: Sequence[Past],
    n_machines: int,
    *,
    now: Threshold,
    new: Threshold,
    model: Model,
    rules: Rules,
) -> Preview:
    """Judge pasts again; takes up to some seconds, so not in the event loop."""
    lines = [("as it was", summed([as_it_was(past, rules) for past in pasts]))]
    for name, threshold in (("with what is wanted now", now), ("with the new budget", new)):
        judged = summed([rejudged(one, threshold, model=model, rules=rules) for one in pasts])
        lines.append((f"{name}, {_short(threshold)}", judged))
    longest = max((past.span for past in pasts), default=timedelta())
    of_all = "" if len(pasts) == n_machines else f" of {n_machines}, evenly chosen"
    n_readings = sum(len(past.scores) for past in pasts)
    n_left_out = sum(past.n_left_out for past in pasts)
    left_out = f" Left out: {n_left_out:,} that another model judged." if n_left_out else ""
    return Preview(
        title=f"The trailing {words.span(longest)} of {counted(len(pasts), 'machine')}{of_all} "
        f"({n_readings:,} readings that are kept here)",
        lines=tuple((name, *_figures(judged)) for name, judged in lines),
        note=f"Judged again by the code that judges live; each controller begins at 0.{left_out}",
    )


def _row(name: str, plant: Plant, models: UnderModels, *, clock: Clock) -> ThresholdRow:
    under = models.of(name)
    text, by = "as for all", ""
    if name in under.wanted:
        try:
            setting = decode_setting(under.wanted[name])
            text = _short(setting.threshold)
            since = f" since {clock.short(setting.set_at)}" if setting.set_at else ""
            by = f"{setting.set_by or ''}{since}"
        except SettingsError:
            text, by = "UNREADABLE", "the last good value counts"
    elif name == ALL_MACHINES or under.bundle_id != models.choice.of(ALL_MACHINES):
        wanted = under.wanted_of(name)
        text = words.NOTHING if wanted is None else _short(wanted)
        by = "all of its model" if under.is_set_for_all else "bundle"
    in_force, machine = under.in_force.get(name), plant.machines.get(name)
    drift = f" ({in_force.shift:+.2f} drift)" if in_force and in_force.shift else ""
    return ThresholdRow(
        machine=name,
        bundle=under.bundle_id,
        wanted=text,
        by=by,
        in_force=words.NOTHING if in_force is None else f"{in_force.threshold:.2f}{drift}",
        per_day=words.NOTHING if machine is None else _raised_per_day(machine),
    )


def _raised_per_day(machine: MachineRecord) -> str:
    rows = machine.scores.rows()
    if not len(rows):
        return words.NOTHING
    length = timedelta(seconds=float(rows["time"][-1] - rows["time"][0]))
    if length < LEAST_SPAN:
        return words.NOTHING
    n_raised = int((rows["raised"] > 0).sum())
    return f"{n_raised / (length / timedelta(days=1)):.1f} over {words.span(length)}"


def _short(threshold: Threshold) -> str:
    if isinstance(threshold, Budget):
        return f"{words.plain(threshold.per_day)} a day"
    return words.threshold(setting_of(threshold).source())


def _figures(judged: Judged) -> tuple[str, str, str]:
    warned = f"{judged.n_warned} of {judged.n_outcomes}" if judged.n_outcomes else words.NOTHING
    per_day = words.NOTHING if judged.per_day is None else f"{judged.per_day:.1f}"
    return str(judged.n_alerts), per_day, warned


def names(rows: Iterable[ThresholdRow]) -> list[str]:
    """Give whom a threshold can be for."""
    return [row.machine for row in rows]
