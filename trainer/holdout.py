"""The rows kept back, judged by the bundle as a worker would, and what the report tells of them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle, read_bundle, write_bundle
from stream_detector.detection.threshold import Budget
from stream_detector.errors import RecordingError
from stream_detector.replay.recording import Recording
from trainer.budgets import BUDGETS, OtherBudgets, Point
from trainer.code_map import CodeMap, code_map
from trainer.evaluation import Evaluation, evaluate
from trainer.explained import Explained, SensorWatch
from trainer.history import rows_to_find
from trainer.training import TrainedModel


@dataclass(frozen=True, eq=False)
class OnHoldout:
    """What was seen of the rows kept back; nothing where there are none.

    Parameters
    ----------
    evaluation, of_head : Evaluation or None
        By the first rule, and by that of the head.
    points, points_of_head : tuple of Point
        What several budgets brought.
    explained : Explained or None
    states : mapping of str to int
        Rows by what became of them.
    """

    evaluation: Evaluation | None = None
    of_head: Evaluation | None = None
    points: tuple[Point, ...] = ()
    points_of_head: tuple[Point, ...] = ()
    explained: Explained | None = None
    states: Mapping[str, int] = field(default_factory=dict)


def judge_holdout(
    model: TrainedModel,
    files: Mapping[str, bytes],
    recording: Recording,
    n_training: int,
    *,
    rules: Rules,
) -> tuple[OnHoldout, CodeMap | None]:
    """Judge the rows kept back, and encode all rows, by the bundle as it is read from disk.

    Parameters
    ----------
    model : TrainedModel
    files : mapping of name to bytes
        Its graphs, and its network's parts, where there is one.
    recording : Recording
    n_training : int
        Its first rows, which were there to train on.
    rules : Rules
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "bundle")
        write_bundle(folder, model.manifest, parameters=model.parameters, files=files)
        bundle = read_bundle(folder)
        codes = _code_map(folder, bundle, recording, n_training, rules=rules)
    kept_back = recording.slice(n_training, recording.n_rows)
    rule_of_head = None if model.head is None else model.head.rule
    return _judge(bundle, kept_back, rules=rules, rule_of_head=rule_of_head), codes


def _judge(
    bundle: Bundle, kept_back: Recording, *, rules: Rules, rule_of_head: Rule | None
) -> OnHoldout:
    if not kept_back.n_rows:
        return OnHoldout()
    rule, threshold = rules.rules[0], bundle.manifest.default_threshold
    asked = Budget(bundle.manifest.default_budget_per_day)
    sensors = SensorWatch(kept_back, rule)
    others = _other_budgets(bundle, kept_back, rules, rule, asked)
    evaluation = evaluate(
        bundle,
        kept_back,
        rules=rules,
        budget=asked,
        threshold=threshold,
        watch=(sensors, others),
    )
    if evaluation is None:
        return OnHoldout(states=sensors.states)
    of_head: Evaluation | None = None
    points_of_head: tuple[Point, ...] = ()
    if bundle.model.head is not None and rule_of_head is not None:
        asked = Budget(bundle.model.head.budget_per_day)
        others_of_head = _other_budgets(bundle, kept_back, rules, rule_of_head, asked)
        of_head = evaluate(
            bundle,
            kept_back,
            rules=rules,
            budget=asked,
            rule=rule_of_head,
            watch=(others_of_head,),
        )
        points_of_head = others_of_head.points()
    return OnHoldout(
        evaluation=evaluation,
        of_head=of_head,
        points=others.points(),
        points_of_head=points_of_head,
        explained=sensors.explain(evaluation, bundle.model.conditioning),
        states=sensors.states,
    )


def _other_budgets(
    bundle: Bundle, kept_back: Recording, rules: Rules, rule: Rule, asked: Budget
) -> OtherBudgets:
    return OtherBudgets(
        bundle, kept_back, rules=rules, rule=rule, per_day=(*BUDGETS, asked.per_day)
    )


def _code_map(
    folder: Path, bundle: Bundle, recording: Recording, n_training: int, *, rules: Rules
) -> CodeMap | None:
    if "encoder.keras" not in bundle.manifest.files:
        return None
    # TensorFlow is there: it has trained the network.
    from trainer.codes import encode  # noqa: PLC0415

    try:
        codes = encode(folder, bundle, recording, rules=rules)
    except RecordingError:
        return None
    positives = rows_to_find(recording, rules.rules[0])
    return code_map(codes, recording, positives=positives, n_training=n_training)
