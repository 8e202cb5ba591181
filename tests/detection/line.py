"""A machine of three sensors, taken in reading by reading."""

from datetime import UTC, datetime, timedelta

import numpy as np

from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits, QualityState
from stream_detector.detection.intake import Intake, Rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored
from stream_detector.detection.state import DetectorState

Values = tuple[float | None, ...]

THREE = datetime(2026, 11, 22, 3, tzinfo=UTC)
GOOD, UNCERTAIN, BAD = QualityState
NEVER = (np.inf, np.inf, np.inf)
EVERYWHERE = (-np.inf, np.inf)


class Line:
    """One machine of three sensors a, b, c, in unit scale; a and b correlate by 0.8.

    A reading every two minutes; a run ends after three, or with a break.
    """

    def __init__(
        self,
        *,
        stuck_after: tuple[float, float, float] = NEVER,
        frozen_after: int = 99,
        high: float = np.inf,
        seen: tuple[float, float] = EVERYWHERE,
    ) -> None:
        covariance = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
        conditioning = Conditioning(
            center=np.zeros(3),
            spread=np.ones(3),
            deviation_center=np.zeros(3),
            deviation_spread=np.ones(3),
            row_mean=np.zeros(3),
            precision=np.asarray(np.linalg.inv(covariance), np.float64),
            deviation_mean=np.zeros(3),
            deviation_precision=np.eye(3),
            window_size=3,
        )
        limits = FeedLimits(
            np.array(stuck_after),
            frozen_after,
            timedelta(minutes=20),
            *np.repeat(np.array(seen)[:, None], 3, axis=1),
        )
        self.intake = Intake(
            FeatureSpec(("a", "b", "c"), (None,) * 3, np.full(3, -np.inf), np.full(3, high)),
            conditioning,
            limits,
            max_gap=timedelta(minutes=3),
            run_ending_events=frozenset({"break"}),
        )
        self.state = DetectorState(n_sensors=3, window_size=3)

    def take(self, *readings: Reading) -> tuple[list[Scored], Rows]:
        return self.intake.take(readings, [self.state] * len(readings))

    def rows(self, *rows: Values, start: float = 0) -> tuple[list[Scored], Rows]:
        """Take a row every two minutes, the first so many minutes after three o'clock."""
        return self.take(*[at(start + 2 * n, *row) for n, row in enumerate(rows)])


def at(minute: float, *values: float | None, event: str | None = None) -> Reading:
    return Reading("pm3", THREE + timedelta(minutes=minute), values or None, event=event)
