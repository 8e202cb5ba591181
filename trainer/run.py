"""One training run: a machine's history in, a bundle with its report out."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import check_place, read_bundle, write_bundle
from stream_detector.bundle.manifest import Manifest, bundle_id
from stream_detector.detection.threshold import Budget
from stream_detector.replay.recording import Recording
from trainer.assembly import keras_files_of, manifest_of, parameters_of, provenance_of
from trainer.calibration import calibrate, measure_limits
from trainer.config import TrainingConfig
from trainer.crossfit import Fitter, fit_parts
from trainer.evaluation import Evaluation, evaluate
from trainer.history import measure_timing, prepare, split_by_time
from trainer.report import Findings, report_html, report_json

Tell = Callable[[str], None]


@dataclass
class _Clock:
    """Times the steps of a run, and tells of each as it begins."""

    tell: Tell
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(name)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)


def fit(
    recording: Recording,
    folder: Path,
    config: TrainingConfig,
    *,
    rules: Rules,
    make_fitter: Callable[[int], Fitter] | None,
    tell: Tell = lambda _: None,
) -> Findings:
    """Train on the earlier part of a recording, judge the later part, write the bundle.

    Parameters
    ----------
    recording : Recording
    folder : Path
        Where the bundle goes.
    config : TrainingConfig
    rules : Rules
        The first rule says what is warned of, how far ahead, and how patiently.
    make_fitter : callable or None
        Makes the trainer of the network for so many sensors; None without a network.
    tell : callable
        Told what is being done.

    Raises
    ------
    BundleError
        If there is something else than a bundle in the folder.
    TrainingError
        If the history cannot give a model that could be trusted.
    """
    check_place(folder)
    clock = _Clock(tell)
    rule = rules.rules[0]
    timing = measure_timing(recording)
    training, kept_back = split_by_time(recording, holdout=config.holdout)
    network = config.network.config(seed=config.seed)
    with clock.step("conditioning the training rows"):
        rows = prepare(
            training,
            timing,
            window_size=network.window_size,
            horizon=timedelta(seconds=rule.horizon_seconds),
        )
    with clock.step(f"fitting a {network.kind} model, cross-fitted"):
        fitter = make_fitter(len(recording.sensors)) if make_fitter else None
        parts = fit_parts(rows.windows, rows.deviations, fitter=fitter)
    with clock.step("calibrating on cross-fitted scores"):
        calibrated = calibrate(
            parts.level_out_of_sample, parts.deviation_out_of_sample, rows.run_numbers
        )
        limits = measure_limits(
            calibrated.scores,
            rows.times,
            rows.run_numbers,
            rule=rule,
            readings_per_day=timedelta(days=1) / timing.cadence,
        )
    parameters = parameters_of(rows, parts, calibrated)
    manifest = manifest_of(training, timing, rows, calibrated, limits, config, rules)
    with clock.step("replaying the rows kept back"):
        budget = Budget(config.budget)
        evaluation = _evaluate(manifest, parameters, parts.graph, kept_back, rules, budget)
    manifest = msgspec.structs.replace(
        manifest,
        validation=evaluation and evaluation.validation,
        provenance=provenance_of(recording, rows, config, clock.seconds),
    )
    files = {"model.onnx": parts.graph}
    with clock.step("writing the bundle and its report"):
        findings = Findings(
            machine=recording.machine,
            bundle_id=bundle_id(manifest, files, parameters),
            sensors=recording.sensors,
            n_rows=recording.n_rows,
            n_training_rows=len(rows.windows),
            n_kept_back=kept_back.n_rows,
            network=manifest.network,
            losses=parts.losses,
            training_scores=calibrated.scores,
            training_times=rows.times,
            default_limit=limits.limit(budget),
            evaluation=evaluation,
            notes=(*recording.notes, *rows.notes),
            seconds=dict(clock.seconds),
        )
        files |= keras_files_of(parts)
        files |= {"report.html": report_html(findings), "report.json": report_json(findings)}
        write_bundle(folder, manifest, parameters=parameters, files=files)
    return findings


def _evaluate(
    manifest: Manifest,
    parameters: Mapping[str, NDArray[Any]],
    graph: bytes,
    kept_back: Recording,
    rules: Rules,
    budget: Budget,
) -> Evaluation | None:
    """Judge the rows kept back by the bundle as it is read from disk, like a worker."""
    if not kept_back.n_rows:
        return None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "bundle")
        write_bundle(folder, manifest, parameters=parameters, files={"model.onnx": graph})
        return evaluate(read_bundle(folder), kept_back, rules=rules, budget=budget)
