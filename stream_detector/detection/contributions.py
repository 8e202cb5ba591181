"""Each sensor's share of a score.

A part of the score takes the share of its squared surprise in the squared score, and a
sensor takes of that what it contributed to the part.

References
----------
Alcala and Qin (2009), "Reconstruction-based contribution for process monitoring",
Automatica 45(7): complete decomposition.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.packed import join_rows
from stream_detector.detection.scoring import SUSTAINED_READINGS


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What the explanation of a score rests on; turned into shares only when asked.

    Rows are the bytes of p float32 values (see ``packed``).

    Parameters
    ----------
    surprises : sequence of three floats
        Of level, sustained and deviation, weighted.
    level_rows : tuple of bytes
        Level contributions of the readings in the sustained part, newest last.
    deviation_row, expected_row : bytes
        Deviation contributions; expected values, scaled.
    left_out : bool array, shape (p,), or None
        Sensors that were not used.
    """

    surprises: Sequence[float]
    level_rows: tuple[bytes, ...]
    deviation_row: bytes
    expected_row: bytes
    left_out: NDArray[np.bool_] | None


def sensor_shares(evidence: Sequence[Evidence], *, n_sensors: int) -> NDArray[np.float64]:
    """Split n scores among the sensors.

    A sensor that was left out is no reason for an alert: it has no share.

    Returns
    -------
    float64 array, shape (n, n_sensors)
        Non-negative; a row sums to 1, or is all 0 where nothing contributed. The same
        bits whatever the other rows are.

    Examples
    --------
    Level and sustained surprise alike; of the level the second sensor has three
    quarters, of what is sustained half.

    >>> from stream_detector.detection.packed import cut_rows
    >>> before, now, none = cut_rows(np.array([[3, 1], [1, 3], [0, 0]], np.float32))
    >>> evidence = Evidence((1.0, 1.0, 0.0), (before, now), none, none, None)
    >>> sensor_shares([evidence], n_sensors=2)
    array([[0.375, 0.625]])
    """
    levels = _last_levels(evidence, n_sensors)
    sustained = levels[:, 0]
    for k in range(1, SUSTAINED_READINGS):
        # One after the other: the order of the sum does not depend on the batch.
        sustained = sustained + levels[:, k]
    deviation = join_rows([one.deviation_row for one in evidence], np.float32, n_sensors)
    surprises = np.array([one.surprises for one in evidence]).reshape(-1, 3)
    left_out = [(k, one.left_out) for k, one in enumerate(evidence) if one.left_out is not None]
    total = np.zeros(deviation.shape)
    for surprise, part in zip(surprises.T, (levels[:, -1], sustained, deviation), strict=True):
        # In float64: over a tiny amount the factor is beyond a float32.
        contributed = part.astype(np.float64)
        for k, sensors in left_out:
            contributed[k, sensors] = 0.0
        total += contributed * _over(np.square(surprise)[:, None], contributed.sum(axis=1))
    return _over(total, total.sum(axis=1))


def _last_levels(evidence: Sequence[Evidence], n_sensors: int) -> NDArray[np.float32]:
    """Lay out the level contributions, shape (n, 8, p), newest last; zeros before a run."""
    nothing = (bytes(n_sensors * np.dtype(np.float32).itemsize),)
    rows: list[bytes] = []
    for one in evidence:
        rows += nothing * (SUSTAINED_READINGS - len(one.level_rows))
        rows += one.level_rows
    return join_rows(rows, np.float32, SUSTAINED_READINGS, n_sensors)


def _over(numbers: NDArray[np.float64], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide the rows of an array by n amounts; 0 where there is nothing to divide by."""
    divisors = amounts[:, None]
    return np.divide(numbers, divisors, out=np.zeros(numbers.shape), where=divisors > 0)
