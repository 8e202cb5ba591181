"""What the labels of a recording say happened to the machine."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from stream_detector.replay.outcomes import outcome_starts
from stream_detector.replay.recording import LabelKind, Recording


@dataclass(frozen=True)
class Labels:
    """Breaks, or stretches of anomalous rows; neither where nobody labelled anything.

    Parameters
    ----------
    kind : LabelKind or None
        What is labelled; None where the recording has no labels at all.
    breaks : tuple of datetime
    anomalies : tuple of (first, last)
    """

    kind: LabelKind | None
    breaks: tuple[datetime, ...] = ()
    anomalies: tuple[tuple[datetime, datetime], ...] = ()

    def __str__(self) -> str:
        """Say how many there are."""
        if self.kind is None:
            return "no labels"
        if self.kind == "rows":
            return f"stretches labelled as anomalous: {len(self.anomalies)}"
        return f"breaks: {len(self.breaks)}"


def read_labels(recording: Recording) -> Labels:
    """Take the labels out of a recording.

    Examples
    --------
    >>> times = np.datetime64("2026-01-01T00:00", "us") + np.arange(5) * np.timedelta64(2, "m")
    >>> values = np.zeros((5, 1))
    >>> recording = Recording(
    ...     machine="pm3", sensors=("a",), units=(None,), low=values[0], high=values[0],
    ...     times=times, values=values, labels=np.array([0, 1, 1, 0, 1], bool), label_kind="rows",
    ... )
    >>> [str(last - first) for first, last in read_labels(recording).anomalies]
    ['0:02:00', '0:00:00']
    """
    if recording.labels is None:
        return Labels(kind=None)
    if recording.label_kind == "event":
        starts = np.flatnonzero(outcome_starts(recording)).tolist()
        return Labels("event", breaks=tuple(map(recording.time, starts)))
    rows = np.flatnonzero(recording.labels)
    stretches = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []
    return Labels(
        "rows",
        anomalies=tuple(
            (recording.time(int(rows[0])), recording.time(int(rows[-1]))) for rows in stretches
        ),
    )
