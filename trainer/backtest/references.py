"""Scores that any detector has to beat, on the rows of a fold that a model has scored.

Each gives scores of the training rows that are out of sample, as the model's are, and scores of
the judged rows; both on the model's scale, -log10 of the probability of so high a score in normal
operation. So the same limits, controller and alert policy judge them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.svm import OneClassSVM

from trainer.backtest.scoring import ScoredFold
from trainer.calibration import fit_curve
from trainer.training_rows import TrainingRows
from trainer.whitening import PURGED_ROWS, blocks, outside

Rows = NDArray[np.floating]
Score = Callable[[Rows], NDArray[np.float64]]
"""From rows, shape (n, p), to scores, shape (n,): high = anomalous."""

_N_BLOCKS = 5

_EXPLAINED = 0.9
"""Share of the variance that the principal components keep; the rest is their residual."""

_RIDGE = 0.01
"""Of the mean variance, added to each: an unregularised covariance of many sensors is useless."""

_SVM_ROWS = 4000
"""A support vector machine takes the square of its rows in time: these, evenly spread."""

_OUTLIERS = 0.01
"""Share of the training rows that the support vector machine leaves outside."""

_LEAST_SUPPORT = 1e-30
"""Far from all support vectors their kernels are 0."""


@dataclass(frozen=True, eq=False)
class ReferenceScores:
    """What a reference makes of a fold.

    Parameters
    ----------
    training : float64 array, shape (n training rows,)
        Out of sample.
    judged : float64 array, shape (n scored rows,)
    """

    training: NDArray[np.float64]
    judged: NDArray[np.float64]


def pca_t2(rows: Rows) -> Score:
    """Hotelling's T2: distance within the plane of the principal components.

    Jackson, Mudholkar (1979), "Control procedures for residuals associated with principal
    component analysis", Technometrics 21.
    """
    pca = PCA(_EXPLAINED, svd_solver="full").fit(rows)

    def score(new: Rows) -> NDArray[np.float64]:
        along = pca.transform(new) / np.sqrt(pca.explained_variance_)
        return np.asarray(np.square(along).sum(axis=1))

    return score


def pca_q(rows: Rows) -> Score:
    """Q, the squared prediction error: distance from the plane of the principal components."""
    pca = PCA(_EXPLAINED, svd_solver="full").fit(rows)

    def score(new: Rows) -> NDArray[np.float64]:
        return np.asarray(np.square(new - pca.inverse_transform(pca.transform(new))).sum(axis=1))

    return score


def ridge_mahalanobis(rows: Rows) -> Score:
    """Mahalanobis distance of single readings, by a covariance with a ridge."""
    mean, covariance = rows.mean(axis=0), np.atleast_2d(np.cov(rows.T))
    ridge = _RIDGE * np.trace(covariance) / len(covariance)
    precision = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))
    return lambda new: np.einsum("ij,jk,ik->i", new - mean, precision, new - mean)


def one_class_svm(rows: Rows) -> Score:
    """How many times less a reading is supported than the outermost training rows.

    Schoelkopf, Platt, Shawe-Taylor, Smola, Williamson (2001), "Estimating the support of a
    high-dimensional distribution", Neural Computation 13.
    """
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _SVM_ROWS)).astype(np.intp)]
    svm = OneClassSVM(nu=_OUTLIERS, gamma="scale").fit(some)
    return lambda new: svm.offset_[0] / np.maximum(svm.score_samples(new), _LEAST_SUPPORT)


def isolation_forest(rows: Rows) -> Score:
    """How soon random cuts isolate a reading; Liu, Ting, Zhou (2008), "Isolation forest"."""
    forest = IsolationForest(random_state=0).fit(rows)
    return lambda new: -forest.score_samples(new)


ALWAYS: Mapping[str, Callable[[Rows], Score]] = {
    "PCA T2": pca_t2,
    "PCA Q": pca_q,
    "ridge Mahalanobis": ridge_mahalanobis,
}
"""References that stand beside every result ..."""

IN_COMPARISONS: Mapping[str, Callable[[Rows], Score]] = {
    "one-class SVM": one_class_svm,
    "isolation forest": isolation_forest,
}
"""... and those that take longer."""


def of_rows(fit: Callable[[Rows], Score], scored: ScoredFold) -> ReferenceScores:
    """Fit a reference to the newest reading of the model's own training rows, and score by it."""
    rows = scored.model.rows.windows[:, -1].astype(np.float64)
    training = np.empty(len(rows))
    for block in blocks(len(rows), _N_BLOCKS):
        learn_from = outside(block, len(rows), n_purged=PURGED_ROWS)
        training[block] = fit(rows[learn_from])(rows[block])
    return _on_one_scale(training, fit(rows)(scored.rows.astype(np.float64)))


def of_chance(seed: int, scored: ScoredFold) -> ReferenceScores:
    """Draw every score at random."""
    rng = np.random.default_rng(seed)
    training, judged = rng.random(len(scored.model.rows.times)), rng.random(len(scored.rows))
    return _on_one_scale(training, judged)


def of_clock(scored: ScoredFold) -> ReferenceScores:
    """Score a reading by the time since its run began: the sooner after a restart, the higher."""
    ages = [
        one.scored.reading.time - one.scored.run_start
        for one in scored.verdicts
        if one.scored.score is not None and one.scored.run_start is not None
    ]
    judged = np.array([age / timedelta(minutes=1) for age in ages])
    return _on_one_scale(1 / (1 + _ages(scored.model.rows)), 1 / (1 + judged))


def _ages(rows: TrainingRows) -> NDArray[np.float64]:
    """Minutes since the first normal row of each training row's run."""
    first = np.searchsorted(rows.run_numbers, rows.run_numbers)
    ages: NDArray[np.float64] = (rows.times - rows.times[first]) / np.timedelta64(1, "m")
    return ages


def _on_one_scale(training: NDArray[np.float64], judged: NDArray[np.float64]) -> ReferenceScores:
    curve = fit_curve(training)
    return ReferenceScores(curve(training), curve(judged))
