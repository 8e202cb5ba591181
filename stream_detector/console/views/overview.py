"""The overview: every machine, the worst first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stream_detector.alerting.alert_state import PRIORITIES, State, urgency
from stream_detector.console import words
from stream_detector.console.machine import MachineRecord
from stream_detector.console.plant import Plant, Standing
from stream_detector.console.views.sparkline import Sparkline, sparkline
from stream_detector.console.views.urgency import (
    OPEN,
    SET_ASIDE,
    STATE_WORDS,
    UNSEEN,
    Mark,
    heads,
    mark_of,
)
from stream_detector.console.words import Clock

TILES_PER_PAGE: Final = 48


@dataclass(frozen=True)
class Head:
    """How it is with a machine, in a mark and words."""

    mark: Mark
    text: str
    is_filled: bool = False
    """Whether somebody has to do something about it."""


@dataclass(frozen=True)
class Tile:
    """A machine on the overview."""

    machine: str
    heads: tuple[Head, ...]
    """The gravest first: its mark is that of the tile."""
    needs_acknowledging: bool
    feed: str
    feed_is_bad: bool
    alerts: tuple[str, ...]
    score: str
    threshold: str
    time: str
    sparkline: Sparkline | None


@dataclass(frozen=True)
class Overview:
    """A page of tiles, and how it is with all of them."""

    tiles: tuple[Tile, ...]
    n_machines: int
    counts: tuple[tuple[str, Mark, int], ...]
    page: int
    n_pages: int


def overview(plant: Plant, *, now: float, clock: Clock, text: str = "", page: int = 0) -> Overview:
    """Make the overview.

    Parameters
    ----------
    plant : Plant
    now : float
        Seconds since 1970.
    clock : Clock
    text : str
        Only machines with this in their name.
    page : int
        From 0; beyond the last it is the last.
    """
    by_machine: dict[str, list[Standing]] = {name: [] for name in plant.machines}
    for standing in plant.alerts.values():
        if standing.state.machine in by_machine:
            by_machine[standing.state.machine].append(standing)
    wanted = [name for name in plant.machines if text.casefold() in name.casefold()]
    ranked = sorted(
        wanted, key=lambda name: (*_rank(plant.machines[name], by_machine[name], now), name)
    )
    n_pages = max(-(-len(ranked) // TILES_PER_PAGE), 1)
    page = min(max(page, 0), n_pages - 1)
    shown = ranked[page * TILES_PER_PAGE : (page + 1) * TILES_PER_PAGE]
    return Overview(
        tiles=tuple(_tile(plant.machines[name], by_machine[name], now, clock) for name in shown),
        n_machines=len(wanted),
        counts=_counts(plant, now),
        page=page,
        n_pages=n_pages,
    )


def tile_of(plant: Plant, machine: str, *, now: float, clock: Clock) -> Tile:
    """Make the tile of one machine, which is there."""
    alerts = [one for (owner, _), one in plant.alerts.items() if owner == machine]
    return _tile(plant.machines[machine], alerts, now, clock)


def feed_health(machine: MachineRecord, now: float, clock: Clock) -> tuple[str, bool]:
    """Say how a machine's feed is, and whether that is bad."""
    silent_since = machine.pulse.silent_since(now)
    if silent_since is not None:
        return f"NO DATA for {words.span(now - silent_since)}", True
    if machine.faults:
        told = "; ".join(
            f"{', '.join(fault.sensors[:3]) or 'all sensors'}"
            f"{' …' if len(fault.sensors) > 3 else ''} {fault.kind}"  # noqa: PLR2004
            f" since {clock.short(fault.since)}"
            for fault in machine.faults[:2]
        )
        return f"FEED: {told}", True
    latest = machine.latest
    if latest is None:
        return "no score yet", False
    quality = latest.quality
    if quality.state == "good":
        return "feed good", False
    return (
        f"FEED {quality.state}: {quality.channels_used} of {quality.channels_total} sensors",
        True,
    )


