"""What else could have learned from the labels: references to hold a head against.

Both are what is done first about rare outcomes: all but a few of the rows that are not
before one are thrown away, so that both classes have as many, and a common classifier is
fitted. They see what a head sees, and learn from the same rows; none is ever exported.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from stream_detector.bundle.graph import OnnxHead
from stream_detector.detection.head import lay_out
from stream_detector.detection.threshold import Limits
from trainer.backtest.scoring import ScoredFold
from trainer.head import Learner, Rating, calibrate, learnable, walk_forward
from trainer.head_graph import features_graph, principal_axes
from trainer.labelled_rows import LabelledRows

_N_TREES = 300


def undersampled_forest(rows: LabelledRows, numbers: NDArray[np.intp], *, seed: int) -> Rating:
    """Learn from some rows by a random forest; rate features by the share of its votes."""
    drawn = balanced(rows.positives, numbers, seed=seed)
    forest = RandomForestClassifier(_N_TREES, random_state=seed, n_jobs=1)
    forest.fit(rows.features[drawn], rows.positives[drawn])
    return lambda features: np.asarray(forest.predict_proba(features)[:, 1])


def undersampled_svm(rows: LabelledRows, numbers: NDArray[np.intp], *, seed: int) -> Rating:
    """Learn from some rows by a support vector machine; rate features by its distance."""
    drawn = balanced(rows.positives, numbers, seed=seed)
    machine = make_pipeline(StandardScaler(), SVC())
    machine.fit(rows.features[drawn], rows.positives[drawn])
    return lambda features: np.asarray(machine.decision_function(features))


LEARNERS: Mapping[str, Learner] = {
    "undersampled forest": partial(undersampled_forest, seed=0),
    "undersampled SVM": partial(undersampled_svm, seed=0),
}


def of_labels(learn: Learner, scored: ScoredFold) -> tuple[NDArray[np.float64], Limits]:
    """Learn from the rows that the head of a fold learned from, and score the judged rows.

    Returns
    -------
    scores : float64 array, shape (number of scored rows,)
    limits : Limits
        Measured as the head's are, on rows that were rated out of sample.

    Raises
    ------
    ValueError
        If the model has no head.
    """
    head = scored.model.head
    if head is None:
        raise ValueError("labels are learned from beside a head, but the model has none")
    n_sensors = scored.model.rows.features.n_sensors
    see = OnnxHead(
        features_graph(principal_axes(scored.model.rows.deviations)),
        n_sensors=n_sensors,
        output="features",
    )
    memories = [one.scored.head_rows for one in scored.verdicts]
    features = see(*lay_out([one for one in memories if one is not None], n_sensors=n_sensors))
    curve, limits = calibrate(
        head.rows,
        walk_forward(head.rows, learn, rule=head.rule),
        rule=head.rule,
        readings_per_day=scored.bundle.model.limits.readings_per_day,
    )
    rate = learn(head.rows, learnable(head.rows, rule=head.rule))
    return curve(np.exp(rate(features))), limits


def balanced(
    positives: NDArray[np.bool_], numbers: NDArray[np.intp], *, seed: int
) -> NDArray[np.intp]:
    """Draw as many of the others as there are positives among rows of these numbers.

    >>> positives = np.array([True, False, False, True, False, False, False])
    >>> drawn = balanced(positives, np.arange(1, 7), seed=0)
    >>> positives[drawn].tolist()
    [True, False]
    """
    found, others = numbers[positives[numbers]], numbers[~positives[numbers]]
    rng = np.random.default_rng(seed)
    return np.concatenate([found, rng.choice(others, min(len(found), len(others)), replace=False)])
