"""How good the data of a recording is: what is missing, at rest, late or drawn between readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.features import FeatureSpec
from stream_detector.replay.recording import Recording
from trainer.backtest.held import DRAWN, inside_lines
from trainer.feed_limits import measure_rests
from trainer.history import Timing


@dataclass(frozen=True, eq=False)
class FeedQuality:
    """What is odd about a recording as data; p sensors.

    Parameters
    ----------
    sensors : tuple of str
    cadence : timedelta
        The usual step between readings.
    n_rows : int
    n_late : int
        Rows that are not newer than one before them.
    n_gaps : int
        Steps too long to be one run.
    longest_gap : timedelta
    standing : timedelta
        All gaps together.
    missing, impossible, drawn : float64 arrays, shape (p,)
        Share of the rows without a value; of those, with one outside its physical limits; of
        those with one inside an exactly straight line between two others.
    longest_rest : int array, shape (p,)
        Most readings in a row without a change.
    states : mapping of str to int
        Rows kept back by what became of them live.
    """

    sensors: tuple[str, ...]
    cadence: timedelta
    n_rows: int
    n_late: int
    n_gaps: int
    longest_gap: timedelta
    standing: timedelta
    missing: NDArray[np.float64]
    impossible: NDArray[np.float64]
    drawn: NDArray[np.float64]
    longest_rest: NDArray[np.int32]
    states: Mapping[str, int]

    @property
    def n_drawn(self) -> int:
        """Sensors of which a tenth of the rows or more was drawn; less is an accident."""
        return int((self.drawn >= DRAWN).sum())


def feed_quality(recording: Recording, timing: Timing, *, states: Mapping[str, int]) -> FeedQuality:
    """Measure it."""
    values, times = recording.values, recording.times
    features = FeatureSpec(recording.sensors, recording.units, recording.low, recording.high)
    newest = np.maximum.accumulate(times)
    is_late = np.append(False, times[1:] <= newest[:-1])
    steps = np.diff(times[~is_late])
    gaps = steps[steps > np.timedelta64(timing.max_gap)]
    missing = np.isnan(values)
    seconds = times.astype("datetime64[us]").astype(np.float64)
    lines = [inside_lines(seconds[~is_late], column[~is_late]).mean() for column in values.T]
    return FeedQuality(
        sensors=recording.sensors,
        cadence=timing.cadence,
        n_rows=recording.n_rows,
        n_late=int(is_late.sum()),
        n_gaps=len(gaps),
        longest_gap=_span(gaps.max(initial=np.timedelta64(0, "us"))),
        standing=_span(gaps.sum()) if len(gaps) else timedelta(),
        missing=missing.mean(axis=0),
        impossible=(features.missing(values) & ~missing).mean(axis=0),
        drawn=np.array(lines),
        longest_rest=measure_rests(values, np.flatnonzero(~is_late), features).longest,
        states=dict(states),
    )


def _span(step: np.timedelta64) -> timedelta:
    span: timedelta = step.astype("timedelta64[us]").item()
    return span
