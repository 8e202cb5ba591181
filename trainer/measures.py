"""What the rows kept back measure: the numbers behind the report's figures and sentences.

Nothing is made up: what needs labels, or rows of both classes, is None without them.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

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

from stream_detector.alerting.ledger import Fate
from trainer.evaluation import Evaluation
from trainer.thinning import FloatArray, Peaks, peaks, thinned

_MAX_BARS = 200
_95_PERCENT = 1.959964


class Confusion(NamedTuple):
    """Rows by what they were and by whether they were over the threshold in force."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    @property
    def recall(self) -> float | None:
        """Share of the positive rows that were over the threshold."""
        positives = self.true_positives + self.false_negatives
        return self.true_positives / positives if positives else None

    @property
    def precision(self) -> float | None:
        """Share of the rows over the threshold that were positive."""
        over = self.true_positives + self.false_positives
        return self.true_positives / over if over else None

    @property
    def false_positive_rate(self) -> float | None:
        """Share of the negative rows that were over the threshold."""
        negatives = self.true_negatives + self.false_positives
        return self.false_positives / negatives if negatives else None

    @property
    def share_over(self) -> float:
        """Share of all rows over the threshold: the recall of as many rows drawn at random."""
        return (self.true_positives + self.false_positives) / max(sum(self), 1)


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
        Where F1 is highest: known in hindsight only.
    """

    thresholds: FloatArray
    precision: FloatArray
    recall: FloatArray
    roc: tuple[FloatArray, FloatArray]
    auc: float
    average_precision: float
    base_rate: float
    best_threshold: float
    best_f1: float


@dataclass(frozen=True, eq=False)
class Measures:
    """All that the rows kept back measure.

    Parameters
    ----------
    evaluation : Evaluation
    normal, positive : Peaks
        Scores of the rows that were not to be warned at, and of those that were.
    by_day : DataFrame
        A row per bar (usually a day), indexed by its beginning: alerts raised by ``Fate``,
        scored ``rows``, and the bar's ``days``.
    confusion : Confusion or None
        None without labels.
    curves : Curves or None
        None without labels, or without rows of both classes.
    """

    evaluation: Evaluation
    normal: Peaks
    positive: Peaks
    by_day: pd.DataFrame
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

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """Bounds of the recall of outcomes at 95 % confidence; None where there was none."""
        card = self.evaluation.card
        return wilson_interval(len(card.leads), card.n_outcomes) if card.n_outcomes else None

    @property
    def n_stretches(self) -> int:
        """Stretches of positive rows that follow each other."""
        positives = self.evaluation.positives
        return int(np.count_nonzero(np.diff(positives, prepend=False) & positives))

    @property
    def interval_of_rows(self) -> tuple[float, float] | None:
        """Bounds of the recall of positive rows at 95 % confidence; None where it is unknown.

        The rows of a stretch are near copies of each other: a stretch counts as one trial.
        """
        if self.confusion is None or self.confusion.recall is None:
            return None
        return wilson_interval(self.confusion.recall * self.n_stretches, self.n_stretches)


def measure(evaluation: Evaluation) -> Measures:
    """Measure the rows kept back."""
    return Measures(
        evaluation,
        _peaks(evaluation, ~evaluation.positives),
        _peaks(evaluation, evaluation.positives),
        _by_day(evaluation),
        _confusion(evaluation),
        _curves(evaluation),
    )


def wilson_interval(n_hits: float, n_trials: int) -> tuple[float, float]:
    """Bound the share behind so many hits at 95 % confidence.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    >>> [round(bound, 3) for bound in wilson_interval(4, 18)]
    [0.09, 0.452]
    """
    share, weight = n_hits / n_trials, _95_PERCENT**2 / n_trials
    spread = math.sqrt(share * (1 - share) * weight + weight * weight / 4)
    low, high = share + weight / 2 - spread, share + weight / 2 + spread
    return max(low / (1 + weight), 0.0), min(high / (1 + weight), 1.0)


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


def _by_day(evaluation: Evaluation) -> pd.DataFrame:
    alerts = evaluation.alerts
    rows = pd.Series(1, index=pd.DatetimeIndex(evaluation.times)).resample("D").sum()
    raised = pd.to_datetime([alert.raised for alert in alerts], utc=True).tz_localize(None)
    fates = {
        fate.value: np.array([alert.fate is fate for alert in alerts], np.int64) for fate in Fate
    }
    counts = pd.DataFrame(fates, index=raised).resample("D").sum()
    table = counts.reindex(rows.index, fill_value=0).assign(rows=rows, days=1)
    # More bars than a screen can show apart become bars of several days.
    days_per_bar = math.ceil(len(table) / _MAX_BARS)
    return table.resample(f"{days_per_bar}D").sum()


def _confusion(evaluation: Evaluation) -> Confusion | None:
    if evaluation.label_kind is None:
        return None
    over = evaluation.scores > evaluation.thresholds
    matrix = confusion_matrix(evaluation.positives, over, labels=[False, True])
    return Confusion(*matrix.ravel().tolist())


def _curves(evaluation: Evaluation) -> Curves | None:
    positives, scores = evaluation.positives, evaluation.scores
    if evaluation.label_kind is None or positives.all() or not positives.any():
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
    )
