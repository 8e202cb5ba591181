"""The faults of a feed that can be played, and how their senders write each."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from stream_detector.alerting.life import rfc3339
from stream_detector.detection.detector import Model
from stream_detector.errors import SettingsError
from stream_detector.pipeline.readings import Record

SHOWN = 20
"""Readings over which a fault is played once it counts as one, and watched before and after."""

_LATE_BY = 5
"""Readings that an earlier one arrives behind."""

_N_REPEATED = 10
"""Readings that come late, or twice."""

_N_WRONG_CLOCK = 3

_AHEAD = timedelta(days=1)
"""Of a wrong clock: far more than any limit, and a usual slip of a time zone or a date."""


_NAMES_SHOWN = 5

_LAST_TIME = datetime.max.replace(tzinfo=UTC)


class Fault(StrEnum):
    """What goes wrong between a machine and the detector."""

    NAN = "nan"
    """A quarter of the sensors give no value: null, a literal NaN, or their names are not there."""
    STUCK = "stuck"
    """One sensor keeps its value until long after it counts as stuck."""
    FROZEN = "frozen"
    """All sensors keep their values."""
    GAP = "gap"
    """Nothing is sent, until long after a run ends and the machine counts as silent."""
    LATE = "late"
    """Readings arrive a second time, behind later ones."""
    DUPLICATE = "duplicate"
    """Readings arrive twice, one behind the other."""
    CLOCK = "clock"
    """The sender's clock is a day ahead for some readings."""
    RESTART = "restart"
    """The detector loses its state, takes it up from where it was kept, and catches up."""


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Read names of faults with commas between them.

    Raises
    ------
    SettingsError
        If one is unknown, or there is none.

    Examples
    --------
    >>> parse_faults("nan, gap")
    (<Fault.NAN: 'nan'>, <Fault.GAP: 'gap'>)
    """
    try:
        # Once each, in the order they are named.
        return tuple(dict.fromkeys(Fault(name.strip()) for name in text.split(",")))
    except ValueError as error:
        raise SettingsError(f"faults are {text!r}, expected some of {','.join(Fault)}") from error


class Span(NamedTuple):
    """Readings of one machine that a fault is played on.

    Parameters
    ----------
    indices : sequence of int, length n
        Their places in ``records``.
    times : sequence of datetime, length n
    last : Record
        The machine's reading before them.
    """

    records: Sequence[Record]
    indices: Sequence[int]
    times: Sequence[datetime]
    last: Record


class Played(NamedTuple):
    """A fault as it was written.

    Parameters
    ----------
    records : mapping of int to tuple of Record
        What stands at these places now: nothing, another message, or several.
    what : str
        The same in words.
    """

    records: Mapping[int, tuple[Record, ...]]
    what: str


def n_readings(fault: Fault, model: Model, *, cadence: timedelta) -> int | None:
    """Tell over how many readings a fault is played; None where the model never finds it.

    A gap goes on until its time is over, too.
    """
    limits = model.feed_limits
    stuck_after = float(limits.stuck_after.min())
    if fault is Fault.STUCK and math.isinf(stuck_after):
        return None
    lengths = {
        Fault.STUCK: stuck_after + SHOWN,
        Fault.FROZEN: limits.frozen_after + SHOWN,
        Fault.GAP: max(1, gap_limit(model) // cadence),
        Fault.LATE: _N_REPEATED + _LATE_BY,
        Fault.DUPLICATE: _N_REPEATED,
        Fault.CLOCK: _N_WRONG_CLOCK,
    }
    return math.ceil(lengths.get(fault, SHOWN))


def gap_limit(model: Model) -> timedelta:
    """Give the time after which a run ends and the machine counts as silent as well."""
    return max(model.max_gap, model.feed_limits.silence_after)


def play(fault: Fault, span: Span, model: Model, random: np.random.Generator) -> Played | None:
    """Write a fault as its sender would; None where these readings leave nothing to break.

    Parameters
    ----------
    fault : Fault
    span : Span
    model : Model
        Which sensors it has, and when they count as stuck.
    random : numpy.random.Generator
        Decides which sensors.
    """
    played: Played | None
    match fault:
        case Fault.NAN:
            played = _missing(span, model.features.measured, random)
        case Fault.STUCK:
            played = _stuck(span, model, random)
        case Fault.FROZEN:
            values = _message(span.last)["values"]
            played = Played(_rewrite(span, lambda _: values), "all sensors keep their values")
        case Fault.GAP:
            played = Played(dict.fromkeys(span.indices, ()), "nothing is sent")
        case Fault.LATE:
            played = _late(span)
        case Fault.DUPLICATE:
            twice = {i: (span.records[i], span.records[i]) for i in span.indices}
            played = Played(twice, "every reading comes twice")
        case Fault.CLOCK:
            played = _wrong_clock(span)
        case Fault.RESTART:
            played = Played({}, "the state is lost at its end, taken up as of its begin")
    return played


def _missing(span: Span, sensors: Sequence[str], random: np.random.Generator) -> Played:
    """Let a quarter of the sensors be null, then NaN, then not there at all."""
    chosen = random.choice(len(sensors), size=max(1, len(sensors) // 4), replace=False)
    names = [sensors[i] for i in sorted(chosen.tolist())]
    spellings: list[dict[str, float | None]] = [
        dict.fromkeys(names),
        dict.fromkeys(names, math.nan),
        {},
    ]
    written: dict[int, tuple[Record, ...]] = {}
    for k, i in enumerate(span.indices):
        message = _message(span.records[i])
        kept = {name: one for name, one in message["values"].items() if name not in names}
        spelling = spellings[k * len(spellings) // len(span.indices)]
        written[i] = (_record(span.records[i], message | {"values": kept | spelling}),)
    return Played(written, f"null, NaN, then no {_listed(names)}")


def _stuck(span: Span, model: Model, random: np.random.Generator) -> Played | None:
    """Let one of the sensors that count as stuck soonest keep its last value."""
    stuck_after = model.feed_limits.stuck_after
    last = _message(span.last)["values"]
    soonest = [model.features.sensors[i] for i in np.flatnonzero(stuck_after == stuck_after.min())]
    moving = [name for name in soonest if math.isfinite(last.get(name) or math.nan)]
    if not moving:
        return None
    name = moving[int(random.integers(len(moving)))]
    written = _rewrite(span, lambda values: values | {name: last[name]})
    return Played(written, f"{name} stays at {last[name]:g}")


def _late(span: Span) -> Played:
    """Let the first readings of the span come again, each behind a later one."""
    written: dict[int, tuple[Record, ...]] = {}
    for early, later in zip(span.indices, span.indices[_LATE_BY:], strict=False):
        # Kafka takes the copy when it arrives.
        taken_at = span.records[later].timestamp
        written[later] = (span.records[later], span.records[early]._replace(timestamp=taken_at))
    return Played(written, f"{len(written)} come again, {_LATE_BY} readings later")


def _wrong_clock(span: Span) -> Played | None:
    """Let readings be of tomorrow, though Kafka takes them when it did."""
    written: dict[int, tuple[Record, ...]] = {}
    for i, time in zip(span.indices, span.times, strict=True):
        record = span.records[i]
        # Readings may have been published long after their time.
        taken_at = max(time, record.timestamp)
        if taken_at > _LAST_TIME - _AHEAD:
            return None  # a producer's stamp of no sense: nothing can be ahead of it
        wrong = taken_at + _AHEAD
        message = _message(record) | {"time": rfc3339(wrong)}
        written[i] = (_record(record, message),)
    return Played(written, "their times are a day ahead")


def _rewrite(
    span: Span, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[int, tuple[Record, ...]]:
    """Change the values of each reading."""
    written: dict[int, tuple[Record, ...]] = {}
    for i in span.indices:
        message = _message(span.records[i])
        message["values"] = change(message["values"])
        written[i] = (_record(span.records[i], message),)
    return written


def _message(record: Record) -> dict[str, Any]:
    # Its other properties and its own way of writing numbers are kept.
    message: dict[str, Any] = json.loads(record.value or b"{}")
    return message


def _record(record: Record, message: dict[str, Any]) -> Record:
    return record._replace(value=json.dumps(message, separators=(",", ":")).encode())


def _listed(names: Sequence[str]) -> str:
    shown, n_more = ", ".join(names[:_NAMES_SHOWN]), len(names) - _NAMES_SHOWN
    return f"{shown} and {n_more} more" if n_more > 0 else shown
