"""Alerts held against what really happened in a recording.

Every alert is closed, once and for all who count them, as early (the outcome came within
the horizon), late (it came while the alert stood, but after the horizon), nuisance (it did
not come) or unlabelled (the recording ended first); every outcome as warned, with its lead,
or missed.

A warning counts while the run lasted. What was raised before a machine stood still, or
before another outcome, says nothing of the next outcome; and time at a standstill is no time
in which anybody could be warned, so chance and the share of time in alarm leave it out.

Of a plant, :mod:`stream_detector.alerting.ledger` tells the same from messages, which do not say
when a machine stood still; of a recording that is known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

from stream_detector.alerting.chance import missed_by_chance
from stream_detector.alerting.horizons import reach


class Fate(StrEnum):
    """What became of an alert: what ``ClosedAs`` says of one of a plant, and ``ANOMALY``.

    Which rows are anomalous, only a recording may tell.
    """

    EARLY = "early"
    """An outcome followed within the horizon, in the same run."""
    LATE = "late"
    """One followed in the same run while the alert stood, but only after the horizon."""
    ANOMALY = "anomaly"
    """It was raised on a row that is labelled anomalous."""
    NUISANCE = "nuisance"
    """Nothing followed."""
    UNLABELLED = "unlabelled"
    """Nobody knows: there are no labels, or the recording ended first."""


class ClosedAlert(NamedTuple):
    """An alert and what became of it.

    ``cleared`` is None while it stands, ``lead`` the time to the outcome that followed;
    None unless it is early or late.
    """

    raised: datetime
    cleared: datetime | None
    fate: Fate
    lead: timedelta | None = None


class Standstill(NamedTuple):
    """A time without readings: the last one before, and the first one after it."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Scorecard:
    """How well alerts foretold outcomes within a horizon.

    ``leads`` holds, for each outcome that was warned of, the time from the earliest
    alert within the horizon before it. ``alarm_share`` is the share of the time running
    during which an alert was open, and ``recall_by_chance`` what as many alerts, each at a
    reading drawn at random, would have warned of: without it no recall means anything. Of an
    outcome soon after a standstill or another outcome, few readings could have warned.
    """

    horizon: timedelta
    cadence: timedelta
    n_alerts: int
    n_nuisance: int
    n_late: int
    n_outcomes: int
    leads: tuple[timedelta, ...]
    alarm_share: float
    recall_by_chance: float
    running: timedelta

    @property
    def readings_ahead(self) -> int:
        """Readings within the horizon before an outcome; at none, nothing can be warned of."""
        return readings_within(self.horizon, cadence=self.cadence)

    @property
    def n_missed(self) -> int:
        """Outcomes nothing warned of."""
        return self.n_outcomes - len(self.leads)

    @property
    def recall(self) -> float | None:
        """Share of outcomes warned of; None where there was none."""
        return len(self.leads) / self.n_outcomes if self.n_outcomes else None

    @property
    def n_false(self) -> int:
        """Alerts that no outcome followed within the horizon."""
        return self.n_nuisance + self.n_late

    @property
    def false_per_day(self) -> float:
        """The same a day of running."""
        return self.n_false / max(self.running / timedelta(days=1), 1e-9)

    @property
    def median_lead(self) -> timedelta | None:
        """Median lead of the outcomes warned of; None where there was none."""
        if not self.leads:
            return None
        return timedelta(seconds=median(lead.total_seconds() for lead in self.leads))


def readings_within(horizon: timedelta, *, cadence: timedelta) -> int:
    """Count the readings at most a horizon before another one.

    >>> minutes = lambda n: timedelta(minutes=n)
    >>> [readings_within(minutes(4), cadence=minutes(n)) for n in (1, 2, 3, 4, 5)]
    [4, 2, 1, 1, 0]
    """
    return int(reach(horizon) / cadence)


def standstills(times: Iterable[datetime], *, max_gap: timedelta) -> tuple[Standstill, ...]:
    """Find where a machine sent nothing for longer than a gap; its readings' times are in order.

    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> [(s.begin.minute, s.end.minute)
    ...  for s in standstills([t(0), t(2), t(30), t(32)], max_gap=timedelta(minutes=3))]
    [(2, 30)]
    """
    return tuple(
        Standstill(before, after) for before, after in pairwise(times) if after - before > max_gap
    )


def running_time(begin: datetime, end: datetime, stood_still: Iterable[Standstill]) -> timedelta:
    """Measure how long a machine ran in a span of time."""
    still = sum(
        (max(min(one.end, end) - max(one.begin, begin), timedelta()) for one in stood_still),
        timedelta(),
    )
    return end - begin - still


