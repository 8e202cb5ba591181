"""A model as it was published: standardised rows, one network, its mean squared residual.

The earlier normal rows train, the later ones validate: they say which weights are kept,
and every threshold is measured on them. They are part of the history that trains, never
of the rows that judge the model. A publication that draws them at random takes them from
among near copies of the training rows; here they are later ones.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.graph import OnnxGraph
from stream_detector.detection.scoring import PlainScore, join
from stream_detector.errors import TrainingError
from stream_detector.replay.recording import Recording
from trainer.config import PlainSettings, TrainingConfig
from trainer.crossfit import PARITY_ROWS, FittedParts, Fitter
from trainer.export import export
from trainer.history import Timing, rows_to_find
from trainer.intake import HistoryIntake
from trainer.measures import best_f1
from trainer.parity import check_parity
from trainer.plain_parts import PlainParts, PlainSpace
from trainer.score_parts import over_used_rows
from trainer.training_rows import Scale, TrainingRows, prepare
from trainer.whitening import PURGED_ROWS, outside


class PlainFit(NamedTuple):
    """What fitting gives.

    Parameters
    ----------
    rows : TrainingRows
        Standardised, those that train and then those that validate.
    parts : FittedParts
        The scores out of sample are those of the rows that validate.
    validated : slice
        Of the rows, those that validate.
    default_fixed : float or None
        The default threshold, if it is a score.
    """

    rows: TrainingRows
    parts: FittedParts
    validated: slice
    default_fixed: float | None


def fit_plain(
    history: Recording,
    timing: Timing,
    config: TrainingConfig,
    *,
    rules: Rules,
    fitter: Fitter | None,
    modes: tuple[str, ...] = (),
) -> PlainFit:
    """Fit a network on the earlier normal rows of a history, and score the later ones.

    Parameters
    ----------
    history : Recording
    timing : Timing
    config : TrainingConfig
        Of a plain model.
    rules : Rules
        The first rule says what is warned of, and how far ahead.
    fitter : Fitter
        Trains the network.
    modes : tuple of str, optional
        Those that the model is told apart.

    Raises
    ------
    TrainingError
        If there are too few rows, the network diverges, the graph differs from it, or no
        threshold can be chosen.
    """
    plain, network = config.plain, config.network_config
    if plain is None or fitter is None:
        raise ValueError("a plain model needs its settings and a network")
    scale = standard_scale(plain)
    rows = prepare(
        history, timing, window_size=network.window_size, rules=rules, scale=scale, modes=modes
    )
    n_rows = len(rows.windows)
    validated = slice(n_learnt(n_rows, plain), n_rows)
    parts = _fit_parts(rows, validated, fitter)
    if plain.threshold != "best-f1":
        return PlainFit(rows, parts, validated, plain.threshold)
    since = rows.times[validated.start]
    chosen = _choose_threshold(history, timing, rows, parts.graph, rules=rules, since=since)
    rows = dataclasses.replace(rows, notes=(*rows.notes, chosen.note))
    return PlainFit(rows, parts, validated, chosen.value)


def n_learnt(n_rows: int, plain: PlainSettings) -> int:
    """Say how many of the normal rows train; the later ones validate."""
    return n_rows - max(round(n_rows * plain.validation), 1)


def standard_scale(plain: PlainSettings) -> Scale:
    """Scale columns by mean and standard deviation of the rows that train.

    Examples
    --------
    Of four values the last one validates.

    >>> scale = standard_scale(PlainSettings(validation=0.25))
    >>> center, spread = scale(np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0], [99.0, 7.0]]))
    >>> center, spread.round(3)
    (array([3., 7.]), array([1.633, 1.   ]))
    """

    def scale(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        learnt = values[: n_learnt(len(values), plain)]
        empty = np.flatnonzero(np.isnan(learnt).all(axis=0))
        if len(empty):
            raise TrainingError(
                f"column {empty[0]} (counted from 0) has no value in the rows that train; exclude "
                "it, or lower the share of rows that validate"
            )
        # Rounding gives a constant column a tiny deviation, by which any change would be huge.
        varies = np.nanmin(learnt, axis=0) < np.nanmax(learnt, axis=0)
        return np.nanmean(learnt, axis=0), np.where(varies, np.nanstd(learnt, axis=0), 1.0)

    return scale


def _fit_parts(rows: TrainingRows, validated: slice, fitter: Fitter) -> FittedParts:
    p, window_size = rows.features.n_sensors, rows.conditioning.window_size
    # No window of a row that trains may reach into those that validate.
    n_purged = max(PURGED_ROWS, window_size)
    network = fitter.fit(
        rows.windows,
        PlainSpace(),
        learn_from=outside(validated, validated.stop, n_purged=n_purged),
        validate_on=np.arange(validated.start, validated.stop),
        name="training",
    )
    parts = PlainParts(network, p)
    graph = export(parts)
    some = np.linspace(0, validated.stop - 1, PARITY_ROWS).astype(np.intp)
    check_parity(graph, parts, rows.windows[some], rows.deviations[some])
    scores = _scores(graph, rows.windows[validated], rows.n_unseen[validated])
    # An epoch's loss for each of its steps: so both curves share an axis.
    per_epoch = len(network.losses) // len(network.validation_losses)
    losses = {
        "training": network.losses,
        "validation": np.repeat(network.validation_losses, per_epoch),
    }
    return FittedParts(parts, scores, np.zeros_like(scores), losses, graph)


def _scores(
    graph: bytes, windows: NDArray[np.float32], n_unseen: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Score windows by a plain model's graph, as they are scored live, shape (n,)."""
    n_rows, window_size, p = windows.shape
    session = OnnxGraph(graph, window_size=window_size, n_sensors=p)
    levels = session(windows, np.zeros((n_rows, p), np.float32)).level
    used = over_used_rows(levels, n_unseen, n_sensors=p)
    return join(PlainScore().surprises(used, used, used))


class _Chosen(NamedTuple):
    """The threshold with the best F1, and on which rows."""

    value: float
    f1: float
    n_positives: int
    n_rows: int

    @property
    def note(self) -> str:
        return (
            f"the threshold {self.value:.4g} has the best F1, {self.f1:.2f}, on the "
            f"{self.n_rows} latest rows that train ({self.n_positives} of them to be warned at); "
            "on other rows it will be lower"
        )


def _choose_threshold(
    history: Recording,
    timing: Timing,
    rows: TrainingRows,
    graph: bytes,
    *,
    rules: Rules,
    since: np.datetime64,
) -> _Chosen:
    """Choose it on the normal rows that validate, and on those beside them to be warned at."""
    intake = HistoryIntake(history, timing, rules, modes=rows.features.modes)
    judged = intake.survey().scorable & (history.times >= since)
    positives = rows_to_find(history, rules.rules[0])[judged]
    if positives.all() or not positives.any():
        raise TrainingError(
            f"{positives.sum()} of the {len(positives)} rows that validate are to be warned at, "
            "so none is the best F1; name the labels, raise the share of rows that validate, or "
            "give the threshold as a number"
        )
    made = intake.condition(judged, rows.conditioning, rows.feed_limits)
    value, f1 = best_f1(positives, _scores(graph, made.windows, made.n_unseen))
    return _Chosen(round(value, 6), f1, int(positives.sum()), len(positives))
