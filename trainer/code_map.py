"""The codes of a recording as a map of two dimensions: what the network tells apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from stream_detector.errors import TrainingError
from stream_detector.replay.recording import Recording
from trainer.codes import Codes
from trainer.regimes import find_regimes

MOST_POINTS = 1200
"""Of the map: about as many as can be told apart, in some 60 kB each time it is drawn."""

_MOST_POSITIVE = 300
"""Of these, rows to be warned at: all of them, if they are fewer."""


@dataclass(frozen=True, eq=False)
class CodeMap:
    """Rows in the plane in which their codes differ most; n of them, in time order.

    Parameters
    ----------
    places : float64 array, shape (n, 2)
        Principal components of the codes, whose units count alike.
    shares : (float, float)
        Share of the codes' variance along each.
    times : datetime64 array, shape (n,)
    positives : bool array, shape (n,)
        Rows to be warned at.
    kept_back : bool array, shape (n,)
    regimes : int array, shape (n,)
        Operating regime, counted from 1: the largest one.
    silhouette : float
        How clear the regimes are, from -1 to 1.
    n_units : int
        Of a code.
    n_codes : int
        Rows that have a code; n of them are drawn.
    """

    places: NDArray[np.float64]
    shares: tuple[float, float]
    times: NDArray[np.datetime64]
    positives: NDArray[np.bool_]
    kept_back: NDArray[np.bool_]
    regimes: NDArray[np.intp]
    silhouette: float
    n_units: int
    n_codes: int


def code_map(
    codes: Codes, recording: Recording, *, positives: NDArray[np.bool_], n_training: int
) -> CodeMap | None:
    """Lay out the codes of a recording; None where they hardly differ.

    Parameters
    ----------
    codes : Codes
    recording : Recording
    positives : bool array, shape (n rows,)
        Rows of the recording to be warned at.
    n_training : int
        Its first rows that could train.
    """
    kept = _some(positives[codes.rows])
    rows, drawn = codes.rows[kept], codes.codes[kept].astype(np.float64)
    try:
        regimes = find_regimes(drawn)
    except TrainingError:
        return None
    scaled = StandardScaler().fit_transform(drawn)
    if scaled.shape[1] == 1:
        scaled = np.hstack([scaled, np.zeros_like(scaled)])
    # Exact, so that the same codes give the same map.
    axes = PCA(n_components=2, svd_solver="full").fit(scaled)
    first, second = axes.explained_variance_ratio_.tolist()
    return CodeMap(
        places=axes.transform(scaled),
        shares=(first, second),
        times=recording.times[rows],
        positives=positives[rows],
        kept_back=rows >= n_training,
        regimes=regimes.labels,
        silhouette=regimes.silhouette,
        n_units=codes.codes.shape[1],
        n_codes=len(codes.rows),
    )


def _some(positives: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Choose rows evenly over time, those to be warned at by themselves.

    >>> rows = _some(np.arange(5000) % 1000 == 7)
    >>> len(rows), rows[:3].tolist(), 2007 in rows
    (1200, [0, 4, 7], True)
    """
    rare, usual = np.flatnonzero(positives), np.flatnonzero(~positives)
    rare = rare[_evenly(len(rare), min(len(rare), _MOST_POSITIVE))]
    usual = usual[_evenly(len(usual), min(len(usual), MOST_POINTS - len(rare)))]
    return np.sort(np.concatenate([rare, usual]))


def _evenly(n: int, n_kept: int) -> NDArray[np.intp]:
    return np.linspace(0, n - 1, n_kept).astype(np.intp)