def close_alerts(
    alerts: Sequence[tuple[datetime, datetime | None]],
    outcomes: Sequence[datetime],
    *,
    horizon: timedelta,
    end: datetime,
    stood_still: Sequence[Standstill] = (),
) -> tuple[ClosedAlert, ...]:
    """Close the alerts of one machine, in the order in which they were raised.

    Parameters
    ----------
    alerts : sequence of (raised, cleared)
        ``cleared`` is None while the alert stands.
    outcomes : sequence of datetime
    horizon : timedelta
        How far ahead an alert counts as a warning.
    end : datetime
        What came later is not known.
    stood_still : sequence of Standstill
        In time order.

    Examples
    --------
    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> closed = close_alerts(
    ...     [(t(4), t(8)), (t(12), t(20)), (t(30), t(40)), (t(48), None)], [t(8), t(20)],
    ...     horizon=timedelta(minutes=4), end=t(50),
    ... )
    >>> [str(alert.fate) for alert in closed]
    ['early', 'late', 'nuisance', 'unlabelled']
    """
    happened, restarts = sorted(outcomes), [one.end for one in stood_still]
    closed = []
    for raised, cleared in sorted(alerts, key=lambda alert: alert[0]):
        outcome = outcome_in_run(raised, happened, restarts)
        fate, lead = Fate.NUISANCE, None
        if outcome is not None and outcome - raised <= reach(horizon):
            fate, lead = Fate.EARLY, outcome - raised
        elif outcome is not None and (cleared is None or cleared >= outcome):
            fate, lead = Fate.LATE, outcome - raised
        elif outcome is None and _next_after(raised, restarts) is None and raised + horizon > end:
            fate = Fate.UNLABELLED
        closed.append(ClosedAlert(raised, cleared, fate, lead))
    return tuple(closed)


def outcome_in_run(
    time: datetime, outcomes: Sequence[datetime], restarts: Sequence[datetime]
) -> datetime | None:
    """Give the next outcome after a time, if no restart lies before it; both are in time order."""
    outcome, restart = _next_after(time, outcomes), _next_after(time, restarts)
    if outcome is not None and restart is not None and restart <= outcome:
        return None
    return outcome


def scorecard(
    alerts: Sequence[tuple[datetime, datetime | None]],
    outcomes: Sequence[datetime],
    *,
    horizon: timedelta,
    cadence: timedelta,
    start: datetime,
    end: datetime,
    stood_still: Sequence[Standstill] = (),
) -> Scorecard:
    """Close alerts and outcomes of one machine over one span of time.

    Parameters
    ----------
    alerts : sequence of (raised, cleared)
        ``cleared`` is None while the alert stands.
    outcomes : sequence of datetime
    horizon : timedelta
        How far ahead an alert counts as a warning.
    cadence : timedelta
        The usual time between readings; alerts are raised at readings only.
    start, end : datetime
        The span that was watched.
    stood_still : sequence of Standstill
        In time order.

    Examples
    --------
    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> card = scorecard(
    ...     [(t(4), t(8)), (t(30), t(40))], [t(8), t(20)],
    ...     horizon=timedelta(minutes=4), cadence=timedelta(minutes=2), start=t(0), end=t(50),
    ... )
    >>> card.recall, card.n_missed, card.n_nuisance, card.median_lead
    (0.5, 1, 1, datetime.timedelta(seconds=240))
    """
    closed = close_alerts(alerts, outcomes, horizon=horizon, end=end, stood_still=stood_still)
    running = max(running_time(start, end, stood_still), timedelta(microseconds=1))
    in_alarm = [running_time(begin, cleared or end, stood_still) for begin, cleared in alerts]
    ahead = min(readings_within(horizon, cadence=cadence) * cadence, horizon)
    missed = [
        missed_by_chance(len(closed), share=min(ahead, since) / running)
        for since in _times_since_the_begin(outcomes, stood_still, start=start)
    ]
    fates = [alert.fate for alert in closed]
    return Scorecard(
        horizon=horizon,
        cadence=cadence,
        n_alerts=len(closed),
        n_nuisance=fates.count(Fate.NUISANCE),
        n_late=fates.count(Fate.LATE),
        n_outcomes=len(outcomes),
        leads=_leads(closed, outcomes),
        alarm_share=sum(in_alarm, timedelta()) / running,
        recall_by_chance=1 - fmean(missed) if missed else 0.0,
        running=running,
    )


def _leads(closed: Sequence[ClosedAlert], outcomes: Sequence[datetime]) -> tuple[timedelta, ...]:
    """Give, for each outcome that was warned of, the time from the earliest alert that did."""
    earliest: dict[datetime, timedelta] = {}
    for alert in closed:
        if alert.fate is Fate.EARLY and alert.lead is not None:
            earliest.setdefault(alert.raised + alert.lead, alert.lead)
    return tuple(earliest[time] for time in sorted(outcomes) if time in earliest)


def _times_since_the_begin(
    outcomes: Sequence[datetime], stood_still: Sequence[Standstill], *, start: datetime
) -> list[timedelta]:
    """Give, for each outcome, how long there had been time to warn of it and of nothing before."""
    happened, restarts = sorted(outcomes), [one.end for one in stood_still]
    since = []
    for time in happened:
        begins = [min(start, time)]
        if n_restarts := bisect_right(restarts, time):
            begins.append(restarts[n_restarts - 1])
        if n_before := bisect_left(happened, time):
            begins.append(happened[n_before - 1])
        since.append(time - max(begins))
    return since


def _next_after(time: datetime, later: Sequence[datetime]) -> datetime | None:
    following = bisect_right(later, time)
    return later[following] if following < len(later) else None
