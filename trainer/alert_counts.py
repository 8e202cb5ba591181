"""Alerts counted by the calendar: by day, and by week what was asked against what came."""

import math
from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from stream_detector.alerting.recorded import Fate
from trainer.evaluation import Evaluation

_MAX_BARS = 200


class Week(NamedTuple):
    """A week that begins on a Monday (UTC).

    Parameters
    ----------
    begin : date
    days : float
        Scored rows as days.
    n_false : int
        Alerts that nothing followed in time; without labels all of them.
    asked_per_day : float
    """

    begin: date
    days: float
    n_false: int
    asked_per_day: float

    @property
    def per_day(self) -> float | None:
        """Of scored rows; None where a week has hardly any."""
        return self.n_false / self.days if self.days >= 1 / 24 else None

    @property
    def over_asked(self) -> float | None:
        """Realised over asked; 1 is as many as were asked for."""
        return None if self.per_day is None else self.per_day / self.asked_per_day


def by_day(evaluation: Evaluation) -> pd.DataFrame:
    """Count alerts by ``Fate`` and scored ``rows``, a row per bar, indexed by its beginning.

    A bar is usually one day: ``days`` says how many.
    """
    alerts = evaluation.alerts
    rows = pd.Series(1, index=pd.DatetimeIndex(evaluation.times)).resample("D").sum()
    raised = pd.to_datetime([alert.raised for alert in alerts], utc=True).tz_localize(None)
    fates = {
        fate.value: np.array([alert.fate is fate for alert in alerts], np.int64) for fate in Fate
    }
    counts = pd.DataFrame(fates, index=raised).resample("D").sum()
    table = counts.reindex(rows.index, fill_value=0).assign(rows=rows, days=1)
    # More bars than a screen can show apart become bars of several days.
    days_per_bar = math.ceil(len(table) / _MAX_BARS)
    return table.resample(f"{days_per_bar}D").sum()


def by_week(evaluation: Evaluation) -> tuple[Week, ...]:
    """Count false alerts and scored rows by week; weeks without a row are left out."""
    n_rows = Counter(map(_monday, _dates(evaluation)))
    false = {Fate.NUISANCE, Fate.LATE} if evaluation.label_kind is not None else set(Fate)
    raised = [_monday(one.raised.date()) for one in evaluation.alerts if one.fate in false]
    per_row = evaluation.days / len(evaluation.times)
    return tuple(
        Week(monday, n * per_row, raised.count(monday), evaluation.asked_per_day)
        for monday, n in sorted(n_rows.items())
    )


def _dates(evaluation: Evaluation) -> list[date]:
    dates: list[date] = evaluation.times.astype("datetime64[D]").tolist()
    return dates


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
