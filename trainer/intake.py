"""A history, sent through the intake that also takes in live readings."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.detection.intake import Intake, Rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState
from stream_detector.replay.outcomes import outcome_rows
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import labelled_event
from trainer.feed_limits import frozen_after, measure_rests, stuck_after
from trainer.history import Timing

_READINGS_PER_CHUNK = 1024
"""Readings taken in at once. As Python objects they are six times their size in an array."""


class Survey(NamedTuple):
    """What is seen of a history before it can be conditioned; n rows.

    Parameters
    ----------
    feed_limits : FeedLimits
        Which values are in range is not known yet.
    scorable : bool array, shape (n,)
        Rows that would be scored live.
    taken_in : bool array, shape (n,)
        Those that are not late and repeat no time, scorable or not.
    """

    feed_limits: FeedLimits
    scorable: NDArray[np.bool_]
    taken_in: NDArray[np.bool_]


class Chunk(NamedTuple):
    """Rows that went through the intake at once.

    Parameters
    ----------
    start : int
        Number of the first one.
    scored : list of Scored
        What was said of each.
    rows : Rows
        What came out of those that can be scored.
    state : DetectorState
        Of the machine, behind them.
    """

    start: int
    scored: list[Scored]
    rows: Rows
    state: DetectorState


@dataclass(frozen=True, eq=False)
class Conditioned:
    """What the intake makes of n rows of p sensors.

    Parameters
    ----------
    windows : float32 array, shape (n, window_size, p)
    deviations : float64 array, shape (n, p)
        Not yet scaled.
    left_out : bool array, shape (n, p)
        Sensors without a value of their own in the row.
    n_unseen : int array, shape (n,)
        How many have none in its whole window.
    run_numbers : int array, shape (n,)
        Rows of one run have one number, and later runs larger ones.
    """

    windows: NDArray[np.float32]
    deviations: NDArray[np.float64]
    left_out: NDArray[np.bool_]
    n_unseen: NDArray[np.intp]
    run_numbers: NDArray[np.intp]

    @classmethod
    def empty(cls, n_rows: int, n_sensors: int, *, window_size: int) -> "Conditioned":
        """Make room for n rows."""
        return cls(
            np.empty((n_rows, window_size, n_sensors), np.float32),
            np.empty((n_rows, n_sensors)),
            np.zeros((n_rows, n_sensors), bool),
            np.zeros(n_rows, np.intp),
            np.empty(n_rows, np.intp),
        )


class HistoryIntake:
    """Takes in a recording, as often as it is asked, as live readings are taken in.

    Parameters
    ----------
    recording : Recording
    timing : Timing
    rules : Rules
        They say which event a label stands for, and what ends a run.
    modes : tuple of str, optional
        Those that the model is told apart.

    Raises
    ------
    SettingsError
        If the rules do not say which event a label stands for.
    """

    def __init__(
        self, recording: Recording, timing: Timing, rules: Rules, *, modes: tuple[str, ...] = ()
    ) -> None:
        self._recording = recording
        self._timing = timing
        self._rules = rules
        self._event = labelled_event(recording, rules)
        self.features = FeatureSpec(
            recording.sensors, recording.units, recording.low, recording.high
        ).with_modes(modes)
        self._values = _values(recording, self.features)

    def survey(self) -> Survey:
        """Learn the limits of the feed, and what would become of each row live."""
        n_sensors, silence_after = self.features.n_sensors, self._timing.silence_after
        endless = np.full(n_sensors, np.inf)
        no_limits = FeedLimits(
            endless, 2**31 - 1, timedelta.max, smallest=-endless, largest=endless
        )
        observed, scorable, events = np.zeros((3, self._recording.n_rows), bool)
        for start, scored, _, _ in self.taken_in(as_they_are(n_sensors), no_limits):
            stop = start + len(scored)
            observed[start:stop] = [one.quality is not None for one in scored]
            scorable[start:stop] = [one.status is Status.SCORED for one in scored]
            events[start:stop] = [one.status is Status.EVENT for one in scored]
        rows = np.flatnonzero(observed)
        rests = measure_rests(self._values, rows, self.features)
        stuck = stuck_after(rests)
        # A campaign may be longer than any before it.
        stuck[len(self.features.measured) :] = np.inf
        limits = dataclasses.replace(
            no_limits,
            stuck_after=stuck,
            frozen_after=frozen_after(rests),
            silence_after=silence_after,
        )
        scorable[rows[rests.together >= limits.frozen_after]] = False
        return Survey(limits, scorable, taken_in=observed | events)

    def values(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give the values of some rows, in their units; NaN is missing or impossible."""
        values = self._values[rows]
        values[self.features.missing(values)] = np.nan
        return values

    def condition(
        self, normal: NDArray[np.bool_], conditioning: Conditioning, feed_limits: FeedLimits
    ) -> Conditioned:
        """Condition the normal rows, each behind all rows before it."""
        made = Conditioned.empty(
            int(normal.sum()), self.features.n_sensors, window_size=conditioning.window_size
        )
        end = n_runs = 0
        for start, scored, rows, _ in self.taken_in(conditioning, feed_limits):
            kept = np.flatnonzero(normal[start:][rows.indices])
            here = slice(end, end := end + len(kept))
            made.windows[here] = rows.windows[kept]
            made.deviations[here] = rows.deviations[kept]
            for row, k in enumerate(kept.tolist(), start=here.start):
                if k in rows.left_out:
                    made.left_out[row] = rows.left_out[k]
                    made.n_unseen[row] = rows.n_unseen[k]
            began = np.array([scored[i].first_of_run for i in rows.indices], np.intp)
            made.run_numbers[here] = n_runs + began.cumsum()[kept]
            n_runs += int(began.sum())
        return made

    def taken_in(self, conditioning: Conditioning, feed_limits: FeedLimits) -> Iterator[Chunk]:
        """Send all rows through the intake, in chunks."""
        intake = Intake(
            self.features,
            conditioning,
            feed_limits,
            max_gap=self._timing.max_gap,
            run_ending_events=frozenset(self._rules.run_ending_events),
        )
        state = DetectorState(
            n_sensors=self.features.n_sensors, window_size=conditioning.window_size
        )
        for start in range(0, self._recording.n_rows, _READINGS_PER_CHUNK):
            readings = self._readings(start, start + _READINGS_PER_CHUNK)
            scored, rows = intake.take(readings, [state] * len(readings))
            yield Chunk(start, scored, rows, state)

    def _readings(self, start: int, stop: int) -> list[Reading]:
        part = self._recording.slice(start, stop)
        outcomes = outcome_rows(part)
        return [
            Reading(
                part.machine,
                part.time(row),
                tuple(values),
                event=self._event if outcomes[row] else None,
            )
            for row, values in enumerate(self._values[start:stop].tolist())
        ]


def _values(recording: Recording, features: FeatureSpec) -> NDArray[np.float64]:
    """Give the values of all sensors, those of the modes last; NaN is missing, shape (n, p)."""
    if not features.modes:
        return recording.values
    of_modes = [features.of_mode(mode) for mode in recording.modes or ()]
    return np.hstack([recording.values, np.array(of_modes, np.float64)])


def as_they_are(n_sensors: int) -> Conditioning:
    """Leave rows as they are; nothing of what becomes of them is used."""
    zeros, ones, eye = np.zeros(n_sensors), np.ones(n_sensors), np.eye(n_sensors)
    return Conditioning(zeros, ones, zeros, ones, zeros, eye, zeros, eye, window_size=1)
