"""Looks at the feeds of a batch: which sensors of which readings can be used."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import (
    FeedEvent,
    FeedFault,
    FeedLimits,
    FeedState,
    Quality,
    QualityState,
    at_rest,
    count_unchanged,
    resting_together,
)
from stream_detector.detection.packed import cut_rows, join_rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status


class FeedCheck:
    """Rates the quality of readings, and tells which faults of their feeds begin and end.

    Parameters
    ----------
    features : FeatureSpec
    limits : FeedLimits
    """

    def __init__(self, features: FeatureSpec, limits: FeedLimits) -> None:
        self._features = features
        self._sensors = features.sensors
        self._limits = limits
        self._packer = struct.Struct(f"{features.n_sensors}d")
        self._good = Quality(QualityState.GOOD, features.n_sensors, features.n_sensors)

    def check(
        self, measured: Sequence[Scored], feeds: Sequence[FeedState], *, sizes: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Advance the feeds by readings in rounds; write quality and events into ``measured``.

        A reading that cannot be judged is UNSCORED after it.

        Parameters
        ----------
        measured : sequence of Scored, length n
            Of readings with values, in rounds.
        feeds : sequence of FeedState, same length
            Of their machines.
        sizes : sequence of int
            Machines in each round.

        Returns
        -------
        values : float64 array, shape (n, p)
            In the sensors' units; NaN is missing.
        left_out : bool array, shape (n, p)
            Sensors that are missing, outside their limits or stuck. Of a machine at rest,
            those that tell so are not among them, see
            :func:`~stream_detector.detection.feed_health.at_rest`.
        """
        values, unchanged = self._observe(measured, feeds, sizes)
        missing = self._features.missing(values)
        stuck = unchanged >= self._limits.stuck_after
        frozen = resting_together(unchanged, missing) >= self._limits.frozen_after
        left_out = missing | stuck
        if stuck.any():
            left_out &= ~at_rest(stuck, self._limits.far_outside(values), missing)
        self._follow_faults(measured, feeds, stuck, frozen)
        self._rate(measured, left_out, frozen)
        return values, left_out

    def _observe(
        self, measured: Sequence[Scored], feeds: Sequence[FeedState], sizes: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Give the values, and for how many readings each has not changed, both (n, p)."""
        p = len(self._sensors)
        counts_before = [feed.unchanged for feed in feeds[: max(sizes, default=0)]]
        rows, rows_before = [], []
        for one, feed in zip(measured, feeds, strict=True):
            rows_before.append(feed.last_row)
            feed.last_row = self._pack(one.reading)
            rows.append(feed.last_row)
        values = join_rows(rows, np.float64, p)
        unchanged = count_unchanged(
            values,
            join_rows(rows_before, np.float64, p),
            join_rows(counts_before, np.int32, p),
            sizes=sizes,
        )
        for feed, counts in zip(feeds, cut_rows(unchanged), strict=True):
            feed.unchanged = counts
        return values, unchanged

    def _pack(self, reading: Reading) -> bytes:
        """Write the values of a reading as float64; NaN is missing."""
        values = reading.values or ()
        try:
            # A third of what NumPy takes for a tuple.
            return self._packer.pack(*values)
        except struct.error:  # a None
            return np.array(values, np.float64).tobytes()

    def _follow_faults(
        self,
        measured: Sequence[Scored],
        feeds: Sequence[FeedState],
        stuck: NDArray[np.bool_],
        frozen: NDArray[np.bool_],
    ) -> None:
        """Note in each reading which faults of its feed began or ended with it."""
        faulty = stuck.any(axis=1) | frozen
        if not faulty.any() and not any(feed.stuck or feed.frozen for feed in feeds):
            return
        for one, feed, stuck_now, frozen_now in zip(
            measured, feeds, stuck, frozen.tolist(), strict=True
        ):
            one.feed_events += self._changes(one.reading, feed, stuck_now, frozen=frozen_now)

    def _rate(
        self, measured: Sequence[Scored], left_out: NDArray[np.bool_], frozen: NDArray[np.bool_]
    ) -> None:
        """Say of each reading how far it can be trusted."""
        n_sensors = len(self._sensors)
        n_used: list[int] = (n_sensors - left_out.sum(axis=1)).tolist()
        for one, used, is_frozen in zip(measured, n_used, frozen.tolist(), strict=True):
            if is_frozen or 2 * used < n_sensors:
                one.status = Status.UNSCORED
                one.quality = Quality(QualityState.BAD, 0 if is_frozen else used, n_sensors)
            elif used < n_sensors:
                one.quality = Quality(QualityState.UNCERTAIN, used, n_sensors)
            else:
                one.quality = self._good

    def _changes(
        self, reading: Reading, feed: FeedState, stuck: NDArray[np.bool_], *, frozen: bool
    ) -> tuple[FeedEvent, ...]:
        """Tell which faults began or ended with a reading, and remember them."""
        events = []
        before = feed.stuck
        # A frozen feed says nothing of its sensors one by one.
        now = before if frozen else tuple(np.flatnonzero(stuck).tolist())
        for began, sensors in ((False, set(before) - set(now)), (True, set(now) - set(before))):
            if sensors:
                names = tuple(self._sensors[i] for i in sorted(sensors))
                events.append(
                    FeedEvent(FeedFault.STUCK, began, reading.machine, reading.time, names)
                )
        if frozen != feed.frozen:
            events.append(FeedEvent(FeedFault.FROZEN, frozen, reading.machine, reading.time))
        feed.stuck, feed.frozen = now, frozen
        return tuple(events)
