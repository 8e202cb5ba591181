"""The pace of a recording's rows, and where it is another."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.life import rfc3339
from stream_detector.replay.times import usual_step

GAP_IN_CADENCES = 1.5
"""A longer step is a gap: the reading behind it begins a run of its own."""

_STEPS = 50
_FEWEST = 40
"""Of so many steps at least so many are others. Where rows come at any time a third is."""


@dataclass(frozen=True)
class OtherPace:
    """Rows that come at another pace than a model's.

    Parameters
    ----------
    n_rows : int
    begin, end : datetime
        Of the first and the last of them, UTC-aware; there may be others in between.
    step : timedelta
        The usual one between them.
    is_slow : bool
        Whether a gap is before each; else they come too fast.
    """

    n_rows: int
    begin: datetime
    end: datetime
    step: timedelta
    is_slow: bool


def other_paces(times: NDArray[np.datetime64], cadence: timedelta) -> list[OtherPace]:
    """Find the rows, slower ones first, that come at another pace, most of fifty in a row.

    What is a gap is another pace too slow, and a step as many times shorter another too fast.

    Examples
    --------
    >>> minutes = np.append(np.arange(0, 200, 2), np.arange(200, 800, 10))
    >>> times = np.datetime64("2026-11-22T03:00", "us") + minutes * np.timedelta64(1, "m")
    >>> (slow,) = other_paces(times, timedelta(minutes=2))
    >>> slow.n_rows, slow.step, slow.begin.isoformat()
    (59, datetime.timedelta(seconds=600), '2026-11-22T06:30:00+00:00')
    """
    newest = np.maximum.accumulate(times)
    forward = times[np.append(True, times[1:] > newest[:-1])] if len(times) else times
    steps = np.diff(forward)
    usual, gap = np.timedelta64(cadence), np.timedelta64(GAP_IN_CADENCES * cadence)
    found = []
    paces = [(True, np.asarray(steps > gap)), (False, np.asarray(GAP_IN_CADENCES * steps < usual))]
    for is_slow, odd in paces:
        rows = np.flatnonzero(_crowded(odd))
        if len(rows):
            first, last = (time.replace(tzinfo=UTC) for time in forward[1 + rows[[0, -1]]].tolist())
            step: timedelta = np.median(steps[rows]).astype("timedelta64[us]").item()
            found.append(OtherPace(len(rows), first, last, step, is_slow))
    return found


def notes_on_paces(times: NDArray[np.datetime64]) -> list[str]:
    """Say where the pace changes within a recording, a sentence each."""
    usual = usual_step(times)
    if usual is None:
        return []
    return [
        f"rows come every {usual.total_seconds():g} s, but {one.n_rows} of {len(times)}, between "
        f"{rfc3339(one.begin)} and {rfc3339(one.end)}, every {one.step.total_seconds():g} s: "
        + (
            "a model of the one pace takes each of them for a run of its own, so there is no alert"
            if one.is_slow
            else "to a model of the one pace scores and budgets do not mean there what they should"
        )
        + "; bring all rows at one pace, or cut off those of another"
        for one in other_paces(times, usual)
    ]


def _crowded(odd: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep those of which most lie together.

    >>> np.flatnonzero(_crowded(np.arange(300) % 100 > 55))[[0, -1]].tolist()
    [56, 299]
    """
    before = np.append(0, odd.cumsum())
    begins = np.flatnonzero(before[_STEPS:] - before[:-_STEPS] >= _FEWEST)
    inside = np.zeros(len(before), np.int64)
    np.add.at(inside, begins, 1)
    np.subtract.at(inside, begins + _STEPS, 1)
    return np.asarray(odd & (inside.cumsum()[:-1] > 0))
