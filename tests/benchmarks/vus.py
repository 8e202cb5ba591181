"""Volume under the precision-recall surface: how well scores find stretches, whatever the limit.

An anomaly's begin and end are never labelled to the row, so a score that rises a little before or
falls a little after is not wrong. Labels are widened by a soft edge, and the area under the
precision-recall curve is averaged over the widths of that edge.
"""

import numpy as np
from numpy.typing import NDArray

_N_LEVELS = 250


def vus_pr(labels: NDArray[np.bool_], scores: NDArray[np.float64], *, widest: int = 20) -> float:
    """Average the area under the precision-recall curve over soft edges of 0 to so many rows.

    Parameters
    ----------
    labels : bool array, shape (n,)
        With one labelled stretch at least.
    scores : float64 array, shape (n,)
        High = anomalous.
    widest : int
        Rows of the widest edge, half of it on either side.

    Returns
    -------
    float
        1 is perfect; by chance it is little more than the share of labelled rows.

    References
    ----------
    Paparrizos et al. (2022), "Volume under the surface: a new accuracy evaluation measure for
    time-series anomaly detection", PVLDB 15(11). Levels, merged stretches and the share of them
    that is touched are as in Liu, Paparrizos (2024), "The elephant in the room" (TSB-AD).

    Examples
    --------
    >>> labels = np.arange(100) // 10 == 4
    >>> round(vus_pr(labels, labels * 1.0, widest=0), 3)
    1.0
    """
    order = np.argsort(-scores, kind="stable")
    levels = scores[order][np.linspace(0, len(scores) - 1, _N_LEVELS).astype(int)]
    n_over = np.searchsorted(-scores[order], -levels, side="right")
    areas = [_area(labels, scores, order, levels, n_over, width) for width in range(widest + 1)]
    return float(np.mean(areas))


def _area(
    labels: NDArray[np.bool_],
    scores: NDArray[np.float64],
    order: NDArray[np.intp],
    levels: NDArray[np.float64],
    n_over: NDArray[np.intp],
    width: int,
) -> float:
    soft = _soften(labels, width)
    found = np.concatenate([[0.0], soft[order].cumsum()])[n_over]
    # What is found of the edges counts to what there was to find, by half.
    n_labelled = labels.sum()
    edges = found - np.concatenate([[0], labels[order].cumsum()])[n_over]
    touched = _touched(labels, scores, levels, width)
    recall = np.minimum(found / (n_labelled + edges / 2), 1.0) * touched
    return float((np.diff(recall, prepend=0.0) * found / n_over).sum())


def _soften(labels: NDArray[np.bool_], width: int) -> NDArray[np.float64]:
    """Add an edge on either side of each stretch that falls with the root of the distance."""
    soft = labels.astype(float)
    begins, ends = _stretches(labels)
    for distance in range(1, width // 2 + 1):
        weight = np.sqrt(1 - distance / width)
        for rows in (begins - distance, ends - 1 + distance):
            inside = rows[(rows >= 0) & (rows < len(soft))]
            soft[inside] += weight
    return np.where(labels, 1.0, np.minimum(soft, 1.0))


def _touched(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], levels: NDArray[np.float64], width: int
) -> NDArray[np.float64]:
    """Share of the stretches, edges included, in which a score reaches each level."""
    begins, ends = _stretches(labels)
    begins, ends = np.maximum(begins - width // 2, 0), np.minimum(ends + width // 2, len(labels))
    # Stretches whose edges overlap are one.
    apart = np.concatenate([[True], begins[1:] >= ends[:-1]])
    ends = ends[np.append(apart[1:], True)]
    peaks = [scores[begin:end].max() for begin, end in zip(begins[apart], ends, strict=True)]
    return np.asarray((np.array(peaks)[:, None] >= levels).mean(axis=0))


def _stretches(labels: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    edges = np.diff(labels.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
