"""A recording cut by time, so that a model never learns from what it is judged by."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from stream_detector.errors import SettingsError
from stream_detector.replay.recording import Recording

CUTS = (0.40, 0.52, 0.64, 0.76, 0.88, 1.0)
"""Shares of the rows: a fold is judged between two of them and trained on all rows before."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to judge, and the earlier rows, from which everything about them is learned.

    Parameters
    ----------
    history : Recording
        What trains the model and chooses its thresholds.
    judged : Recording
    follows : bool
        The judged rows go on where the history ends: the state of the detector goes over.
    """

    history: Recording
    judged: Recording
    follows: bool = True


def walk_forward(recording: Recording, cuts: Sequence[float] = CUTS) -> tuple[Fold, ...]:
    """Cut a recording into folds, each trained on everything before it.

    Raises
    ------
    SettingsError
        If the cuts are no rising shares of the rows, two at least.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.datetime64("2026-11-22T03:00", "us") + np.arange(100) * np.timedelta64(2, "m")
    >>> values = np.zeros((100, 1))
    >>> recording = Recording(
    ...     machine="pm3", sensors=("a",), units=(None,), low=values[0], high=values[0],
    ...     times=times, values=values,
    ... )
    >>> [(f.history.n_rows, f.judged.n_rows) for f in walk_forward(recording, (0.5, 0.8, 1.0))]
    [(50, 30), (80, 20)]
    """
    rows = [round(share * recording.n_rows) for share in cuts]
    spans = list(itertools.pairwise([0, *rows]))
    # The first span only trains: without a second one nothing is judged.
    if not spans[1:] or rows[-1] > recording.n_rows or any(end <= begin for begin, end in spans):
        raise SettingsError(
            f"folds are cut at {', '.join(f'{share:g}' for share in cuts)} of "
            f"{recording.n_rows} rows; give rising shares between 0 and 1, two at least, e.g. "
            f"{','.join(f'{share:g}' for share in CUTS)}"
        )
    return tuple(
        Fold(recording.slice(0, begin), recording.slice(begin, end)) for begin, end in spans[1:]
    )
