"""What the rows kept back measure: the numbers behind the report's figures and sentences.

Nothing is made up: what needs labels, or rows of both classes, is None without them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from trainer.alert_counts import Week, by_day, by_week
from trainer.confusion import Confusion
from trainer.evaluation import Evaluation
from trainer.found import Found, found, wilson_interval
from trainer.history import stretches
from trainer.thinning import Peaks, peaks, thinned


@dataclass(frozen=True, eq=False)
class Curves:
    """How well the score parts positive rows from the others, at every threshold.

    Parameters
    ----------
    thresholds, precision, recall : float64 arrays, shape (<= 500,)
        Of the rows whose score is at least the threshold, thresholds rising.
    roc : tuple of two float64 arrays, shape (<= 500,)
        False positive rate and recall, both rising.
    auc : float
        Area under the ROC curve; 0.5 is chance.
    average_precision, base_rate : float
        Area under the precision-recall curve, and the share of positive rows, its chance.
    best_threshold, best_f1 : float
        Where F1 is highest: chosen on the rows that it judges, so not to be believed.
    at_best : Confusion
        Rows at that threshold.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    roc: tuple[NDArray[np.float64], NDArray[np.float64]]
    auc: float
    average_precision: float
    base_rate: float
    best_threshold: float
    best_f1: float
    at_best: Confusion

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall at every threshold."""
        total = self.precision + self.recall
        return np.asarray(2 * self.precision * self.recall / np.maximum(total, 1e-12))


@dataclass(frozen=True, eq=False)
class Measures:
    """All that the rows kept back measure.

    Parameters
    ----------
    evaluation : Evaluation
    normal, positive : Peaks
        Scores of the rows that were not to be warned at, and of those that were.
    by_day : DataFrame
        Alerts of every day.
    by_week : tuple of Week
        False alerts of every week.
    confusion : Confusion or None
        None without labels.
    curves : Curves or None
        None without labels, or without rows of both classes.
    """

    evaluation: Evaluation
    normal: Peaks
    positive: Peaks
    by_day: pd.DataFrame
    by_week: tuple[Week, ...]
    confusion: Confusion | None
    curves: Curves | None

    @property
    def class_names(self) -> tuple[str, str]:
        """What to call the rows that were not to be warned at, and those that were."""
        if self.evaluation.label_kind is None:
            return "rows kept back", "rows to be warned at"
        of_rows = self.evaluation.label_kind == "rows"
        positive = "anomalous rows" if of_rows else "rows before an outcome"
        return "normal rows kept back", positive

    @cached_property
    def found(self) -> Found:
        """How many outcomes or labelled stretches the alerts found."""
        return found(self.evaluation)

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """Bounds of the recall of outcomes at 95 % confidence; None where there was none."""
        card = self.evaluation.card
        return wilson_interval(len(card.leads), card.n_outcomes) if card.n_outcomes else None

    @property
    def found_of_rows(self) -> Found | None:
        """How much was over the threshold of what was labelled; None where there was nothing.

        The rows of a stretch are near copies of each other: a stretch counts as one trial, and
        the share of its rows that was over rounds to hits among them.
        """
        if self.confusion is None or self.confusion.recall is None:
            return None
        n_stretches = len(stretches(self.evaluation.positives)[0])
        n_over = round(self.confusion.recall * n_stretches)
        return Found(n_over, n_stretches, self.confusion.share_over)


def measure(evaluation: Evaluation) -> Measures:
    """Measure the rows kept back."""
    return Measures(
        evaluation,
        _peaks(evaluation, ~evaluation.positives),
        _peaks(evaluation, evaluation.positives),
        by_day(evaluation),
        by_week(evaluation),
        _confusion(evaluation),
        None if evaluation.label_kind is None else curves(evaluation.positives, evaluation.scores),
    )


def best_f1(positives: NDArray[np.bool_], scores: NDArray[np.float64]) -> tuple[float, float]:
    """Give the threshold with the best F1, the harmonic mean of precision and recall, and that.

    Examples
    --------
    Over 2.5 are three rows, two of which are the positive ones: precision 2/3, recall 1.

    >>> best_f1(np.array([False, False, True, False, True]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    (2.5, 0.8)
    """
    precision, recall, thresholds = precision_recall_curve(positives, scores)
    f1 = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1]
    best = int(f1.argmax())
    # Between the lowest score over it and the next: the same rows by > as by >=.
    below = thresholds[best - 1] if best else 0.0
    return float((thresholds[best] + below) / 2), float(f1[best])


def _peaks(evaluation: Evaluation, rows: NDArray[np.bool_]) -> Peaks:
    scores, thresholds = evaluation.scores[rows], evaluation.thresholds[rows]
    return peaks(evaluation.times[rows], scores, thresholds, within=evaluation.times)


def _confusion(evaluation: Evaluation) -> Confusion | None:
    if evaluation.label_kind is None:
        return None
    return _confusion_at(evaluation.positives, evaluation.scores > evaluation.thresholds)


def _confusion_at(positives: NDArray[np.bool_], over: NDArray[np.bool_]) -> Confusion:
    return Confusion(*confusion_matrix(positives, over, labels=[False, True]).ravel().tolist())


def curves(positives: NDArray[np.bool_], scores: NDArray[np.float64]) -> Curves | None:
    """Measure how well scores part positive rows from the others; None without both."""
    if positives.all() or not positives.any():
        return None
    precision, recall, thresholds = precision_recall_curve(positives, scores)
    # The curve's last point stands for a threshold above all scores; nothing is there to see.
    precision, recall = precision[:-1], recall[:-1]
    best_threshold, f1 = best_f1(positives, scores)
    false_positive_rate, true_positive_rate, _ = roc_curve(positives, scores)
    at_thresholds = thinned(thresholds, precision, recall)
    of_roc = thinned(false_positive_rate, true_positive_rate)
    return Curves(
        thresholds=at_thresholds[0],
        precision=at_thresholds[1],
        recall=at_thresholds[2],
        roc=(of_roc[0], of_roc[1]),
        auc=float(roc_auc_score(positives, scores)),
        average_precision=float(average_precision_score(positives, scores)),
        base_rate=float(positives.mean()),
        best_threshold=best_threshold,
        best_f1=f1,
        at_best=_confusion_at(positives, scores > best_threshold),
    )
