"""The way that published results were got, for comparison: rows drawn at random to be judged.

Its numbers say nothing of tomorrow. Readings follow each other by minutes, so almost every row
that is judged has a near copy among those that trained; and sensors wander over days, which is
what a detector has to live with, and never meets here.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from stream_detector.alerting.rules import Rules
from stream_detector.detection.threshold import Budget
from stream_detector.replay.recording import Recording
from trainer.backtest.folds import Fold, walk_forward
from trainer.backtest.judging import judge
from trainer.backtest.scoring import FitterMaker, score_fold
from trainer.backtest.windows import stretches_of, windows_of
from trainer.config import TrainingConfig
from trainer.history import rows_before_outcomes

WHY_WORTHLESS = (
    "A random split is worthless: neighbouring rows are near copies of each other, so a model is "
    "judged by rows that it has as good as seen, and never by a later day."
)

_ANY_BUDGET = Budget(6.0)


@dataclass(frozen=True, eq=False)
class RowScores:
    """Scores of the rows that judge a model, and which of them are to be warned at.

    Parameters
    ----------
    n_trained : int
        Normal rows that trained.
    scores : float64 array, shape (n,)
    positives : bool array, shape (n,)
    """

    n_trained: int
    scores: NDArray[np.float64]
    positives: NDArray[np.bool_]

    def as_json(self) -> dict[str, float | None]:
        """Give the figures as plain data; null where rows of one class are missing."""
        both = self.has_both_classes
        return {
            "rows_trained": self.n_trained,
            "rows": len(self.scores),
            "positives": int(self.positives.sum()),
            "roc_auc": self.auc if both else None,
            "pr_auc": self.average_precision if both else None,
        }

    @property
    def has_both_classes(self) -> bool:
        """Whether there are rows to be warned at, and others."""
        return bool(self.positives.any() and not self.positives.all())

    @property
    def auc(self) -> float:
        """Area under the ROC curve; NaN without rows of both classes."""
        if not self.has_both_classes:
            return np.nan
        return float(roc_auc_score(self.positives, self.scores))

    @property
    def average_precision(self) -> float:
        """Area under the precision-recall curve."""
        return float(average_precision_score(self.positives, self.scores))


def split_at_random(
    recording: Recording,
    config: TrainingConfig,
    *,
    rules: Rules,
    make_fitter: FitterMaker,
    share: float = 0.2,
    seed: int = 0,
) -> RowScores:
    """Train on rows drawn at random, and judge by the others.

    Parameters
    ----------
    recording : Recording
        With labels.
    config : TrainingConfig
    rules : Rules
    make_fitter : callable
    share : float
        Of the rows, those that judge.
    seed : int
        Of the draw.
    """
    judges = np.random.default_rng(seed).random(recording.n_rows) < share
    horizon = rules.rules[0].horizon
    labels = np.zeros(recording.n_rows, bool) if recording.labels is None else recording.labels
    # Labelled anomalous is what does not train: the rows that judge, and what is labelled itself.
    anomalous = labels | rows_before_outcomes(recording, horizon=horizon) | judges
    history = dataclasses.replace(recording, labels=anomalous, label_kind="rows")
    fold = Fold(history, recording, follows=False)
    return _scores(fold, judges, config, rules=rules, make_fitter=make_fitter)


def split_by_time(
    recording: Recording,
    config: TrainingConfig,
    *,
    rules: Rules,
    make_fitter: FitterMaker,
    share: float = 0.2,
) -> RowScores:
    """Train on the earlier rows, and judge by the others: the same in an honest way."""
    (fold,) = walk_forward(recording, (1 - share, 1.0))
    judges = np.ones(fold.judged.n_rows, bool)
    return _scores(fold, judges, config, rules=rules, make_fitter=make_fitter)


def _scores(
    fold: Fold,
    judges: NDArray[np.bool_],
    config: TrainingConfig,
    *,
    rules: Rules,
    make_fitter: FitterMaker,
) -> RowScores:
    scored = score_fold(fold, config, rules=rules, make_fitter=make_fitter)
    judged = judge(scored, rules, _ANY_BUDGET)
    of_event = fold.judged.label_kind == "event"
    windows = (
        windows_of(judged, "event", rules.rules[0].horizon) if of_event else stretches_of(judged)
    )
    counts = judged.scored & judges[judged.rows]
    positives = windows.rows(len(judged.rows))
    n_trained = len(scored.model.rows.times)
    return RowScores(n_trained, judged.scores[counts], positives[counts])