def _rank(machine: MachineRecord, alerts: Sequence[Standing], now: float) -> tuple[float, ...]:
    """Order machines: alerts first, then what gives no data, then how near the threshold is."""
    worst = min((urgency(one.state)[:3] for one in alerts if one.state.state in OPEN), default=None)
    bad = (
        machine.pulse.silent_since(now) is not None or bool(machine.faults) or _is_unscored(machine)
    )
    latest = machine.latest
    nearness = 0.0 if latest is None or latest.score is None else latest.score / latest.threshold
    # Coarse, so that tiles do not change places all the time.
    return (*(worst or (9, 9, 0.0)), not bad, -round(min(nearness, 2.0), 0))


def _is_unscored(machine: MachineRecord) -> bool:
    return machine.latest is not None and machine.latest.quality.state == "bad"


def _tile(machine: MachineRecord, alerts: list[Standing], now: float, clock: Clock) -> Tile:
    alerts = sorted(alerts, key=lambda one: urgency(one.state))
    standing = [one for one in alerts if one.state.state in OPEN]
    aside = [one for one in alerts if one.state.state in SET_ASIDE]
    feed, feed_is_bad = feed_health(machine, now, clock)
    latest = machine.latest
    if standing:
        told = tuple(Head(mark_of(one), _told(one), _is_unseen(one)) for one in heads(standing))
    elif feed_is_bad:
        text = "no judgement" if _is_unscored(machine) else "check the feed"
        told = (Head(Mark.FEED, text, is_filled=True),)
    elif aside:
        told = (Head(Mark.ASIDE, STATE_WORDS[aside[0].state.state]),)
    else:
        told = (Head(Mark.NONE, _quiet(machine)),)
    return Tile(
        machine=machine.name,
        heads=told,
        needs_acknowledging=any(_is_unseen(one) for one in standing),
        feed=feed,
        feed_is_bad=feed_is_bad,
        alerts=tuple(_line(one, clock) for one in (*standing, *aside)),
        score=words.score(latest.score if latest else None),
        threshold=words.score(latest.threshold if latest else None),
        time="" if latest is None else clock.short(latest.event_time),
        sparkline=sparkline(machine),
    )


def _quiet(machine: MachineRecord) -> str:
    latest = machine.latest
    if latest is None:
        return "no score yet"
    return "warming up" if latest.warming_up else "normal"


def _told(standing: Standing) -> str:
    priority = standing.message.priority if standing.message else ""
    words_of_state = {
        State.UNACKNOWLEDGED: f"{priority.upper()} ALERT",
        State.ACKNOWLEDGED: f"{priority} alert, acknowledged",
        State.RETURNED_UNACKNOWLEDGED: f"{priority} alert over, not acknowledged",
    }
    return words_of_state[standing.state.state]


def _is_unseen(standing: Standing) -> bool:
    return standing.state.state in UNSEEN


def _line(standing: Standing, clock: Clock) -> str:
    state = standing.state
    if state.state in SET_ASIDE:
        until = f" until {clock.short(state.shelved.until)}" if state.shelved else ""
        return f"{state.rule}: {STATE_WORDS[state.state]}{until}"
    message = standing.message
    if message is None:
        return state.rule
    raised = clock.short(message.raised_at)
    if not state.open:
        return f"{state.rule}: {raised} to {clock.short(message.event_time)}, not acknowledged"
    return f"{state.rule} since {raised}{', STALE' if state.stale else ''}"


def _counts(plant: Plant, now: float) -> tuple[tuple[str, Mark, int], ...]:
    """Count what is to be looked at, in the whole plant."""
    unseen: Counter[str] = Counter()
    n_acknowledged = n_aside = 0
    for standing in plant.alerts.values():
        if _is_unseen(standing) and standing.message is not None:
            unseen[standing.message.priority] += 1
        n_acknowledged += standing.state.state is State.ACKNOWLEDGED
        n_aside += standing.state.state in SET_ASIDE
    n_silent = sum(one.pulse.silent_since(now) is not None for one in plant.machines.values())
    return (
        *(
            (f"{priority} to acknowledge", Mark(priority), unseen[priority])
            for priority in PRIORITIES
        ),
        ("acknowledged", Mark.NONE, n_acknowledged),
        ("set aside", Mark.ASIDE, n_aside),
        ("machines without data", Mark.FEED, n_silent),
    )
