"""What is measured of detection on each of the public recordings, one model at a time.

Nothing here is chosen by a recording: the defaults of the product judge all of them. Each function
gives plain numbers; those of the seeds of a model are put together in ``detection_results``.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.horizons import HORIZONS
from stream_detector.alerting.rules import Rules, default_rules
from stream_detector.detection.threshold import Budget, Rate
from stream_detector.replay.recording import Recording, RecordingOptions, read_recording
from tests.benchmarks.vus import vus_pr
from trainer.backtest import references
from trainer.backtest.counting import CLOCK, RANDOM
from trainer.backtest.folds import Fold, walk_forward
from trainer.backtest.held import hold
from trainer.backtest.judging import (
    Judged,
    judge,
    judge_head,
    judge_reference,
    judge_scores,
    of_head_alone,
)
from trainer.backtest.scoring import ScoredFold, learn, score_by, score_fold
from trainer.backtest.tally import Tally, count
from trainer.config import TrainingConfig
from trainer.fitters import make_fitter
from trainer.whitening import PURGED_ROWS, blocks, outside

ONE_IN_A_HUNDRED = Rate(0.01)
ONE_A_DAY, SIX_A_DAY, THREE_A_DAY = Budget(1.0), Budget(6.0), Budget(3.0)
"""What is asked of the TEP plant, of servers, of the paper machine, and of its head."""

SERVERS = range(1, 7)
FAULTS = tuple(fault for fault in range(1, 22) if fault not in {3, 9, 15})
"""Those three change nothing that anybody ever saw."""

RULES, HEAD_RULES = Rules(), default_rules(with_head=True)
_HORIZON = RULES.rules[0].horizon
_FOUR_MINUTES, _, _HALF_AN_HOUR, _HOUR = HORIZONS
_N_LEFT_OUT = 5
_TEP = RecordingOptions(cadence=180.0, machine="te")
_ASD = RecordingOptions(cadence=300.0, label_column="anomaly", label_kind="rows")
PAPER_OPTIONS = RecordingOptions(
    time_format="%m/%d/%y %H:%M", time_zone="UTC", label_column="y", exclude=("x28", "x61")
)
"""Neither the grade nor a switch is a sensor."""

Numbers = dict[str, float]


class WithReferences(NamedTuple):
    """A model's numbers, and beside them those of references on the rows that it scored."""

    own: Numbers
    references: dict[str, list[Numbers]]


def tep(folder: Path, config: TrainingConfig) -> Numbers:
    """Learn the plant's normal run, and judge runs with a fault from their first row to the last.

    The plant's shutdown ends two of them: half of the sensors rest then. Where nothing can be
    scored an alert stays open, which is what an operator sees; both ways of counting are told.
    """
    normal = _read(folder, "tep", "run-00", _TEP)
    learned = learn(normal, config, rules=RULES, make_fitter=make_fitter)
    above, alarmed = [], []
    for fault in FAULTS:
        run = _read(folder, "tep", f"run-{fault:02}", _TEP)
        scored = score_by(learned, Fold(normal, run, follows=False), RULES)
        judged = judge(scored, RULES, ONE_IN_A_HUNDRED)
        above.append(judged.over.sum() / run.n_rows)
        alarmed.append((judged.over | (~judged.scored & judged.alarm)).sum() / run.n_rows)
    false = [
        judge(_scored(fold, config), RULES, ONE_IN_A_HUNDRED).over[block]
        for fold, block in _left_out(normal)
    ]
    return {
        "detected": float(np.mean(above)),
        "detected_or_stood": float(np.mean(alarmed)),
        "false": float(np.concatenate(false).mean()),
    }


def asd(folder: Path, config: TrainingConfig) -> Numbers:
    """Learn a month of each server, and judge the half month after it."""
    counted, volumes = [], []
    for server in SERVERS:
        history = _read(folder, "asd", f"server-{server}-train", _ASD, labelled=False)
        later = _read(folder, "asd", f"server-{server}-test", _ASD)
        judged = judge(_scored(Fold(history, later, follows=False), config), RULES, ONE_A_DAY)
        counted.append(count(judged, "rows", _HORIZON, fold=server))
        volumes.append(_volumes(judged, later))
    tally = Tally(counted)
    return {
        "prompt_recall": tally.recall("raised", _HOUR),
        "over_asked": tally.false_per_day / ONE_A_DAY.per_day,
        "prompt_recall_by_chance": tally.by_chance("raised", _HOUR),
        "false_per_day": tally.false_per_day,
        "alarm_share": tally.alarm_share,
        "vus_pr": float(np.mean([lowest for lowest, _ in volumes])),
        "vus_pr_held": float(np.mean([held for _, held in volumes])),
        "base_rate": tally.base_rate,
        "events": tally.n_events,
    }


def paper(folder: Path, config: TrainingConfig, *, way: str) -> Numbers:
    """Walk forward through the paper machine's weeks."""
    return _of_paper(
        judge(_scored(fold, config), RULES, SIX_A_DAY) for fold in _paper_folds(folder, way)
    )


def paper_with_references(folder: Path, config: TrainingConfig, *, way: str) -> WithReferences:
    """Judge the same rows also by chance, five times, and by a clock."""
    scored = [_scored(fold, config) for fold in _paper_folds(folder, way)]
    chance = [
        _of_paper(_by_reference(one, references.of_chance(seed, one)) for one in scored)
        for seed in range(5)
    ]
    clock = _of_paper(_by_reference(one, references.of_clock(one)) for one in scored)
    own = _of_paper(judge(one, RULES, SIX_A_DAY) for one in scored)
    return WithReferences(own, {RANDOM: chance, CLOCK: [clock]})


