"""Which rows of a recording tell of the outcome, and with which of them one begins.

A status column says so for as long as the machine stands: that is one outcome, by the rule that
holds for a machine's events live (:meth:`stream_detector.pipeline.machine.Machine.judge`). What is
told of row after row is left out of training row by row; counted is where it begins.
"""

import numpy as np
from numpy.typing import NDArray

from stream_detector.replay.recording import Recording


def outcome_rows(recording: Recording) -> NDArray[np.bool_]:
    """Mark the rows that tell of an outcome, shape (n,): none of them is scored or trains."""
    if recording.labels is None or recording.label_kind != "event":
        return np.zeros(recording.n_rows, bool)
    return recording.labels


def outcome_starts(recording: Recording) -> NDArray[np.bool_]:
    """Mark the rows with which an outcome begins, shape (n,): there are as many outcomes.

    It goes on until a row comes without its label. Late rows, and those that repeat a time,
    enter nothing; an outcome at the time of the row before it is taken in, as live.

    Examples
    --------
    >>> minutes = np.array([0, 2, 4, 6, 8, 10, 3, 10], "timedelta64[m]")
    >>> values = np.zeros((8, 1))
    >>> recording = Recording(
    ...     machine="pm3", sensors=("a",), units=(None,), low=values[0], high=values[0],
    ...     times=np.datetime64("2026-11-22T03:00", "us") + minutes, values=values,
    ...     labels=np.array([0, 1, 1, 0, 1, 0, 1, 1], bool),
    ... )
    >>> np.flatnonzero(outcome_starts(recording)).tolist()
    [1, 4, 7]
    """
    told = outcome_rows(recording)
    starts = np.zeros(recording.n_rows, bool)
    rows = np.flatnonzero(_taken_in(recording, told))
    starts[rows] = told[rows] & ~np.append(False, told[rows[:-1]])
    return starts


def rows_going_on(recording: Recording) -> NDArray[np.bool_]:
    """Mark the rows at which an outcome goes on that began before, shape (n,).

    Those among them that enter nothing change nothing of it, whatever their label.

    >>> times = np.datetime64("2026-11-22T03:00", "us") + np.array([0, 2, 1, 4, 6], "m8[m]")
    >>> values = np.zeros((5, 1))
    >>> recording = Recording(
    ...     machine="pm3", sensors=("a",), units=(None,), low=values[0], high=values[0],
    ...     times=times, values=values, labels=np.array([1, 1, 0, 1, 0], bool),
    ... )
    >>> rows_going_on(recording).astype(int)
    array([0, 1, 1, 1, 0])
    """
    told = outcome_rows(recording)
    numbers = np.where(_taken_in(recording, told), np.arange(recording.n_rows), 0)
    last_taken_in = np.maximum.accumulate(numbers)
    return np.asarray(told[last_taken_in] & ~outcome_starts(recording))


def _taken_in(recording: Recording, told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the rows that enter, shape (n,): those in order, the first one always."""
    times = recording.times
    newest_before = np.append(times[:1], np.maximum.accumulate(times)[:-1])
    taken_in: NDArray[np.bool_] = (times > newest_before) | (told & (times == newest_before))
    taken_in[:1] = True
    return taken_in
