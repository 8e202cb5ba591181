"""A recording as a history: its rhythm, split by time, labelled by the clock."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.recorded import readings_within
from stream_detector.alerting.rules import Rule
from stream_detector.detection.features import mode_column
from stream_detector.errors import TrainingError, counted
from stream_detector.pipeline.names import MAX_NAME
from stream_detector.replay.outcomes import outcome_rows, outcome_starts, rows_going_on
from stream_detector.replay.pace import GAP_IN_CADENCES
from stream_detector.replay.recording import Recording
from stream_detector.replay.times import usual_step

_SILENCE_IN_CADENCES = 10.0


@dataclass(frozen=True)
class Timing:
    """The rhythm of a machine's readings."""

    cadence: timedelta
    max_gap: timedelta
    silence_after: timedelta


def measure_timing(recording: Recording) -> Timing:
    """Take the usual step between readings for the cadence; a longer one is a gap.

    Raises
    ------
    TrainingError
        If there are no two readings, or time does not go forward.
    """
    cadence = usual_step(recording.times)
    if cadence is None:
        raise TrainingError(
            "time never goes forward: bring readings in order of time, two at least"
        )
    return Timing(cadence, GAP_IN_CADENCES * cadence, _SILENCE_IN_CADENCES * cadence)


def split_by_time(recording: Recording, *, holdout: float) -> tuple[Recording, Recording]:
    """Cut a recording into an earlier part for training and a later part kept back.

    The later part begins with no row that only goes on with an outcome, unless all of it does.
    """
    cut = recording.n_rows - round(recording.n_rows * holdout)
    # An outcome that begins in the earlier part ends there: it is no second one in the later.
    goes_on = rows_going_on(recording)[cut:]
    if not goes_on.all():
        cut += int(goes_on.argmin())
    return recording.slice(0, cut), recording.slice(cut, recording.n_rows)


def rows_before_outcomes(recording: Recording, *, horizon: timedelta) -> NDArray[np.bool_]:
    """Mark the rows at most ``horizon`` before an outcome, by the clock; not its own row.

    Examples
    --------
    >>> times = np.datetime64("2026-11-22T03:00", "us") + np.arange(5) * np.timedelta64(2, "m")
    >>> values = np.zeros((5, 1))
    >>> recording = Recording(
    ...     machine="pm3", sensors=("a",), units=(None,), low=values[0], high=values[0],
    ...     times=times, values=values, labels=np.array([0, 0, 0, 1, 0], bool),
    ... )
    >>> rows_before_outcomes(recording, horizon=timedelta(minutes=4)).astype(int)
    array([0, 1, 1, 0, 0])
    """
    outcomes = recording.times[outcome_starts(recording)]
    following = np.searchsorted(outcomes, recording.times, side="right")
    before = following < len(outcomes)
    lead = outcomes[following[before]] - recording.times[before]
    before[before] = lead <= np.timedelta64(horizon)
    return before & ~outcome_rows(recording)


def rows_to_find(recording: Recording, rule: Rule) -> NDArray[np.bool_]:
    """Mark the rows to be warned at: before an outcome, or labelled anomalous; none unlabelled."""
    if recording.labels is not None and recording.label_kind == "rows":
        return recording.labels
    return rows_before_outcomes(recording, horizon=rule.horizon)


def stretches(flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the first row of each stretch of flags, and the one after its last.

    >>> [rows.tolist() for rows in stretches(np.array([True, True, False, True]))]
    [[0, 3], [2, 4]]
    """
    edges = np.diff(flags.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def notes_on_outcomes(recording: Recording) -> tuple[str, ...]:
    """Tell of rows whose label tells no new outcome; what repeats a time is told of as that."""
    forward = np.diff(np.maximum.accumulate(recording.times)) > np.timedelta64(0)
    told = outcome_rows(recording) & rows_going_on(recording)
    n_rows = int(np.count_nonzero(told[1:] & forward))
    if not n_rows:
        return ()
    n_outcomes = int(outcome_starts(recording).sum())
    goes, counts = ("goes", "is") if n_rows == 1 else ("go", "are")
    return (
        f"{counted(n_rows, 'labelled row')} {goes} on with the outcome of the row before, and "
        f"{counts} counted with it: {counted(n_outcomes, 'outcome')}; where a label marks "
        "anomalous rows, not the event to warn of, say --label-kind rows",
    )


def modes_of(recording: Recording) -> tuple[str, ...]:
    """Name the modes of a history, each of which is to be a column.

    Raises
    ------
    TrainingError
        If there is none, or one cannot name a column.
    """
    modes = tuple(sorted({mode for mode in recording.modes or () if mode is not None}))
    if not modes:
        raise TrainingError("no row tells a mode to make columns of; name its --mode-column")
    for column in map(mode_column, modes):
        if column in recording.sensors or len(column) > MAX_NAME:
            raise TrainingError(
                f"{column!r} would be the column of a mode, but is a sensor, or longer than "
                f"{MAX_NAME} characters; rename that"
            )
    return modes


def notes_on_horizon(recording: Recording, *, horizon: timedelta) -> tuple[str, ...]:
    """Tell where the rows are too far apart for any of them to warn of an outcome."""
    if recording.labels is None or recording.label_kind != "event":
        return ()
    cadence = measure_timing(recording).cadence
    if readings_within(horizon, cadence=cadence):
        return ()
    return (
        f"rows come every {cadence.total_seconds():g} s, and the first rule counts an alert as a "
        f"warning {horizon.total_seconds():g} s ahead at most: none can be one; set "
        f"horizon_seconds to {cadence.total_seconds():g} or more in a file for --rules",
    )