def paper_head(folder: Path, config: TrainingConfig, *, way: str) -> Numbers:
    """Judge the supervised head by its own rule."""
    return _by_heads(_headed(folder, config, way))


def paper_head_with_references(folder: Path, config: TrainingConfig, *, way: str) -> WithReferences:
    """Judge also what else could have learned from the labels."""
    # These load LightGBM.
    from trainer.backtest.supervised_references import LEARNERS, of_labels

    folds, alone = list(_headed(folder, config, way)), of_head_alone(HEAD_RULES)
    others = {
        name: [
            _of_head(judge_scores(one, alone, *of_labels(learn, one), THREE_A_DAY) for one in folds)
        ]
        for name, learn in LEARNERS.items()
    }
    return WithReferences(_by_heads(folds), others)


def _headed(folder: Path, config: TrainingConfig, way: str) -> Iterator[ScoredFold]:
    config = msgspec.structs.replace(config, head=True)
    for fold in _paper_folds(folder, way):
        yield score_fold(fold, config, rules=HEAD_RULES, make_fitter=make_fitter)


def _by_heads(folds: Iterable[ScoredFold]) -> Numbers:
    return _of_head(judge_head(scored, HEAD_RULES, THREE_A_DAY) for scored in folds)


def _of_head(folds: Iterable[Judged]) -> Numbers:
    rule = HEAD_RULES.rules[-1]
    tally = Tally(
        [
            count(judged, "event", rule.horizon, fold=fold, to_find=_HORIZON)
            for fold, judged in enumerate(folds)
        ]
    )
    followed, chance = {}, {}
    for horizon in HORIZONS:
        one, minutes = tally.followed(horizon), round(horizon / timedelta(minutes=1))
        followed[f"followed_{minutes}"] = one.share
        chance[f"followed_{minutes}_by_chance"] = one.by_chance
    return {
        "auc": tally.auc,
        "pr_auc": tally.average_precision,
        "base_rate": tally.base_rate,
        "false_per_day": tally.false_per_day,
        "over_asked": tally.false_per_day / THREE_A_DAY.per_day,
        "alerts": sum(one.n_raised for one in tally.folds),
        **followed,
        **chance,
        "recall": tally.recall("raised", _HALF_AN_HOUR),
        "recall_by_chance": tally.by_chance("raised", _HALF_AN_HOUR),
        "alarm_share": tally.alarm_share,
        "events": tally.n_events,
    }


def _by_reference(scored: ScoredFold, scores: references.ReferenceScores) -> Judged:
    ((_, judged),) = judge_reference(scored, RULES, [SIX_A_DAY.per_day], scores)
    return judged


def _of_paper(folds: Iterator[Judged]) -> Numbers:
    counted = [count(judged, "event", _HORIZON, fold=fold) for fold, judged in enumerate(folds)]
    tally, each = Tally(counted), [one.n_false / one.days for one in counted]
    standing = [one.n_standing_false / one.days for one in counted]
    return {
        "false_per_day": tally.false_per_day,
        "over_asked": tally.false_per_day / SIX_A_DAY.per_day,
        "least_of_folds": min(each),
        "most_of_folds": max(each),
        "recall": tally.recall("raised", _FOUR_MINUTES),
        "recall_by_chance": tally.by_chance("raised", _FOUR_MINUTES),
        "in_alarm_recall": tally.recall("standing", _FOUR_MINUTES),
        "in_alarm_recall_by_chance": tally.by_chance("standing", _FOUR_MINUTES),
        "standing_false_per_day": tally.standing_false_per_day,
        "standing_least_of_folds": min(standing),
        "standing_most_of_folds": max(standing),
        "alarm_share": tally.alarm_share,
        "auc": tally.auc,
        "pr_auc": tally.average_precision,
        "base_rate": tally.base_rate,
        "events": tally.n_events,
    }


def _paper_folds(folder: Path, way: str) -> tuple[Fold, ...]:
    recording = _read(folder, "paper-breaks", "paper-breaks", PAPER_OPTIONS)
    return walk_forward(hold(recording).recording if way == "held" else recording)


def _left_out(normal: Recording) -> Iterator[tuple[Fold, slice]]:
    """Leave out each fifth of a recording, and what is next to it on either side.

    All of it is judged, so that the detector comes to the fifth with its past, as it does live.
    """
    for block in blocks(normal.n_rows, _N_LEFT_OUT):
        kept = outside(block, normal.n_rows, n_purged=PURGED_ROWS)
        history = dataclasses.replace(
            normal, times=normal.times[kept], values=normal.values[kept], notes=()
        )
        yield Fold(history, normal, follows=False), block


def _volumes(judged: Judged, recording: Recording) -> tuple[float, float]:
    """Where nothing could be scored: the lowest score, or the one before."""
    held = np.full(recording.n_rows, np.nan)
    held[judged.rows] = judged.scores
    lowest = np.where(np.isnan(held), np.nanmin(held), held)
    before = np.maximum.accumulate(np.where(np.isnan(held), 0, np.arange(len(held))))
    labels = _labels(recording)
    return vus_pr(labels, lowest), vus_pr(labels, lowest[before])


def _labels(recording: Recording) -> NDArray[np.bool_]:
    if recording.labels is None:
        raise ValueError(f"{recording.machine} has no labels")
    return recording.labels


def _read(
    folder: Path, kind: str, name: str, options: RecordingOptions, *, labelled: bool = True
) -> Recording:
    if not labelled:
        options = dataclasses.replace(options, label_column=None)
    return read_recording(folder / kind / f"{name}.csv.gz", options)


def _scored(fold: Fold, config: TrainingConfig) -> ScoredFold:
    return score_fold(fold, config, rules=RULES, make_fitter=make_fitter)
