"""A recording as training rows: split by time, labelled by the clock, conditioned as live."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.detection.conditioning import ConditionalMeans, Conditioning
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits, count_unchanged
from stream_detector.detection.intake import Intake, Rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored
from stream_detector.detection.state import DetectorState
from stream_detector.errors import TrainingError
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import labelled_event
from trainer.whitening import fit_whitening, robust_scale

_MIN_ROWS, _MIN_ROWS_PER_SENSOR, _FEW_ROWS = 300, 5, 1000

_STUCK_AT_LEAST, _STUCK_FACTOR = 20, 3
"""A sensor is stuck after three times its longest rest in training, 20 readings at least."""

_FROZEN_AT_LEAST = 2
"""All sensors at rest together: this many repeats, or twice what training had."""

_GAP_IN_CADENCES = 1.5
_SILENCE_IN_CADENCES = 10.0


@dataclass(frozen=True)
class Timing:
    """The rhythm of a machine's readings."""

    cadence: timedelta
    max_gap: timedelta
    silence_after: timedelta


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """The normal rows of a history, conditioned, in time order; n rows, p sensors.

    Parameters
    ----------
    conditioning : Conditioning
        Fitted on these rows; they went through it, and live readings will.
    feed_limits : FeedLimits
    windows : float32 array, shape (n, window_size, p)
    deviations : float32 array, shape (n, p)
    n_left_out, n_unseen : int arrays, shape (n,)
        Sensors without a value of their own in the row, and in its whole window.
    times : datetime64 array, shape (n,)
    run_numbers : int array, shape (n,)
        Rows of one run have one number.
    notes : tuple of str
        What is odd about them, a sentence each; for people.
    """

    conditioning: Conditioning
    feed_limits: FeedLimits
    windows: NDArray[np.float32]
    deviations: NDArray[np.float32]
    n_left_out: NDArray[np.intp]
    n_unseen: NDArray[np.intp]
    times: NDArray[np.datetime64]
    run_numbers: NDArray[np.intp]
    notes: tuple[str, ...]


def measure_timing(recording: Recording) -> Timing:
    """Take the usual step between readings for the cadence; a longer one is a gap.

    Raises
    ------
    TrainingError
        If there are no two readings, or time does not go forward.
    """
    steps = np.diff(recording.times)
    forward = steps[steps > np.timedelta64(0)]
    if not len(forward):
        raise TrainingError(
            "time never goes forward: bring readings in order of time, two at least"
        )
    cadence: timedelta = np.median(forward).astype("timedelta64[us]").item()
    return Timing(cadence, _GAP_IN_CADENCES * cadence, _SILENCE_IN_CADENCES * cadence)


def split_by_time(recording: Recording, *, holdout: float) -> tuple[Recording, Recording]:
    """Cut a recording into an earlier part for training and a later part kept back."""
    cut = recording.n_rows - round(recording.n_rows * holdout)
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
    before = np.zeros(recording.n_rows, bool)
    for row in np.flatnonzero(outcome_rows(recording)):
        lead = recording.times[row] - recording.times
        before |= (lead > np.timedelta64(0)) & (lead <= np.timedelta64(horizon))
    return before & ~outcome_rows(recording)


def outcome_rows(recording: Recording) -> NDArray[np.bool_]:
    """Mark the rows at which the outcome happened."""
    if recording.labels is None or recording.label_kind != "event":
        return np.zeros(recording.n_rows, bool)
    return recording.labels


def prepare(
    recording: Recording, timing: Timing, *, window_size: int, rules: Rules
) -> TrainingRows:
    """Condition the normal rows of a history.

    Normal is what is no outcome row, not within the warning horizon before one, not
    labelled anomalous, and can be scored. The first rule says what the outcome is, and how
    long the horizon.

    Raises
    ------
    SettingsError
        If the rules do not say which event a label stands for.
    TrainingError
        If too few normal rows are left, or a sensor has no value in them.
    """
    abnormal = rows_before_outcomes(recording, horizon=rules.rules[0].horizon)
    if recording.labels is not None:
        abnormal = abnormal | recording.labels
    features = feature_spec(recording)
    inside = (recording.values >= features.low) & (recording.values <= features.high)
    values = np.where(inside, recording.values, np.nan)
    _check_size(values[~abnormal], recording)
    conditioning = _scale(values[~abnormal], recording, window_size)
    pass_through = FeedLimits(np.full(len(features.sensors), np.inf), 2**31 - 1, timedelta.max)
    history = _History(recording, features, timing, pass_through, rules, normal=~abnormal)
    # First with missing sensors at their means, then given the others of their row.
    rows, said = history.condition(conditioning)
    row = fit_whitening(rows.windows[:, -1], n_blocks=5)
    conditioning = dataclasses.replace(conditioning, row_mean=row.mean, precision=row.precision)
    if any(missing is not None for missing in rows.left_out):
        rows, said = history.condition(conditioning)
    center, spread = robust_scale(rows.deviations)
    conditioning = dataclasses.replace(
        conditioning, deviation_center=center, deviation_spread=spread
    )
    deviations = conditioning.scale_deviations(rows.deviations)
    deviation = fit_whitening(deviations, n_blocks=5)
    conditioning = dataclasses.replace(
        conditioning, deviation_mean=deviation.mean, deviation_precision=deviation.precision
    )
    ConditionalMeans(deviation.mean, deviation.precision).fill_rows(deviations, rows.left_out)
    starts = np.array([one.run_start for one in said])
    return TrainingRows(
        conditioning,
        _feed_limits(values, timing),
        rows.windows,
        deviations,
        np.array([0 if missing is None else missing.sum() for missing in rows.left_out], np.intp),
        np.array(rows.n_unseen, np.intp),
        np.array([one.reading.time.replace(tzinfo=None) for one in said], "datetime64[us]"),
        np.cumsum(np.concatenate([[False], starts[1:] != starts[:-1]])),
        _notes(n_normal=int((~abnormal).sum()), n_trained=len(said)),
    )


