"""Judged rows that are written down by hand."""

from collections.abc import Sequence

import numpy as np

from trainer.backtest.judging import Judged


def judged(
    minutes: Sequence[float],
    *,
    runs: Sequence[int] | None = None,
    labelled: Sequence[int] = (),
    going_on: Sequence[int] = (),
    over: Sequence[int] = (),
    raised: Sequence[int] = (),
    alarm: Sequence[int] = (),
    unscored: Sequence[int] = (),
) -> Judged:
    """Rows at these minutes of a day, in one run unless said; what holds is told by row."""
    numbers = np.arange(len(minutes))
    start = np.datetime64("2026-11-22T00:00", "us")
    scored = ~np.isin(numbers, [*unscored])
    return Judged(
        rows=numbers,
        times=start + (np.array(minutes) * 60e6).astype("timedelta64[us]"),
        run_numbers=np.array(runs or [0] * len(minutes), np.intp),
        labelled=np.isin(numbers, labelled),
        outcomes=np.isin(numbers, labelled) & ~np.isin(numbers, going_on),
        scored=scored,
        scores=np.where(scored, np.where(np.isin(numbers, over), 3.0, 1.0), np.nan),
        over=np.isin(numbers, over),
        raised=np.isin(numbers, raised),
        alarm=np.isin(numbers, alarm),
        rows_per_day=720.0,
    )
