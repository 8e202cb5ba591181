"""Is the feed itself healthy? Missing, stuck and frozen sensors, late and silent machines.

Missing data must never look normal, and a broken sensor must not blind the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.rounds import recur

_LONGEST = np.int32(np.iinfo(np.int32).max)


class QualityState(StrEnum):
    """How far a reading can be trusted."""

    GOOD = "good"
    """All sensors were used."""
    UNCERTAIN = "uncertain"
    """Some sensors were left out; the others were judged."""
    BAD = "bad"
    """Too little was left to judge, or the whole feed is frozen: there is no score."""


class Quality(NamedTuple):
    """How far a reading can be trusted, and how many sensors that rests on."""

    state: QualityState
    channels_used: int
    channels_total: int


class FeedFault(StrEnum):
    """What can be wrong with a feed for a while."""

    STUCK = "stuck"
    """Sensors gave one value far longer than ever in training."""
    FROZEN = "frozen"
    """All sensors at once gave the values of the reading before."""
    SILENCE = "silence"
    """The machine sent no reading for longer than agreed."""
    SECOND_PARTITION = "second-partition"
    """The machine sends on two partitions, so its readings have no order."""


class FeedEvent(NamedTuple):
    """A fault of a feed that began or ended.

    Parameters
    ----------
    fault : FeedFault
    began : bool
        False when the fault is over.
    machine : str
    time : datetime
        Event time.
    sensors : tuple of str
        Those concerned; empty when it is the whole feed.
    """

    fault: FeedFault
    began: bool
    machine: str
    time: datetime
    sensors: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FeedLimits:
    """What a model takes for a healthy feed.

    Parameters
    ----------
    stuck_after : float64 array, shape (p,)
        Readings without a change after which a sensor counts as stuck; inf is never.
    frozen_after : int
        The same for all sensors together, see :func:`resting_together`.
    silence_after : timedelta
        Time without a reading after which a machine counts as silent.
    smallest, largest : float64 array, shape (p,)
        Range of each sensor in training; infinite where nobody knows it.
    """

    stuck_after: NDArray[np.float64]
    frozen_after: int
    silence_after: timedelta
    smallest: NDArray[np.float64]
    largest: NDArray[np.float64]

    def far_outside(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark values, shape (..., p), further outside the training range than that is wide.

        A little outside means nothing: on later days of a paper machine half to nine tenths
        of the readings had a sensor there.
        """
        width = self.largest - self.smallest
        return (values < self.smallest - width) | (values > self.largest + width)


class FeedState:
    """What one machine's feed did last.

    Its rows are kept as bytes, so that a batch's are put together by one join:
    ``last_row`` the float64 values, ``unchanged`` the int32 counts of readings since
    each sensor's value last changed.
    """

    __slots__ = ("frozen", "last_row", "last_time", "stuck", "unchanged")

    def __init__(self, n_sensors: int) -> None:
        self.last_time: datetime | None = None
        self.last_row = np.full(n_sensors, np.nan).tobytes()
        self.unchanged = np.zeros(n_sensors, np.int32).tobytes()
        self.stuck: tuple[int, ...] = ()
        self.frozen = False


def count_unchanged(
    values: NDArray[np.float64],
    values_before: NDArray[np.float64],
    counts_before: NDArray[np.int32],
    *,
    sizes: Sequence[int],
) -> NDArray[np.int32]:
    """Count, per sensor, the readings since its value last changed.

    A missing value (NaN) equals nothing: nobody knows what its sensor did meanwhile.

    Parameters
    ----------
    values, values_before : float64 array, shape (n, p)
        Readings in rounds, and beside each the same machine's reading before it.
    counts_before : int32 array, shape (sizes[0], p)
        Counts of each machine before its first reading here.
    sizes : sequence of int
        Machines in each round, see :class:`~stream_detector.detection.rounds.Rounds`.

    Returns
    -------
    int32 array, shape (n, p)

    Examples
    --------
    One machine of one sensor, four readings:

    >>> values = np.array([[5.0], [5.0], [5.0], [6.0]])
    >>> before = np.array([[np.nan], [5.0], [5.0], [5.0]])
    >>> zeros = np.zeros((1, 1), np.int32)
    >>> count_unchanged(values, before, zeros, sizes=[1, 1, 1, 1]).ravel()
    array([0, 1, 2, 0], dtype=int32)
    """
    same = (values == values_before).astype(np.int32)
    return recur(counts_before, keep=same, gain=same, sizes=sizes)


def at_rest(
    stuck: NDArray[np.bool_], far_outside: NDArray[np.bool_], missing: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark stuck sensors that tell of a machine at rest, and are no broken ones.

    A sensor that breaks is one among many, and is left out, whatever value it fell to: the
    others must go on being judged. But where so many are stuck that too few would be left,
    those at values never seen are believed: flows of 0 after a shutdown. Such a row has the
    high score it deserves. What is stuck where it could also be in normal operation is no
    evidence of anything, and stays left out; so a dead gateway, which repeats the last
    values, still leaves too few.

    Parameters
    ----------
    stuck : bool array, shape (n, p)
    far_outside : bool array, shape (n, p)
        From :meth:`FeedLimits.far_outside`.
    missing : bool array, shape (n, p)

    Returns
    -------
    bool array, shape (n, p)

    Examples
    --------
    Of four sensors two are stuck, then three, then three at values that are possible:

    >>> stuck = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]], bool)
    >>> far_outside = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    >>> at_rest(stuck, far_outside, np.zeros((3, 4), bool)).astype(int)
    array([[0, 0, 0, 0],
           [1, 1, 0, 0],
           [0, 0, 0, 0]])
    """
    return too_few_left(missing | stuck)[:, None] & stuck & far_outside & ~missing


def too_few_left(left_out: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the rows, of shape (n, p), of which under half of the sensors are left; shape (n,)."""
    return np.asarray(2 * left_out.sum(axis=1) > left_out.shape[1])


def resting_together(unchanged: NDArray[np.int32], missing: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Count the readings for which all sensors together have not changed.

    As many as the sensor that rests shortest; what is missing says nothing. Where under
    half of the sensors are known, a setpoint or two are no feed at rest: 0.

    Parameters
    ----------
    unchanged : int32 array, shape (n, p)
        From :func:`count_unchanged`.
    missing : bool array, shape (n, p)

    Returns
    -------
    int32 array, shape (n,)

    Examples
    --------
    >>> unchanged = np.array([[3, 5, 9], [3, 5, 9], [3, 5, 9]], np.int32)
    >>> missing = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], bool)
    >>> resting_together(unchanged, missing)
    array([3, 5, 0], dtype=int32)
    """
    known = np.where(missing, _LONGEST, unchanged) if missing.any() else unchanged
    shortest: NDArray[np.int32] = known.min(axis=1)
    return np.where(too_few_left(missing), np.int32(0), shortest)
