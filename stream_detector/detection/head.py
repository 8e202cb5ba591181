"""The supervised head: how much a run looks like those that ended in an outcome.

The score says how unusual a reading is. A head, fitted on labelled outcomes, says how
much the last readings of the run resemble those before an outcome: which sensors have
become restless, and how. It needs no other memory than the run's last 15 rows, and is a
function of them, which is in one graph as a whole (``head.onnx``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.packed import join_rows
from stream_detector.detection.scoring import SurpriseCurve
from stream_detector.detection.threshold import Limits, rounded

HEAD_READINGS = 15
"""Readings of a run that a head looks at: half an hour at the paper machine's cadence."""

HeadRows = tuple[bytes, ...]
"""The last rows of a run, oldest first, 15 at most: 2 * p float32 values each (see ``packed``),
the scaled and clipped levels and then the scaled and clipped deviations of one reading."""

_FLOAT_BYTES = np.dtype(np.float32).itemsize


class HeadGraph(Protocol):
    """Every matrix product of a head, and its trees."""

    def __call__(
        self, rows: NDArray[np.float32], n_readings: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Give the log-odds of rows, shape (n, 15, 2, p) to (n,); high = like before an outcome.

        Oldest readings come first; ``n_readings``, shape (n,), says how many there are,
        the places before them being zeros. A row's result must not depend on the other
        rows of the call.
        """
        ...


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head.

    Parameters
    ----------
    graph : HeadGraph
    curve : SurpriseCurve
        How surprising its odds are in normal operation.
    limits : Limits
        Of its score.
    budget_per_day : float
        False alerts a day that it holds to where nobody set another threshold.
    """

    graph: HeadGraph
    curve: SurpriseCurve
    limits: Limits
    budget_per_day: float

    def score(self, found: Sequence[HeadRows], *, n_sensors: int) -> list[float]:
        """Score the rows of n readings; high = like before an outcome, never negative.

        As the other score, one more is about ten times as rare in normal operation.
        Rounded: what is judged is exactly what is published.
        """
        log_odds = self.graph(*lay_out(found, n_sensors=n_sensors))
        # One by one: NumPy's exponential may round otherwise in a longer array.
        odds = np.array([math.exp(one) for one in log_odds.tolist()])
        return [rounded(score) for score in self.curve(odds).tolist()]

    def shares(self, found: HeadRows, *, left_out: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        """Split the score of one reading among the p sensors.

        A sensor's share goes by how far the log-odds would fall had it been at rest,
        where it is now, and not deviated. What a head sees of several sensors together
        thus counts for each that causes it; one that was left out is no reason. For the
        few readings that change an alert: it takes as long as scoring 1 + p of them.

        Returns
        -------
        float64 array, shape (p,)
            Non-negative; sums to 1, or is all 0 where no sensor raises the score.
        """
        n_sensors = len(found[0]) // (2 * _FLOAT_BYTES)
        rows, n_readings = lay_out([found], n_sensors=n_sensors)
        without = np.repeat(rows, 1 + n_sensors, axis=0)
        each = np.arange(n_sensors)
        without[1 + each, :, 0, each] = rows[0, -1, 0, :, None]
        without[1 + each, :, 1, each] = 0.0
        log_odds = self.graph(without, np.repeat(n_readings, 1 + n_sensors)).astype(np.float64)
        falls = np.maximum(log_odds[0] - log_odds[1:], 0.0)
        if left_out is not None:
            falls[left_out] = 0.0
        return np.asarray(falls / (math.fsum(falls) or 1.0))


def lay_out(
    found: Sequence[HeadRows], *, n_sensors: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lay rows out as the graph wants them, shape (n, 15, 2, p), with their numbers, shape (n,).

    Examples
    --------
    The second reading of a run, of one sensor:

    >>> from stream_detector.detection.packed import cut_rows
    >>> rows = cut_rows(np.array([[1.0, 0.0], [2.0, 0.5]], np.float32))
    >>> laid_out, n_readings = lay_out([tuple(rows)], n_sensors=1)
    >>> laid_out[0, -3:, :, 0].tolist(), n_readings.tolist()
    ([[0.0, 0.0], [1.0, 0.0], [2.0, 0.5]], [2.0])
    """
    nothing = (bytes(2 * n_sensors * _FLOAT_BYTES),)
    rows: list[bytes] = []
    for one in found:
        rows += nothing * (HEAD_READINGS - len(one))
        rows += one
    n_readings = np.array([len(one) for one in found], np.float32)
    return join_rows(rows, np.float32, HEAD_READINGS, 2, n_sensors), n_readings
