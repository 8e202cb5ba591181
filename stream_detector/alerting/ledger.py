"""Alerts held against what really happened.

Every alert is closed as early (the outcome came within the horizon), nuisance (it did
not) or unlabelled (the recording ended first), every outcome as warned, with its lead,
or missed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low


@dataclass(frozen=True)
class Scorecard:
    """How well alerts foretold outcomes within a horizon.

    ``leads`` holds, for each outcome that was warned of, the time from the earliest
    alert within the horizon before it. ``alarm_share`` is the share of the span during
    which an alert was open, and ``recall_by_chance`` what a random alarm of the same
    number and horizon would have warned of: without it no recall means anything.
    """

    horizon: timedelta
    n_alerts: int
    n_nuisance: int
    n_outcomes: int
    leads: tuple[timedelta, ...]
    alarm_share: float
    recall_by_chance: float
    span: timedelta

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


def scorecard(
    alerts: Sequence[tuple[datetime, datetime | None]],
    outcomes: Sequence[datetime],
    *,
    horizon: timedelta,
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
    start, end : datetime
        The span that was watched.

    Examples
    --------
    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> card = scorecard(
    ...     [(t(4), t(8)), (t(30), t(40))], [t(8), t(20)],
    ...     horizon=timedelta(minutes=4), start=t(0), end=t(50),
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
    nuisance = 0
    for time in raised:
        following = bisect_right(happened, time)
        foretold = following < len(happened) and happened[following] - time <= horizon
        # An alert whose horizon reaches beyond the span cannot be called a nuisance.
        nuisance += not foretold and time + horizon <= end
    span = max(end - start, timedelta(microseconds=1))
    in_alarm = sum(((cleared or end) - begin for begin, cleared in alerts), timedelta())
    return Scorecard(
        horizon=horizon,
        n_alerts=len(raised),
        n_nuisance=nuisance,
        n_outcomes=len(happened),
        leads=tuple(leads),
        alarm_share=in_alarm / span,
        recall_by_chance=1 - (1 - min(horizon / span, 1.0)) ** len(raised),
        span=span,
    )
