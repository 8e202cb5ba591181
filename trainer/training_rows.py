"""The normal rows of a history, conditioned by the code that also conditions live readings.

Memory: 100,000 rows of 59 sensors, windows of 5 readings, measured: 240 MB besides the
recording itself (45 MB), of which 139 MB stay.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.life import AlertLife
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.detection.conditioning import ConditionalMeans, Conditioning
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.errors import TrainingError
from stream_detector.replay.outcomes import outcome_rows, outcome_starts, rows_going_on
from stream_detector.replay.recording import Recording
from trainer.history import Timing, rows_before_outcomes
from trainer.intake import Conditioned, HistoryIntake, as_they_are
from trainer.whitening import fit_whitening, robust_scale

_MIN_ROWS, _MIN_ROWS_PER_SENSOR, _FEW_ROWS = 300, 5, 1000

_LARGEST = 1e30
"""The graph counts in float32, which ends at 3e38."""

_N_BLOCKS = 5
"""Of the whitenings that missing sensors are filled by."""

_NOT_SCORABLE = "late, repeated, of a frozen feed, or with under half of their sensors"

_ROWS_PER_CHUNK = 1024
"""Deviations scaled at once: it bounds memory."""


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """The normal rows of a history, conditioned, in time order; n rows, p sensors.

    Parameters
    ----------
    features : FeatureSpec
    conditioning : Conditioning
        Fitted on these rows; they went through it, and live readings will.
    feed_limits : FeedLimits
    windows : float32 array, shape (n, window_size, p)
    deviations : float32 array, shape (n, p)
    n_left_out, n_unseen : int arrays, shape (n,)
        Sensors without a value of their own in the row, and in its whole window.
    times : datetime64 array, shape (n,)
    run_numbers : int array, shape (n,)
        Rows of one run have one number, and later runs larger ones.
    suppressed : bool array, shape (n,)
        Rows at which the machine's mode, now or a while ago, lets the first rule raise nothing.
    outcomes : datetime64 array, shape (k,)
        When the outcome happened, in time order; each closes an alert.
    left_out : dict of reason to int
        How many rows of the history do not train, and why.
    notes : tuple of str
        What is odd about them, a sentence each; for people.
    """

    features: FeatureSpec
    conditioning: Conditioning
    feed_limits: FeedLimits
    windows: NDArray[np.float32]
    deviations: NDArray[np.float32]
    n_left_out: NDArray[np.intp]
    n_unseen: NDArray[np.intp]
    times: NDArray[np.datetime64]
    run_numbers: NDArray[np.intp]
    suppressed: NDArray[np.bool_]
    outcomes: NDArray[np.datetime64]
    left_out: dict[str, int]
    notes: tuple[str, ...]

    @property
    def still(self) -> tuple[str, ...]:
        """Name the sensors that never changed in them; those of modes are not measured."""
        n_measured = len(self.features.measured)
        stood = self.feed_limits.smallest[:n_measured] == self.feed_limits.largest[:n_measured]
        return tuple(self.features.measured[i] for i in np.flatnonzero(stood))


Scale = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Measures centre and spread of every column of the normal rows' values."""


def prepare(
    recording: Recording,
    timing: Timing,
    *,
    window_size: int,
    rules: Rules,
    scale: Scale = robust_scale,
    modes: tuple[str, ...] = (),
) -> TrainingRows:
    """Condition the normal rows of a history.

    Normal is what is no outcome row, not within the warning horizon before one, not
    labelled anomalous, and would be scored live. The first rule says what the outcome is,
    and how long the horizon. Each of the modes is a sensor more.

    Raises
    ------
    SettingsError
        If the rules do not say which event a label stands for.
    TrainingError
        If too few normal rows are left, or a sensor has no value in them.
    """
    history = HistoryIntake(recording, timing, rules, modes=modes)
    seen = history.survey()
    normal, left_out = normal_rows(recording, seen.scorable, rules.rules[0])
    values = history.values(normal)
    _check_size(values, history.features.sensors, left_out)
    feed_limits = dataclasses.replace(
        seen.feed_limits, smallest=np.nanmin(values, axis=0), largest=np.nanmax(values, axis=0)
    )
    center, spread = scale(values)
    # The deviations are not known yet.
    conditioning = dataclasses.replace(
        as_they_are(values.shape[1]), center=center, spread=spread, window_size=window_size
    )
    # First with missing sensors at their means, then given the others of their row.
    rows = history.condition(normal, conditioning, feed_limits)
    row = fit_whitening(rows.windows[:, -1], n_blocks=_N_BLOCKS)
    conditioning = dataclasses.replace(conditioning, row_mean=row.mean, precision=row.precision)
    if rows.left_out.any():
        rows = history.condition(normal, conditioning, feed_limits)
    conditioning, deviations = _scale_deviations(rows, conditioning)
    return TrainingRows(
        features=history.features,
        conditioning=conditioning,
        feed_limits=feed_limits,
        windows=rows.windows,
        deviations=deviations,
        n_left_out=rows.left_out.sum(axis=1),
        n_unseen=rows.n_unseen,
        times=recording.times[normal],
        run_numbers=rows.run_numbers,
        suppressed=suppressed_rows(recording, seen.taken_in, rules.rules[0])[normal],
        outcomes=recording.times[outcome_starts(recording)],
        left_out=left_out,
        notes=_notes(left_out.get(_NOT_SCORABLE, 0), n_trained=len(values)),
    )


