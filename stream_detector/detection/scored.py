"""What a detector says of one reading."""

from datetime import datetime
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.feed_health import FeedEvent, Quality
from stream_detector.detection.packed import join_rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scoring import shares


class Status(StrEnum):
    """What became of a reading."""

    SCORED = "scored"
    UNSCORED = "unscored"
    """Too little of it could be trusted; its quality tells."""
    EVENT = "event"
    """A pure event, or one that ended the run: such rows are not scored."""
    LATE = "late"
    """Older than the machine's last reading: it entered nothing."""
    DUPLICATE = "duplicate"
    """As old as the machine's last reading: it entered nothing."""


class Evidence(msgspec.Struct, frozen=True):
    """What the explanation of a score rests on; turned into shares only when asked.

    Parameters
    ----------
    surprises : three floats
        Of level, sustained and deviation, weighted.
    level_rows : tuple of bytes
        Level contributions of the readings in the sustained part, newest last; of each
        its p float32 values.
    deviation_row, expected_row : float32 array, shape (p,)
        Deviation contributions; expected values, scaled.
    left_out : bool array, shape (p,), or None
        Sensors that were not used.
    """

    surprises: tuple[float, float, float]
    level_rows: tuple[bytes, ...]
    deviation_row: NDArray[np.float32]
    expected_row: NDArray[np.float32]
    left_out: NDArray[np.bool_] | None

    def shares(self) -> NDArray[np.float64]:
        """Give each sensor's share of the score, shape (p,): non-negative, sum 1."""
        deviation = self.deviation_row
        level_rows = join_rows(self.level_rows, np.float32, len(deviation))
        level, sustained = level_rows[-1], level_rows.sum(axis=0)
        if self.left_out is not None:
            # A sensor that was not used is no reason for an alert.
            used = ~self.left_out
            level, sustained, deviation = level * used, sustained * used, deviation * used
        return shares(self.surprises, (level, sustained, deviation))


class Scored(msgspec.Struct):
    """A reading and what the detector says of it; written as it goes through.

    Parameters
    ----------
    reading : Reading
    status : Status
    score : float or None
        High = anomalous, never negative; None unless the status is SCORED.
    quality : Quality or None
        None where the status is EVENT, LATE or DUPLICATE.
    run_start, window_start : datetime or None
        First reading of the run, and of the window that was scored.
    first_of_run : bool
    warming_up : bool
        The window still holds repetitions of the run's first reading.
    feed_events : tuple of FeedEvent
        What began or ended in the feed with this reading.
    evidence : Evidence or None
        None where there is no score.
    """

    reading: Reading
    status: Status
    score: float | None = None
    quality: Quality | None = None
    run_start: datetime | None = None
    window_start: datetime | None = None
    first_of_run: bool = False
    warming_up: bool = False
    feed_events: tuple[FeedEvent, ...] = ()
    evidence: Evidence | None = None
