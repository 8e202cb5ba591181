"""Where each sensor stood over a recording, beside where it stood in training."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from stream_detector.replay.recording import Recording

_MOST_SPANS = 60
"""Equal spans of time that a recording is cut into; a day each, where that is fewer."""


@dataclass(frozen=True, eq=False)
class Drift:
    """Medians of p sensors over k equal spans of time; NaN is a span without a value.

    Parameters
    ----------
    sensors : tuple of str
    units : tuple of str or None
    edges : datetime64 array, shape (k + 1,)
    medians : float64 array, shape (k, p)
        Of the spans, in the sensor's unit.
    shifts : float64 array, shape (k, p)
        Of these from the median in training, in training spreads.
    split : datetime or None
        First row kept back; None where all rows trained.
    training, kept_back : float64 arrays, shape (p,)
        Medians of the rows that trained and of those kept back, in the sensor's unit.
    shift : float64 array, shape (p,)
        Between these, in training spreads.
    outside : float64 array, shape (p,)
        Share of the values kept back that are outside of the range in training.
    """

    sensors: tuple[str, ...]
    units: tuple[str | None, ...]
    edges: NDArray[np.datetime64]
    medians: NDArray[np.float64]
    shifts: NDArray[np.float64]
    split: datetime | None
    training: NDArray[np.float64]
    kept_back: NDArray[np.float64]
    shift: NDArray[np.float64]
    outside: NDArray[np.float64]

    def farther_than(self, spreads: float) -> tuple[str, ...]:
        """Name the sensors whose median shifted by more, the farthest first."""
        shift = np.abs(np.nan_to_num(self.shift))
        order = np.argsort(-shift, kind="stable").tolist()
        return tuple(self.sensors[i] for i in order if shift[i] > spreads)


def drift(recording: Recording, *, n_training: int, spread: NDArray[np.float64]) -> Drift:
    """Measure how far the sensors wandered.

    Parameters
    ----------
    recording : Recording
    n_training : int
        Its first rows, which were there to train on.
    spread : float64 array, shape (p,)
        Of the normal rows that trained.
    """
    training = recording.slice(0, n_training)
    kept_back = recording.slice(n_training, recording.n_rows)
    first, last = recording.times.min(), recording.times.max()
    n_days = int((last - first) / np.timedelta64(1, "D")) + 1
    n_spans = n_days if n_days in range(_MOST_SPANS // 2, _MOST_SPANS) else _MOST_SPANS
    edges = first + (last - first + np.timedelta64(1, "us")) * np.arange(n_spans + 1) // n_spans
    of_span = np.searchsorted(edges, recording.times, side="right") - 1
    medians = np.array([_medians(recording.values[of_span == span]) for span in range(n_spans)])
    before, after = _medians(training.values), _medians(kept_back.values)
    low, high = np.nanmin(training.values, axis=0), np.nanmax(training.values, axis=0)
    known = ~np.isnan(kept_back.values)
    outside = ((kept_back.values < low) | (kept_back.values > high)) & known
    n_known = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return Drift(
        sensors=recording.sensors,
        units=recording.units,
        edges=edges,
        medians=medians,
        shifts=(medians - before) / spread,
        split=kept_back.time(0) if kept_back.n_rows else None,
        training=before,
        kept_back=after,
        shift=(after - before) / spread,
        outside=outside.sum(axis=0) / n_known,
    )


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the median of every column; NaN where it has no value.

    >>> _medians(np.array([[1.0, np.nan], [4.0, np.nan], [2.0, np.nan]]))
    array([ 2., nan])
    """
    medians = np.full(values.shape[1], np.nan)
    known = ~np.isnan(values).all(axis=0)
    if known.any():
        medians[known] = np.nanmedian(values[:, known], axis=0)
    return medians