def normal_rows(
    recording: Recording, scorable: NDArray[np.bool_], rule: Rule
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Mark the rows that train, shape (n,), and say how many others there are for which reason.

    A row that has several counts for the first.
    """
    none = np.zeros(recording.n_rows, bool)
    horizon = f"within {rule.horizon_seconds:g} s before an outcome"
    anomalous = none
    if recording.labels is not None and recording.label_kind == "rows":
        anomalous = recording.labels
    reasons = {
        "outcomes": outcome_rows(recording) & ~rows_going_on(recording),
        "going on with an outcome": outcome_rows(recording),
        "labelled anomalous": anomalous,
        horizon: rows_before_outcomes(recording, horizon=rule.horizon),
        "inside an alert": none if recording.excluded is None else recording.excluded,
        _NOT_SCORABLE: ~scorable,
    }
    normal, left_out = ~none, {}
    for reason, rows in reasons.items():
        if n_rows := int((normal & rows).sum()):
            left_out[reason] = n_rows
        normal &= ~rows
    return normal, left_out


def suppressed_rows(
    recording: Recording, taken_in: NDArray[np.bool_], rule: Rule
) -> NDArray[np.bool_]:
    """Mark the rows at which the machine's mode lets a rule raise nothing, shape (n,).

    It is followed as live: through the readings that are taken in, but not scored, too.
    """
    suppressed = np.zeros(recording.n_rows, bool)
    if recording.modes is not None and rule.suppressed_modes:
        life = AlertLife(rule, machine=recording.machine)
        for row in np.flatnonzero(taken_in).tolist():
            life.note_mode(recording.time(row), recording.modes[row])
            suppressed[row] = life.is_suppressed
    return suppressed


def _check_size(
    values: NDArray[np.float64], sensors: tuple[str, ...], left_out: dict[str, int]
) -> None:
    n_rows, n_sensors = values.shape
    needed = max(_MIN_ROWS, _MIN_ROWS_PER_SENSOR * n_sensors)
    if n_rows < needed:
        reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.items())
        told = f" (left out: {reasons})" if reasons else ""
        raise TrainingError(
            f"{n_rows} normal rows are too few for {n_sensors} sensors, at least {needed} are "
            f"needed{told}; bring more history, keep less of it back, or leave sensors out"
        )
    empty = np.isnan(values).all(axis=0)
    if empty.any():
        names = ", ".join(sensors[i] for i in np.flatnonzero(empty))
        raise TrainingError(f"no normal training row has a value of {names}; --exclude them")
    huge = np.nanmax(np.abs(values), axis=0) > _LARGEST
    if huge.any():
        names = ", ".join(sensors[i] for i in np.flatnonzero(huge))
        raise TrainingError(
            f"values of {names} are larger than {_LARGEST:g}, which no sensor measures; set "
            "physical limits with --tags, or --exclude them"
        )


def _notes(n_not_scorable: int, *, n_trained: int) -> tuple[str, ...]:
    """Tell of normal rows that do not train, and of a history that is short, but long enough."""
    notes = []
    if n_not_scorable:
        notes.append(
            f"{n_not_scorable} of {n_trained + n_not_scorable} normal rows do not train: they are "
            "late, repeat a time, are of a frozen feed, or have under half of their sensors"
        )
    if n_trained < _FEW_ROWS:
        notes.append(
            f"only {n_trained} normal rows: thresholds will be rough; {_FEW_ROWS} are better"
        )
    return tuple(notes)


def _scale_deviations(
    rows: Conditioned, conditioning: Conditioning
) -> tuple[Conditioning, NDArray[np.float32]]:
    """Scale the deviations by themselves; those left out stand where the others expect them."""
    center, spread = robust_scale(rows.deviations)
    conditioning = dataclasses.replace(
        conditioning, deviation_center=center, deviation_spread=spread
    )
    deviations = np.empty(rows.deviations.shape, np.float32)
    for start in range(0, len(deviations), _ROWS_PER_CHUNK):
        chunk = slice(start, start + _ROWS_PER_CHUNK)
        deviations[chunk] = conditioning.scale_deviations(rows.deviations[chunk])
    whitening = fit_whitening(deviations, n_blocks=_N_BLOCKS)
    means = ConditionalMeans(whitening.mean, whitening.precision)
    for k in np.flatnonzero(rows.left_out.any(axis=1)):
        means.fill(deviations[k], rows.left_out[k])
    conditioning = dataclasses.replace(
        conditioning, deviation_mean=whitening.mean, deviation_precision=whitening.precision
    )
    return conditioning, deviations
