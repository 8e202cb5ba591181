"""What a detector says of one reading."""

from datetime import datetime
from enum import StrEnum

import msgspec

from stream_detector.detection.contributions import Evidence
from stream_detector.detection.feed_health import FeedEvent, Quality
from stream_detector.detection.head import HeadRows
from stream_detector.detection.reading import Reading


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


class Scored(msgspec.Struct, gc=False):
    """A reading and what the detector says of it; written as it goes through.

    Like all structs on a reading's way it is in no cycle, so the collector need not look at it.

    Parameters
    ----------
    reading : Reading
    status : Status
    score : float or None
        High = anomalous, never negative; None unless the status is SCORED.
    quality : Quality or None
        None where the status is EVENT, LATE or DUPLICATE.
    run_start : datetime or None
        First reading of the run; of an event, of the run that it came in, if there was one.
    window_start : datetime or None
        First reading of the window that was scored.
    first_of_run : bool
    warming_up : bool
        The window still holds repetitions of the run's first reading.
    feed_events : tuple of FeedEvent
        What began or ended in the feed with this reading.
    evidence : Evidence or None
        None where there is no score.
    head_score : float or None
        High = like before an outcome, never negative; None where there is no score, and
        under a model without a head.
    head_rows : tuple of bytes or None
        The rows it rests on.
    head_start : datetime or None
        Time of the first of them.
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
    head_score: float | None = None
    head_rows: HeadRows | None = None
    head_start: datetime | None = None
