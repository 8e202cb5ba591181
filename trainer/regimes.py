"""Operating regimes: groups of codes that are near each other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from stream_detector.errors import TrainingError

MOST_REGIMES = 8
"""Of those that are tried: an engineer cannot tell more apart."""

CLEAR = 0.25
"""Silhouette below which there is no substantial structure (Kaufman and Rousseeuw, 1990)."""

_SAMPLE = 2000
"""Codes whose silhouettes are compared: it takes the square of their number."""

_STARTS = 3
"""Of k-means, which may end in a poor place; the best one counts."""


class Regimes(NamedTuple):
    """Groups of codes.

    Parameters
    ----------
    labels : integer array, shape (n,)
        Regime of each code, counted from 1: the largest one.
    silhouette : float
        How much nearer codes are to their own regime than to the next, from -1 to 1; high is
        clear.
    """

    labels: NDArray[np.intp]
    silhouette: float

    @property
    def sizes(self) -> list[int]:
        """Codes in each regime, falling."""
        sizes: list[int] = np.bincount(self.labels)[1:].tolist()
        return sizes


def find_regimes(
    codes: NDArray[np.floating], *, n_regimes: int | None = None, seed: int = 0
) -> Regimes:
    """Group codes by k-means, into as many regimes as are asked for or are clearest.

    The units of a code count alike, whatever their scale.

    Parameters
    ----------
    codes : float array, shape (n, k)
    n_regimes : int, optional
        Default is the number from 2 to 8 with the highest silhouette.
    seed : int

    Raises
    ------
    TrainingError
        If there are not more codes than regimes.

    References
    ----------
    Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of
    cluster analysis", J. Comput. Appl. Math. 20.

    Examples
    --------
    >>> low, high = np.linspace(0, 1, 40), np.linspace(10, 11, 20)
    >>> found = find_regimes(np.concatenate([high, low])[:, None])
    >>> found.labels.tolist() == [2] * 20 + [1] * 40, found.silhouette > 0.9
    (True, True)
    """
    n_distinct, n_least = len(np.unique(codes, axis=0)), n_regimes or 2
    if n_distinct <= n_least:
        raise TrainingError(
            f"{n_distinct} different codes are too few for {n_least} regimes; bring more rows"
        )
    scaled = StandardScaler().fit_transform(codes)
    most = min(MOST_REGIMES, n_distinct - 1)
    tried = range(2, most + 1) if n_regimes is None else (n_regimes,)
    # Among threads the sums, and with them the groups, would depend on their number.
    with threadpool_limits(limits=1):
        found = [_group(scaled, n, seed) for n in tried]
    return max(found, key=lambda one: one.silhouette)


def _group(codes: NDArray[np.float64], n_regimes: int, seed: int) -> Regimes:
    groups = KMeans(n_regimes, n_init=_STARTS, random_state=seed).fit_predict(codes)
    sample = min(len(codes), _SAMPLE)
    clear = silhouette_score(codes, groups, sample_size=sample, random_state=seed)
    order = np.argsort(-np.bincount(groups, minlength=n_regimes), kind="stable")
    return Regimes(1 + np.argsort(order)[groups], float(clear))
