"""How long sensors rested in a history, and from when on a rest is a fault of the feed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import count_unchanged, resting_together

_STUCK_AT_LEAST, _STUCK_FACTOR = 20, 3
"""A sensor is stuck after three times its longest rest in training, 20 readings at least."""

_FROZEN_AT_LEAST, _FROZEN_AT_MOST = 2, 10
"""All sensors at rest together: so many repeats, or twice what training had. A feed that
repeats itself for as long as would be a silence is frozen, in training too ..."""

_USUAL = 0.99
"""... unless it always rests so, as where a historian keeps one reading for many instants."""

_ROWS_PER_CHUNK = 4096


class Rests(NamedTuple):
    """How long sensors rested.

    Parameters
    ----------
    longest : int32 array, shape (p,)
        Most readings without a change, per sensor.
    together : int32 array, shape (n,)
        Readings for which all sensors have rested, at each reading.
    """

    longest: NDArray[np.int32]
    together: NDArray[np.int32]


def measure_rests(
    values: NDArray[np.float64], rows: NDArray[np.intp], features: FeatureSpec
) -> Rests:
    """Follow the sensors through these rows of values, shape (n, p), as live feeds are followed.

    Examples
    --------
    >>> values = np.array([[5.0, 1.0], [5.0, 2.0], [5.0, 2.0], [6.0, 2.0]])
    >>> measure_rests(values, np.arange(4), FeatureSpec.without_limits(("speed", "draw")))
    Rests(longest=array([2, 2], dtype=int32), together=array([0, 0, 1, 0], dtype=int32))
    """
    n_sensors = features.n_sensors
    longest = counts = np.zeros((1, n_sensors), np.int32)
    last = np.full((1, n_sensors), np.nan)
    together = np.zeros(len(rows), np.int32)
    for start in range(0, len(rows), _ROWS_PER_CHUNK):
        chunk = values[rows[start : start + _ROWS_PER_CHUNK]]
        before = np.vstack([last, chunk[:-1]])
        unchanged = count_unchanged(chunk, before, counts, sizes=[1] * len(chunk))
        together[start : start + len(chunk)] = resting_together(unchanged, features.missing(chunk))
        longest = np.maximum(longest, unchanged.max(axis=0))
        counts, last = unchanged[-1:], chunk[-1:]
    return Rests(longest[0], together)


def stuck_after(rests: Rests) -> NDArray[np.float64]:
    """Say after how many readings without a change each sensor is stuck, shape (p,)."""
    longest = rests.longest.astype(float)
    limits: NDArray[np.float64] = np.maximum(_STUCK_AT_LEAST, _STUCK_FACTOR * longest)
    # What rests most of the time is a setpoint: it cannot be stuck.
    limits[longest > len(rests.together) / 2] = np.inf
    return limits


def frozen_after(rests: Rests) -> int:
    """Say after how many readings without any change the feed is frozen."""
    together = rests.together
    ended = np.append(np.diff(together) <= 0, True)[: len(together)]
    longest = int(together.max(initial=0))
    usual = int(np.quantile(together[ended], _USUAL)) if len(together) else 0
    most = max(_FROZEN_AT_MOST, 2 * usual + 1)
    return max(_FROZEN_AT_LEAST, min(2 * longest + 1, most))
