"""Which readings enter, and as what rows: order, runs, feed health, conditioning.

Training and scoring both take their rows from here, so a model meets live exactly
what it was fitted on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.conditioning import (
    ConditionalMeans,
    Conditioning,
    clip,
    mean_weight,
    running_means,
)
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_check import FeedCheck
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.detection.packed import cut_rows, join_rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.rounds import Rounds
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState

Masks = Mapping[int, NDArray[np.bool_]]
"""By place, the sensors that were left out of a reading, shape (p,); few readings have any."""


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
    left_out : mapping of int to bool array, shape (p,)
        By row, the sensors that were missing, outside their limits or stuck, where there are any.
    n_unseen : mapping of int to int
        How many of these were so throughout the window.
    """

    indices: list[int]
    windows: NDArray[np.float32]
    deviations: NDArray[np.float64]
    left_out: Masks
    n_unseen: Mapping[int, int]


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
        self._conditioning = conditioning
        self._max_gap = max_gap
        self._run_ending_events = run_ending_events
        self._feed_check = FeedCheck(features, feed_limits)
        self._conditional_means = ConditionalMeans(conditioning.row_mean, conditioning.precision)

    def take(
        self, readings: Sequence[Reading], states: Sequence[DetectorState]
    ) -> tuple[list[Scored], Rows]:
        """Take in a batch; ``states`` are of the readings' machines, one may appear many times.

        The status of a reading in ``Rows`` is SCORED, though its score is still to come.
        """
        scored = [self._admit(*pair) for pair in zip(readings, states, strict=True)]
        places: dict[DetectorState, list[int]] = {}
        for i, (one, state) in enumerate(zip(scored, states, strict=True)):
            if one.status is Status.SCORED:
                places.setdefault(state, []).append(i)
        rounds = Rounds.of(places.values())
        measured = [scored[i] for i in rounds.order]
        feeds = [states[i].feed for i in rounds.order]
        values, left_out = self._feed_check.check(measured, feeds, sizes=rounds.sizes)
        some_left_out = np.flatnonzero(left_out.any(axis=1)).tolist()
        masks = {k: left_out[k] for k in some_left_out}
        scaled = self._scale(values, masks, measured)
        return scored, self._follow_runs(scored, states, rounds, scaled, masks)

    def _admit(self, reading: Reading, state: DetectorState) -> Scored:
        """Check a reading's place in time."""
        last = state.feed.last_time
        ends_run = reading.event in self._run_ending_events
        is_event = ends_run or reading.values is None
        if last is not None:
            # An event may share its instant with the reading that was taken then.
            if reading.time < last:
                return Scored(reading, Status.LATE)
            if reading.time == last and not is_event:
                return Scored(reading, Status.DUPLICATE)
        state.feed.last_time = reading.time
        return Scored(reading, Status.EVENT if is_event else Status.SCORED)

    def _scale(
        self, values: NDArray[np.float64], masks: Masks, measured: list[Scored]
    ) -> NDArray[np.float64]:
        """Scale rows, shape (n, p); what was left out stands at its conditional mean."""
        scaled = self._conditioning.scale(values)
        for k, mask in masks.items():
            if measured[k].status is Status.SCORED:
                self._conditional_means.fill(scaled[k], mask)
            else:
                # It enters nothing, but a running mean that stands still is computed with it.
                scaled[k] = 0.0
        return scaled

    def _follow_runs(
        self,
        scored: list[Scored],
        states: Sequence[DetectorState],
        rounds: Rounds,
        scaled: NDArray[np.float64],
        masks: Masks,
    ) -> Rows:
        """Advance the runs, in the order of the batch; ``scaled`` and ``masks`` are in rounds."""
        clipped = cut_rows(clip(scaled))
        weights = [0.0] * len(clipped)
        indices: list[int] = []
        places: list[int] = []
        left_out: dict[int, NDArray[np.bool_]] = {}
        n_unseen: dict[int, int] = {}
        windows: list[bytes] = []
        place = {i: k for k, i in enumerate(rounds.order)}
        for i, (one, state) in enumerate(zip(scored, states, strict=True)):
            if one.status is Status.SCORED:
                k = place[i]
                mask = masks.get(k)
                self._enter(one, state, clipped[k], mask)
                weights[k] = mean_weight(state.n_readings)
                if mask is not None:
                    left_out[len(indices)], n_unseen[len(indices)] = mask, state.n_unseen
                indices.append(i)
                places.append(k)
                windows += state.window.rows
            elif one.status is Status.EVENT:
                one.run_start = state.run_start
                if one.reading.event in self._run_ending_events:
                    state.end_run()
        ordered = [states[i] for i in rounds.order]
        deviations = self._deviate(ordered, rounds.sizes, scaled, weights, masks)
        size, n_sensors = self._conditioning.window_size, scaled.shape[1]
        return Rows(
            indices,
            join_rows(windows, np.float32, size, n_sensors),
            deviations[places],
            left_out,
            n_unseen,
        )

    def _enter(
        self, one: Scored, state: DetectorState, row: bytes, mask: NDArray[np.bool_] | None
    ) -> None:
        """Let one scaled and clipped row enter its run."""
        time = one.reading.time
        if state.run_start is None or time - state.times[-1] > self._max_gap:
            state.start_run(time)
            state.window.start(row)
            one.first_of_run = True
        else:
            state.window.push(row)
        state.n_readings += 1
        state.times.append(time)
        state.note_left_out(mask)
        one.warming_up = state.n_readings < self._conditioning.window_size
        one.run_start, one.window_start = state.run_start, state.times[0]

    def _deviate(
        self,
        states: list[DetectorState],
        sizes: list[int],
        scaled: NDArray[np.float64],
        weights: list[float],
        masks: Masks,
    ) -> NDArray[np.float64]:
        """Advance the running means; give each row's deviation from its own, all in rounds.

        A sensor that was left out has no deviation, and its mean stands still, but for a
        run's first row (weight 1), which is taken as it is.
        """
        n_sensors = scaled.shape[1]
        weight = np.repeat(np.array(weights)[:, None], n_sensors, axis=1)
        for k, mask in masks.items():
            if weights[k] < 1.0:
                weight[k, mask] = 0.0
        before = [state.running_mean for state in states[: max(sizes, default=0)]]
        means = running_means(scaled, weight, join_rows(before, np.float64, n_sensors), sizes=sizes)
        for state, mean in zip(states, cut_rows(means), strict=True):
            state.running_mean = mean
        deviations = scaled - means
        for k, mask in masks.items():
            deviations[k, mask] = 0.0
        return deviations
