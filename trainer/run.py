"""One training run: a machine's history in, a bundle with its report out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import check_place, write_bundle
from stream_detector.bundle.manifest import Manifest, bundle_id
from stream_detector.replay.recording import Recording
from trainer.assembly import keras_files_of, provenance_of
from trainer.config import TrainingConfig
from trainer.crossfit import Fitter
from trainer.doubts import doubts_of_labels
from trainer.drift import drift
from trainer.evaluation import Evaluation
from trainer.feed_quality import feed_quality
from trainer.giveaways import giveaways, notes_on_label_likes
from trainer.head_findings import HeadFindings
from trainer.history import measure_timing, notes_on_horizon, notes_on_outcomes, split_by_time
from trainer.holdout import judge_holdout
from trainer.report import Findings, report_html, report_json
from trainer.steps import Steps
from trainer.training import train


def fit(
    recording: Recording,
    folder: Path,
    config: TrainingConfig,
    *,
    rules: Rules,
    make_fitter: Callable[[int], Fitter] | None,
    tell: Callable[[str], None] = lambda _: None,
    origin: Mapping[str, Any] | None = None,
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
    origin : mapping, optional
        What the manifest is to say besides of where the model comes from.

    Raises
    ------
    BundleError
        If there is something else than a bundle in the folder.
    TrainingError
        If the history cannot give a model that could be trusted.
    """
    check_place(folder)
    steps = Steps(tell)
    timing = measure_timing(recording)
    training, kept_back = split_by_time(recording, holdout=config.holdout)
    model = train(training, timing, config, rules=rules, make_fitter=make_fitter, steps=steps)
    files = model.graphs | keras_files_of(model.parts)
    what = "replaying the rows kept back" if kept_back.n_rows else "reading the model back"
    with steps.step(what):
        seen, codes = judge_holdout(model, files, recording, training.n_rows, rules=rules)
    manifest = _validated(model.manifest, seen.evaluation, seen.of_head)
    provenance = provenance_of(recording, model.rows, config, steps.seconds) | dict(origin or {})
    manifest = msgspec.structs.replace(manifest, provenance=provenance)
    with steps.step("writing the bundle and its report"):
        findings = Findings(
            machine=recording.machine,
            bundle_id=bundle_id(manifest, model.graphs, model.parameters),
            sensors=model.rows.features.sensors,
            n_rows=recording.n_rows,
            n_training_rows=len(model.rows.windows),
            still=model.rows.still,
            n_kept_back=kept_back.n_rows,
            network=manifest.network,
            losses=model.parts.losses,
            training_scores=model.calibrated.scores,
            training_times=model.rows.times,
            scored=model.unseen,
            default_limit=model.limits.limit(manifest.default_threshold),
            is_fixed=manifest.default_fixed is not None,
            evaluation=seen.evaluation,
            points=seen.points,
            head=HeadFindings.of(model.head, seen.of_head, seen.points_of_head)
            if model.head
            else None,
            explained=seen.explained,
            codes=codes,
            of_labels=tuple(doubts_of_labels(recording)),
            giveaways=giveaways(recording, rules.rules[0]),
            drift=drift(
                recording,
                n_training=training.n_rows,
                spread=model.rows.conditioning.spread[: len(recording.sensors)],
            ),
            quality=feed_quality(recording, timing, states=seen.states),
            notes=(*first_notes(recording, rules), *model.notes),
            seconds=dict(steps.seconds),
        )
        files |= {"report.html": report_html(findings), "report.json": report_json(findings)}
        write_bundle(folder, manifest, parameters=model.parameters, files=files)
    return findings


def first_notes(recording: Recording, rules: Rules) -> tuple[str, ...]:
    """Say what is odd about a recording and its rules, before anything is trained."""
    horizon = rules.rules[0].horizon
    return (
        *recording.notes,
        *notes_on_outcomes(recording),
        *notes_on_horizon(recording, horizon=horizon),
        *notes_on_label_likes(recording),
    )


def _validated(
    manifest: Manifest, evaluation: Evaluation | None, of_head: Evaluation | None
) -> Manifest:
    """Add what the default thresholds did on the rows kept back."""
    head = manifest.head
    if head is not None and of_head is not None:
        head = msgspec.structs.replace(head, validation=of_head.validation)
    validation = evaluation and evaluation.validation
    return msgspec.structs.replace(manifest, validation=validation, head=head)
