"""How many alerts, how many of them false, how many events warned of: counted by fold, and pooled.

Two ways of counting stand beside each other. *Raised*: an alert warns when it is raised; one that
stood already warns of nothing new. *Standing*: an alert warns for as long as it stands, and is one
for ten minutes, after which it counts again, so that one that always stands is the falsest of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from stream_detector.alerting.horizons import HORIZONS
from stream_detector.replay.recording import LabelKind
from trainer.backtest.judging import Judged
from trainer.backtest.windows import Windows, stretches_of, windows_of
from trainer.followed import Followed

_COVERED = np.timedelta64(10, "m")

Hits = Mapping[timedelta, NDArray[np.bool_]]
"""For each horizon, which events were warned of."""

Day = tuple[int, date]
"""Of a fold: recordings of several machines may be of the same day."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What was counted in one fold, of m events.

    Parameters
    ----------
    horizon : timedelta
        Of the rule.
    days : float
        Scored rows as days.
    n_raised, n_false, n_standing_false : int
        Alerts raised; those that nothing followed within the rule's horizon; rows with an open
        alert that nothing followed, one in ten minutes.
    in_alarm : float
        Days of scored rows with an open alert.
    followed : mapping of horizon to Followed
    raised, standing : Hits
        Events that an alert was raised for; that one stood for.
    raised_by_chance, standing_by_chance : mapping of horizon to float
        Share of the events that would be so if they lay elsewhere; NaN without an event.
    leads : float64 array
        Minutes from the earliest alert within the longest horizon to each event warned of; from
        the begin of a labelled stretch to the alert, it is negative.
    event_days : list of Day, length m
    by_week : mapping of (year, week) to (days, false alerts)
    scores, positives : arrays, shape (n scored rows,)
        Rows that a score is to find.
    """

    horizon: timedelta
    days: float
    n_raised: int
    n_false: int
    n_standing_false: int
    in_alarm: float
    followed: Mapping[timedelta, Followed]
    raised: Hits
    standing: Hits
    raised_by_chance: Mapping[timedelta, float]
    standing_by_chance: Mapping[timedelta, float]
    leads: NDArray[np.float64]
    event_days: list[Day]
    all_days: list[Day]
    by_week: Mapping[tuple[int, int], tuple[float, int]]
    scores: NDArray[np.float64]
    positives: NDArray[np.bool_]


def count(
    judged: Judged,
    kind: LabelKind,
    horizon: timedelta,
    *,
    fold: int,
    to_find: timedelta | None = None,
) -> Counted:
    """Count what became of the rows of a fold.

    Parameters
    ----------
    judged : Judged
    kind : LabelKind
    horizon : timedelta
        Of the rule: how far ahead an alert counts as right.
    fold : int
    to_find : timedelta or None
        Rows at most so long before an event are to have high scores; None is the rule's horizon.
    """
    n_rows = len(judged.times)
    of_rules = {horizon, to_find or horizon} if kind == "event" else set()
    by_horizon = {one: windows_of(judged, kind, one) for one in sorted(of_rules.union(HORIZONS))}
    of_rule = _windows(judged, kind, horizon)
    right = of_rule.rows(n_rows)
    false = judged.raised & ~right & ~_unknown(judged, kind, horizon)
    longest = by_horizon[max(by_horizon)]
    warned = longest.holding(judged.raised)
    leads = judged.times[longest.at[warned]] - judged.times[longest.first_held(judged.raised)]
    dates = judged.times.astype("datetime64[D]").tolist()
    positives = _windows(judged, kind, to_find or horizon).rows(n_rows)
    standing = judged.alarm & judged.scored
    return Counted(
        horizon=horizon,
        days=_days(judged.scored, judged),
        n_raised=int(judged.raised.sum()),
        n_false=int(false.sum()),
        n_standing_false=int((_one_in_ten_minutes(standing, judged.times) & ~right).sum()),
        in_alarm=_days(standing, judged),
        followed={
            one: _follow(judged, windows.rows(n_rows), known=~_unknown(judged, kind, one))
            for one, windows in by_horizon.items()
        },
        raised={one: windows.holding(judged.raised) for one, windows in by_horizon.items()},
        standing={one: windows.holding(standing) for one, windows in by_horizon.items()},
        raised_by_chance={one: w.by_chance(judged.raised) for one, w in by_horizon.items()},
        standing_by_chance={one: w.by_chance(standing) for one, w in by_horizon.items()},
        leads=leads / np.timedelta64(1, "m"),
        event_days=[(fold, dates[row]) for row in of_rule.at.tolist()],
        all_days=[(fold, day) for day in sorted(set(dates))],
        by_week=_by_week(judged, false),
        scores=judged.scores[judged.scored],
        positives=positives[judged.scored],
    )


@dataclass(frozen=True, eq=False)
class Tally:
    """What was counted in all folds together."""

    folds: Sequence[Counted]

    @property
    def horizon(self) -> timedelta:
        """Of the rule."""
        return self.folds[0].horizon

    @property
    def horizons(self) -> list[timedelta]:
        """Those that everybody asks for, and of outcomes the rule's own: shortest first."""
        return list(self.folds[0].raised)

    @property
    def days(self) -> float:
        """Scored rows as days."""
        return sum(one.days for one in self.folds)

    @property
    def n_events(self) -> int:
        """Outcomes, or labelled stretches."""
        return len(self.event_days)

    @property
    def false_per_day(self) -> float:
        """False alerts raised a day of scored rows."""
        return sum(one.n_false for one in self.folds) / self.days

    @property
    def standing_false_per_day(self) -> float:
        """False alerts a day of scored rows, one that stands counted anew every ten minutes."""
        return sum(one.n_standing_false for one in self.folds) / self.days

    @property
    def alarm_share(self) -> float:
        """Share of the scored rows with an open alert."""
        return sum(one.in_alarm for one in self.folds) / self.days

    @property
    def event_days(self) -> list[Day]:
        """Days of the events."""
        return [day for one in self.folds for day in one.event_days]

    @property
    def all_days(self) -> list[Day]:
        """All days with a row."""
        return [day for one in self.folds for day in one.all_days]

    @property
    def leads(self) -> NDArray[np.float64]:
        """Minutes from alert to event, of those warned of within the longest horizon."""
        return np.concatenate([one.leads for one in self.folds])

    @property
    def by_week(self) -> dict[tuple[int, int], tuple[float, int]]:
        """Days and false alerts of each week (year, ISO week)."""
        weeks: dict[tuple[int, int], tuple[float, int]] = {}
        for one in self.folds:
            for week, (days, n_false) in one.by_week.items():
                before = weeks.get(week, (0.0, 0))
                weeks[week] = before[0] + days, before[1] + n_false
        return dict(sorted(weeks.items()))

    def followed(self, horizon: timedelta) -> Followed:
        """Count the alerts that an event followed."""
        return Followed(*map(sum, zip(*(one.followed[horizon] for one in self.folds), strict=True)))

    def hits(self, name: str, horizon: timedelta) -> NDArray[np.bool_]:
        """Tell which events were warned of: ``raised`` or ``standing``."""
        return np.concatenate([getattr(one, name)[horizon] for one in self.folds])

    def recall(self, name: str, horizon: timedelta) -> float:
        """Share of the events warned of; NaN without an event."""
        hits = self.hits(name, horizon)
        return float(hits.mean()) if len(hits) else np.nan

    def by_chance(self, name: str, horizon: timedelta) -> float:
        """Recall of the same alarms if the events lay elsewhere; NaN without an event."""
        found = [
            (getattr(one, f"{name}_by_chance")[horizon], len(one.event_days))
            for one in self.folds
            if one.event_days
        ]
        chances, weights = zip(*found, strict=True) if found else ((np.nan,), (1,))
        return float(np.average(chances, weights=weights))

    @property
    def base_rate(self) -> float:
        """Share of the scored rows that are to be warned at."""
        return float(np.concatenate([one.positives for one in self.folds]).mean())

    @property
    def auc(self) -> float:
        """Area under the ROC curve of rows; NaN without rows of both classes."""
        scores, positives = self._rows()
        both = positives.any() and not positives.all()
        return float(roc_auc_score(positives, scores)) if both else np.nan

    @property
    def average_precision(self) -> float:
        """Area under the precision-recall curve of rows; NaN without a positive one."""
        scores, positives = self._rows()
        return float(average_precision_score(positives, scores)) if positives.any() else np.nan

    def _rows(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        scores = np.concatenate([one.scores for one in self.folds])
        return scores, np.concatenate([one.positives for one in self.folds])


def _windows(judged: Judged, kind: LabelKind, horizon: timedelta) -> Windows:
    """Find where an alert is right: an outcome is warned of, of a stretch any row is anomalous."""
    return windows_of(judged, kind, horizon) if kind == "event" else stretches_of(judged)


def _days(rows: NDArray[np.bool_], judged: Judged) -> float:
    return int(rows.sum()) / judged.rows_per_day


def _unknown(judged: Judged, kind: LabelKind, horizon: timedelta) -> NDArray[np.bool_]:
    """Mark the rows of the last run of which nobody knows what followed: the fold ended first."""
    if kind == "rows" or not len(judged.times) or judged.labelled[-1]:
        return np.zeros(len(judged.times), bool)
    last_run = judged.run_numbers == judged.run_numbers[-1]
    too_late = judged.times + np.timedelta64(horizon) > judged.times[-1]
    return np.asarray(last_run & too_late)


def _follow(judged: Judged, near: NDArray[np.bool_], *, known: NDArray[np.bool_]) -> Followed:
    """Count the alerts raised on rows that are near enough to an event, and those rows."""
    alerts, rows = judged.raised & known, judged.scored & known
    return Followed(
        n_followed=int((alerts & near).sum()),
        n_alerts=int(alerts.sum()),
        n_near=int((rows & near).sum()),
        n_rows=int(rows.sum()),
    )


def _one_in_ten_minutes(
    rows: NDArray[np.bool_], times: NDArray[np.datetime64]
) -> NDArray[np.bool_]:
    """Thin rows: each covers ten minutes, then one counts again."""
    counted = np.zeros(len(rows), bool)
    last = None
    for row in np.flatnonzero(rows).tolist():
        if last is None or times[row] - last >= _COVERED:
            counted[row], last = True, times[row]
    return counted


def _by_week(judged: Judged, false: NDArray[np.bool_]) -> dict[tuple[int, int], tuple[float, int]]:
    days = judged.times.astype("datetime64[D]")
    by_week: dict[tuple[int, int], tuple[float, int]] = {}
    for day in np.unique(days):
        rows = days == day
        year, week, _ = day.item().isocalendar()
        n_days, n_false = by_week.get((year, week), (0.0, 0))
        by_week[year, week] = (
            n_days + _days(rows & judged.scored, judged),
            n_false + int(false[rows].sum()),
        )
    return by_week
