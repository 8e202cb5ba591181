"""The recipe: a history in, all that decides scores out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.manifest import Manifest
from stream_detector.detection.scoring import PlainScore
from stream_detector.detection.threshold import Limits
from stream_detector.errors import counted, listed
from stream_detector.replay.recording import Recording
from trainer.assembly import head_manifest_of, manifest_of, parameters_of
from trainer.calibration import Calibrated, calibrate, measure_limits
from trainer.config import TrainingConfig
from trainer.crossfit import FittedParts, Fitter, fit_parts
from trainer.history import Timing, modes_of
from trainer.outcomes import wish_for_head
from trainer.score_parts import over_used_rows
from trainer.steps import Steps
from trainer.training_rows import TrainingRows, prepare

if TYPE_CHECKING:
    from trainer.head import FittedHead


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model, and what it was made of; its graph is ``parts.graph``.

    Parameters
    ----------
    rows : TrainingRows
    parts : FittedParts
    calibrated : Calibrated
    limits : Limits
    manifest : Manifest
        Not yet with what is only for people: validation, provenance, checksums.
    parameters : dict of name to array
    unseen : slice
        Of the rows, those that ``calibrated.scores`` are of: all, or those that validated a
        plain model.
    head : FittedHead or None
    notes : tuple of str
        What is odd about the history, and why there is a head or none; for people.
    """

    rows: TrainingRows
    parts: FittedParts
    calibrated: Calibrated
    limits: Limits
    manifest: Manifest
    parameters: dict[str, NDArray[Any]]
    unseen: slice
    head: "FittedHead | None"
    notes: tuple[str, ...]

    @property
    def graphs(self) -> dict[str, bytes]:
        """The graphs by the names of their files."""
        graphs = {"model.onnx": self.parts.graph}
        return graphs if self.head is None else {**graphs, "head.onnx": self.head.graph}


def train(
    history: Recording,
    timing: Timing,
    config: TrainingConfig,
    *,
    rules: Rules,
    make_fitter: Callable[[int], Fitter] | None,
    steps: Steps,
) -> TrainedModel:
    """Learn a machine's normal operation from a history, all rows of it.

    Parameters
    ----------
    history : Recording
    timing : Timing
    config : TrainingConfig
    rules : Rules
        The first rule says what is warned of, how far ahead, and how patiently.
    make_fitter : callable or None
        Makes the trainer of the network for so many sensors; None without a network.
    steps : Steps
        Told what is being done.

    Raises
    ------
    SettingsError
        If the rules do not say which event a label stands for, or have none for a head that is
        asked for.
    TrainingError
        If the history cannot give a model that could be trusted.
    """
    network, wish = config.network_config, wish_for_head(history, config.head, rules)
    modes = modes_of(history) if config.one_hot_mode else ()
    # Split among threads, a matrix product adds up in another order: the same history would give
    # another bundle where there are fewer processors. A second thread saves no second of a fit.
    with threadpool_limits(limits=1, user_api="blas"):
        fitter = make_fitter(len(history.sensors) + len(modes)) if make_fitter else None
        if config.plain is None:
            with steps.step("conditioning the training rows"):
                rows = prepare(
                    history, timing, window_size=network.window_size, rules=rules, modes=modes
                )
            with steps.step(f"fitting a {network.kind} model, cross-fitted"):
                parts = fit_parts(rows.windows, rows.deviations, fitter=fitter)
            with steps.step("calibrating on cross-fitted scores"):
                calibrated = _calibrated(parts, rows)
            unseen, default_fixed = slice(0, len(rows.windows)), None
        else:
            # What chooses a threshold takes seconds to load: only where it is needed.
            from trainer.plain_training import fit_plain  # noqa: PLC0415

            with steps.step(f"fitting a plain {network.kind} model"):
                plain = fit_plain(history, timing, config, rules=rules, fitter=fitter, modes=modes)
            rows, parts, unseen, default_fixed = plain
            calibrated = Calibrated(PlainScore(), parts.level_out_of_sample)
        with steps.step("measuring what each threshold brings"):
            limits = measure_limits(
                calibrated.scores,
                rows.times[unseen],
                rows.run_numbers[unseen],
                suppressed=rows.suppressed[unseen],
                outcomes=rows.outcomes,
                rule=rules.rules[0],
                readings_per_day=timedelta(days=1) / timing.cadence,
            )
        manifest = manifest_of(
            timing, rows, calibrated, limits, config, rules, default_fixed=default_fixed
        )
        parameters = parameters_of(rows, calibrated)
        head: FittedHead | None = None
        if wish.rule is not None:
            # LightGBM takes seconds to load: only where it is needed.
            from trainer.head import fit_head  # noqa: PLC0415

            with steps.step(f"fitting a head on {counted(wish.n_outcomes, 'outcome')}"):
                head = fit_head(
                    history, timing, rows, rules=rules, rule=wish.rule, seed=config.seed
                )
            manifest = msgspec.structs.replace(manifest, head=head_manifest_of(head, config))
            parameters["quantiles_head"] = np.array(head.curve.quantiles)
    notes = (*rows.notes, *_notes_on_still(rows.still), *wish.notes)
    return TrainedModel(rows, parts, calibrated, limits, manifest, parameters, unseen, head, notes)


def _notes_on_still(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ()
    return (
        f"{listed(names)} stood still in all rows that train: what a change of such a column means "
        "nobody can learn from them, and one may be judged as far out for as long as it lasts; "
        "--exclude a switch that may be used, or bring rows in which it was",
    )


def _calibrated(parts: FittedParts, rows: TrainingRows) -> Calibrated:
    n_sensors = rows.deviations.shape[1]
    return calibrate(
        over_used_rows(parts.level_out_of_sample, rows.n_unseen, n_sensors=n_sensors),
        over_used_rows(parts.deviation_out_of_sample, rows.n_left_out, n_sensors=n_sensors),
        rows.run_numbers,
    )