def feature_spec(recording: Recording) -> FeatureSpec:
    """Describe the sensors of a recording."""
    return FeatureSpec(recording.sensors, recording.units, recording.low, recording.high)


@dataclass(frozen=True, eq=False)
class _History:
    """A recording, ready to go through the intake that also takes in live readings."""

    recording: Recording
    features: FeatureSpec
    timing: Timing
    feed_limits: FeedLimits
    rules: Rules
    normal: NDArray[np.bool_]

    def condition(self, conditioning: Conditioning) -> tuple[Rows, list[Scored]]:
        """Give the normal rows, and what was said of each."""
        intake = Intake(
            self.features,
            conditioning,
            self.feed_limits,
            max_gap=self.timing.max_gap,
            run_ending_events=frozenset(self.rules.run_ending_events),
        )
        readings = self._readings()
        state = DetectorState(
            n_sensors=self.features.n_sensors, window_size=conditioning.window_size
        )
        scored, rows = intake.take(readings, [state] * len(readings))
        kept = np.flatnonzero(self.normal[rows.indices])
        normal = Rows(
            [rows.indices[k] for k in kept],
            rows.windows[kept],
            rows.deviations[kept],
            [rows.left_out[k] for k in kept],
            [rows.n_unseen[k] for k in kept],
        )
        return normal, [scored[i] for i in normal.indices]

    def _readings(self) -> list[Reading]:
        recording, outcomes = self.recording, outcome_rows(self.recording)
        outcome = labelled_event(recording, self.rules)
        return [
            Reading(
                recording.machine,
                recording.time(row),
                tuple(values),
                event=outcome if outcomes[row] else None,
            )
            for row, values in enumerate(recording.values.tolist())
        ]


def _check_size(values: NDArray[np.float64], recording: Recording) -> None:
    n_rows, n_sensors = values.shape
    needed = max(_MIN_ROWS, _MIN_ROWS_PER_SENSOR * n_sensors)
    if n_rows < needed:
        raise TrainingError(
            f"{n_rows} normal rows are too few for {n_sensors} sensors, at least {needed} are "
            "needed; bring more history, a smaller --holdout, or --exclude sensors"
        )
    empty = np.isnan(values).all(axis=0)
    if empty.any():
        names = ", ".join(recording.sensors[i] for i in np.flatnonzero(empty))
        raise TrainingError(f"no normal training row has a value of {names}; --exclude them")


def _notes(*, n_normal: int, n_trained: int) -> tuple[str, ...]:
    """Tell of normal rows that do not train, and of a history that is short, but long enough."""
    notes = []
    if n_trained < n_normal:
        notes.append(
            f"{n_normal - n_trained} of {n_normal} normal rows do not train: they are late, repeat "
            "a time, or have under half of their sensors"
        )
    if n_trained < _FEW_ROWS:
        notes.append(
            f"only {n_trained} normal rows: thresholds will be rough; {_FEW_ROWS} are better"
        )
    return tuple(notes)


def _scale(values: NDArray[np.float64], recording: Recording, window_size: int) -> Conditioning:
    center, spread = robust_scale(values)
    n_sensors = len(recording.sensors)
    return Conditioning(
        center=center,
        spread=spread,
        deviation_center=np.zeros(n_sensors),
        deviation_spread=np.ones(n_sensors),
        row_mean=np.zeros(n_sensors),
        precision=np.eye(n_sensors),
        deviation_mean=np.zeros(n_sensors),
        deviation_precision=np.eye(n_sensors),
        window_size=window_size,
    )


def _feed_limits(values: NDArray[np.float64], timing: Timing) -> FeedLimits:
    """Learn from training how long sensors may rest, each and all together."""
    before = np.vstack([np.full(values.shape[1], np.nan), values[:-1]])
    none_before = np.zeros((1, values.shape[1]), np.int32)
    unchanged = count_unchanged(values, before, none_before, sizes=[1] * len(values))
    longest = unchanged.max(axis=0).astype(float)
    # All together rest as long as the one that rests shortest; what is missing says nothing.
    together = np.where(np.isnan(values), np.iinfo(np.int32).max, unchanged).min(axis=1)
    longest_of_all = int(together[~np.isnan(values).all(axis=1)].max(initial=0))
    stuck_after = np.maximum(_STUCK_AT_LEAST, _STUCK_FACTOR * longest)
    # What rests most of the time is a setpoint: it cannot be stuck.
    stuck_after[longest > len(values) / 2] = np.inf
    return FeedLimits(
        stuck_after, max(_FROZEN_AT_LEAST, 2 * longest_of_all + 1), timing.silence_after
    )
