"""What each row of a history counts for: one that is far out for less than the others.

A history that nobody has labelled holds faults too. A few rows far out would draw an axis of
a whitening to themselves, and make its variance so large that no later fault stands out along
it; a network would learn to give them back. They still count in full where thresholds are
measured: an alert that they would have raised is one.
"""

import numpy as np
from numpy.typing import NDArray

_TRUSTED_SHARE = 0.98
"""Rows that count in full where rows are weighed; 0.95 and 0.995 detect alike."""


def weigh(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say what each row should count for, given its score out of sample; shape (n,), up to 1.

    A score is a mean of squares, and a row beyond the 98 % quantile counts for as much as makes
    its squares those of a row just there.

    References
    ----------
    Maronna (1976), "Robust M-estimators of multivariate location and scatter", Annals of
    Statistics 4(1): Huber's weights; here in one step, from scores out of sample.

    Examples
    --------
    >>> weigh(np.array([1.0] * 99 + [4.0]))[-2:]
    array([1.  , 0.25])
    """
    limit = max(float(np.quantile(scores, _TRUSTED_SHARE)), np.finfo(float).tiny)
    return np.asarray(limit / np.maximum(scores, limit))


def draw(weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """Draw as many rows as there are, by weight: at even steps, so all of them where none is less.

    >>> draw(np.array([1.0, 1.0, 0.2, 1.0, 0.8]))
    array([0, 1, 1, 3, 4])
    """
    total = np.cumsum(weights)
    steps = (np.arange(len(weights)) + 0.5) / len(weights) * total[-1]
    return np.asarray(np.searchsorted(total, steps))
