"""Alerts held against what really happened.

Every alert is closed, once and for all who count them, as early (the outcome came within
the horizon), nuisance (it did not) or unlabelled (the recording ended first); every
outcome as warned, with its lead, or missed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median_low
from typing import Final, NamedTuple

_JITTER: Final = 1.01
"""Clocks jitter: a reading counts within a horizon up to 1 % longer."""


class Fate(StrEnum):
    """What became of an alert."""

    EARLY = "early"
    """An outcome followed within the horizon."""
    ANOMALY = "anomaly"
    """It was raised on a row that is labelled anomalous."""
    NUISANCE = "nuisance"
    """Nothing followed."""
    UNLABELLED = "unlabelled"
    """Nobody knows: there are no labels, or the recording ended first."""


class ClosedAlert(NamedTuple):
    """An alert and what became of it.

    ``cleared`` is None while it stands, ``lead`` the time to the outcome that followed;
    None unless it is early.
    """

    raised: datetime
    cleared: datetime | None
    fate: Fate
    lead: timedelta | None = None


@dataclass(frozen=True)
class Scorecard:
    """How well alerts foretold outcomes within a horizon.

    ``leads`` holds, for each outcome that was warned of, the time from the earliest
    alert within the horizon before it. ``alarm_share`` is the share of the span during
    which an alert was open, and ``recall_by_chance`` what as many alerts, each at a
    reading drawn at random, would have warned of: without it no recall means anything.
    """

    horizon: timedelta
    cadence: timedelta
    n_alerts: int
    n_nuisance: int
    n_outcomes: int
    leads: tuple[timedelta, ...]
    alarm_share: float
    recall_by_chance: float
    span: timedelta

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
    def nuisance_per_day(self) -> float:
        """Alerts a day that no outcome followed."""
        return self.n_nuisance / max(self.span / timedelta(days=1), 1e-9)

    @property
    def median_lead(self) -> timedelta | None:
        """Middle lead (the lower of two) of the outcomes warned of; None where there was none."""
        return median_low(self.leads) if self.leads else None


def readings_within(horizon: timedelta, *, cadence: timedelta) -> int:
    """Count the readings at most a horizon before another one.

    >>> minutes = lambda n: timedelta(minutes=n)
    >>> [readings_within(minutes(4), cadence=minutes(n)) for n in (1, 2, 3, 4, 5)]
    [4, 2, 1, 1, 0]
    """
    return int(horizon / cadence * _JITTER)


def close_alerts(
    alerts: Sequence[tuple[datetime, datetime | None]],
    outcomes: Sequence[datetime],
    *,
    horizon: timedelta,
    end: datetime,
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

    Examples
    --------
    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> closed = close_alerts(
    ...     [(t(4), t(8)), (t(30), t(40)), (t(48), None)], [t(8), t(20)],
    ...     horizon=timedelta(minutes=4), end=t(50),
    ... )
    >>> [str(alert.fate) for alert in closed]
    ['early', 'nuisance', 'unlabelled']
    """
    happened = sorted(outcomes)
    closed = []
    for raised, cleared in sorted(alerts, key=lambda alert: alert[0]):
        following = bisect_right(happened, raised)
        lead = happened[following] - raised if following < len(happened) else None
        if lead is not None and lead <= horizon:
            closed.append(ClosedAlert(raised, cleared, Fate.EARLY, lead))
        elif raised + horizon > end:
            closed.append(ClosedAlert(raised, cleared, Fate.UNLABELLED))
        else:
            closed.append(ClosedAlert(raised, cleared, Fate.NUISANCE))
    return tuple(closed)


def scorecard(
    alerts: Sequence[tuple[datetime, datetime | None]],
    outcomes: Sequence[datetime],
    *,
    horizon: timedelta,
    cadence: timedelta,
    start: datetime,
    end: datetime,
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
    raised = sorted(begin for begin, _ in alerts)
    happened = sorted(outcomes)
    leads = []
    for time in happened:
        first = bisect_left(raised, time - horizon)
        if first < len(raised) and raised[first] < time:
            leads.append(time - raised[first])
    closed = close_alerts(alerts, outcomes, horizon=horizon, end=end)
    span = max(end - start, timedelta(microseconds=1))
    in_alarm = sum(((cleared or end) - begin for begin, cleared in alerts), timedelta())
    ahead = min(readings_within(horizon, cadence=cadence) * cadence, horizon)
    return Scorecard(
        horizon=horizon,
        cadence=cadence,
        n_alerts=len(raised),
        n_nuisance=sum(alert.fate is Fate.NUISANCE for alert in closed),
        n_outcomes=len(happened),
        leads=tuple(leads),
        alarm_share=in_alarm / span,
        recall_by_chance=1 - (1 - min(ahead / span, 1.0)) ** len(raised),
        span=span,
    )
