"""Which readings enter, and as what rows: order, runs, feed health, conditioning.

Training and scoring both take their rows from here, so a model meets live exactly
what it was fitted on.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.conditioning import ConditionalMeans, Conditioning, clip
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import (
    FeedEvent,
    FeedFault,
    FeedLimits,
    Quality,
    QualityState,
    silence_since,
)
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState


@dataclass(slots=True, eq=False)
class Rows:
    """The rows of a batch that can be scored.

    Parameters
    ----------
    indices : list of int, length n
        Their places in the batch.
    windows : float32 array, shape (n, window_size, p)
        Scaled and clipped, oldest reading first.
    deviations : float64 array, shape (n, p)
        From the running mean, in spreads of the sensor; not yet scaled themselves.
    left_out : list of (bool array, shape (p,), or None), length n
        Sensors that were missing, outside their limits or stuck.
    n_unseen : list of int, length n
        How many of them were so throughout the window.
    """

    indices: list[int]
    windows: NDArray[np.float32]
    deviations: NDArray[np.float64]
    left_out: list[NDArray[np.bool_] | None]
    n_unseen: list[int]


@dataclass(slots=True, eq=False)
class _Health:
    """Feed health of the n readings of a batch that have values."""

    left_out: NDArray[np.bool_]
    """Shape (n, p)."""
    any_left_out: list[bool]
    usable: list[bool]


class Intake:
    """Takes readings in, in their order, and advances the state of their machines.

    Parameters
    ----------
    features : FeatureSpec
    conditioning : Conditioning
    feed_limits : FeedLimits
    max_gap : timedelta
        A longer step between two readings starts a new run.
    run_ending_events : frozenset of str
        So does each of these events.
    """

    def __init__(
        self,
        features: FeatureSpec,
        conditioning: Conditioning,
        feed_limits: FeedLimits,
        *,
        max_gap: timedelta,
        run_ending_events: frozenset[str],
    ) -> None:
        self._features = features
        self._conditioning = conditioning
        self._feed_limits = feed_limits
        self._max_gap = max_gap
        self._run_ending_events = run_ending_events
        self._conditional_means = ConditionalMeans(conditioning.row_mean, conditioning.precision)
        n_sensors = features.n_sensors
        self._row = struct.Struct(f"{n_sensors}d")
        self._good = Quality(QualityState.GOOD, n_sensors, n_sensors)
        self._has_limits = bool(np.isfinite(features.low).any() or np.isfinite(features.high).any())

    def take(
        self, readings: Sequence[Reading], states: Sequence[DetectorState]
    ) -> tuple[list[Scored], Rows]:
        """Take in a batch; ``states`` are of the readings' machines, one may appear many times.

        The status of a reading in ``Rows`` is SCORED, though its score is still to come.
        """
        scored = [self._admit(*pair) for pair in zip(readings, states, strict=True)]
        measured = [i for i, one in enumerate(scored) if one.status is Status.SCORED]
        rows = b"".join([self._pack(readings[i]) for i in measured])
        values = np.frombuffer(rows).reshape(len(measured), self._features.n_sensors)
        health = self._check(values, [scored[i] for i in measured], [states[i] for i in measured])
        scaled = self._conditioning.scale(values)
        for k, some in enumerate(health.any_left_out):
            if some and health.usable[k]:
                self._conditional_means.fill(scaled[k], health.left_out[k])
        return scored, self._follow_runs(scored, states, measured, scaled, health)

    def _pack(self, reading: Reading) -> bytes:
        """Write the values of a reading as float64; NaN is missing."""
        values = reading.values or ()
        try:
            # A third of what NumPy takes for a tuple.
            return self._row.pack(*values)
        except struct.error:  # a None
            return np.array(values, np.float64).tobytes()

    def _admit(self, reading: Reading, state: DetectorState) -> Scored:
        """Check a reading's place in time."""
        last = state.feed.last_time
        ends_run = reading.event in self._run_ending_events
        is_event = ends_run or reading.values is None
        events: tuple[FeedEvent, ...] = ()
        if last is not None:
            # An event may share its instant with the reading that was taken then.
            if reading.time < last:
                return Scored(reading, Status.LATE)
            if reading.time == last and not is_event:
                return Scored(reading, Status.DUPLICATE)
            if reading.time - last > self._feed_limits.silence_after:
                name, limits = reading.machine, self._feed_limits
                over = FeedEvent(FeedFault.SILENCE, began=False, machine=name, time=reading.time)
                events = (silence_since(last, machine=name, limits=limits), over)
        state.feed.last_time = reading.time
        return Scored(reading, Status.EVENT if is_event else Status.SCORED, feed_events=events)

    def _check(
        self, values: NDArray[np.float64], scored: list[Scored], states: list[DetectorState]
    ) -> _Health:
        """Find out which sensors of which rows can be used; values have shape (n, p)."""
        unchanged = np.empty(values.shape, np.int32)
        for k, state in enumerate(states):
            state.feed.observe(values[k])
            unchanged[k] = state.feed.unchanged
        missing = np.isnan(values)
        if self._has_limits:
            missing |= (values < self._features.low) | (values > self._features.high)
        stuck = unchanged >= self._feed_limits.stuck_after
        left_out = missing | stuck
        resting = unchanged >= self._feed_limits.frozen_after
        frozen = np.asarray((resting | missing).all(axis=1) & resting.any(axis=1)).tolist()
        n_left_out: list[int] = left_out.sum(axis=1).tolist()
        any_stuck = np.asarray(stuck.any(axis=1)).tolist()
        usable = []
        n_sensors = self._features.n_sensors
        for k, (one, state) in enumerate(zip(scored, states, strict=True)):
            if any_stuck[k] or state.feed.stuck or frozen[k] or state.feed.frozen:
                one.feed_events += self._changes(one.reading, state, stuck[k], frozen=frozen[k])
            n_used = n_sensors - n_left_out[k]
            good = 2 * n_used >= n_sensors and not frozen[k]
            usable.append(good)
            if not good:
                one.status = Status.UNSCORED
                one.quality = Quality(QualityState.BAD, 0 if frozen[k] else n_used, n_sensors)
            elif n_used < n_sensors:
                one.quality = Quality(QualityState.UNCERTAIN, n_used, n_sensors)
            else:
                one.quality = self._good
        return _Health(left_out, [n > 0 for n in n_left_out], usable)

    def _changes(
        self, reading: Reading, state: DetectorState, stuck: NDArray[np.bool_], *, frozen: bool
    ) -> tuple[FeedEvent, ...]:
        """Tell which faults began or ended with a reading, and remember them."""
        events = []
        before = state.feed.stuck
        # A frozen feed says nothing of its sensors one by one.
        now = before if frozen else tuple(np.flatnonzero(stuck).tolist())
        for began, sensors in ((False, set(before) - set(now)), (True, set(now) - set(before))):
            if sensors:
                names = tuple(self._features.sensors[i] for i in sorted(sensors))
                events.append(
                    FeedEvent(FeedFault.STUCK, began, reading.machine, reading.time, names)
                )
        if frozen != state.feed.frozen:
            events.append(FeedEvent(FeedFault.FROZEN, frozen, reading.machine, reading.time))
        state.feed.stuck, state.feed.frozen = now, frozen
        return tuple(events)

    def _follow_runs(
        self,
        scored: list[Scored],
        states: Sequence[DetectorState],
        measured: list[int],
        scaled: NDArray[np.float64],
        health: _Health,
    ) -> Rows:
        """Advance the runs, reading by reading; the rows are those that can be scored."""
        n_usable = sum(health.usable)
        window_size, n_sensors = self._conditioning.window_size, self._features.n_sensors
        windows = np.empty((n_usable, window_size, n_sensors), np.float32)
        deviations = np.empty((n_usable, n_sensors))
        indices: list[int] = []
        left_out: list[NDArray[np.bool_] | None] = []
        n_unseen: list[int] = []
        clipped = clip(scaled)
        place = {i: k for k, i in enumerate(measured)}
        for i, (one, state) in enumerate(zip(scored, states, strict=True)):
            if one.status is Status.EVENT:
                if one.reading.event in self._run_ending_events:
                    state.end_run()
            elif one.status is Status.SCORED:
                k, row = place[i], len(indices)
                mask = health.left_out[k] if health.any_left_out[k] else None
                self._enter(one, state, scaled[k], clipped[k], mask, deviations[row])
                windows[row] = state.window.rows
                indices.append(i)
                left_out.append(mask)
                n_unseen.append(state.n_unseen)
        return Rows(indices, windows, deviations, left_out, n_unseen)

    def _enter(
        self,
        one: Scored,
        state: DetectorState,
        scaled: NDArray[np.float64],
        clipped: NDArray[np.float32],
        left_out: NDArray[np.bool_] | None,
        deviation: NDArray[np.float64],
    ) -> None:
        """Let one row enter its run; its deviation is written to ``deviation``."""
        time = one.reading.time
        if state.run_start is None or time - state.times[-1] > self._max_gap:
            state.start_run(time)
            state.window.start(clipped)
            state.running_mean.start(scaled)
            deviation[:] = 0.0
            one.first_of_run = True
        else:
            state.window.push(clipped)
            state.running_mean.push(scaled, left_out, out=deviation)
        state.times.append(time)
        state.note_left_out(left_out)
        one.warming_up = len(state.times) < self._conditioning.window_size
        one.run_start, one.window_start = state.run_start, state.times[0]
