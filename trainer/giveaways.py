"""Columns that give the answer away: taken for sensors, though they know of the outcome.

What learns from such a column looks perfect on every row of a recording, and is worth nothing live.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from stream_detector.alerting.rules import Rule
from stream_detector.errors import listed
from stream_detector.replay.outcomes import outcome_rows
from stream_detector.replay.recording import Recording
from trainer.history import rows_to_find

TOO_GOOD_AUC = 0.95
"""A head that learnt from 86 breaks of a real paper machine reached 0.75."""

ENOUGH_CASES = 5
"""Of so few, chance puts one of 59 sensors over it in one of a thousand recordings."""

_FEW_ONES = 0.2
"""Rows labelled anomalous were up to a tenth of a public recording."""


class Giveaway(NamedTuple):
    """A sensor that by itself ranks the rows to be warned at over the others, or under them.

    Parameters
    ----------
    sensor : str
    auc : float
        Area under the ROC curve of its value, in the better direction.
    """

    sensor: str
    auc: float


def giveaways(recording: Recording, rule: Rule) -> tuple[Giveaway, ...]:
    """Find the sensors that rank too well, the best first; none where there are few cases.

    A row is to be warned at shortly before an outcome, or where it is labelled anomalous. The
    rows of outcomes say nothing: there everybody knows.
    """
    positives = rows_to_find(recording, rule)
    judged = ~outcome_rows(recording)
    found = []
    for sensor, values in zip(recording.sensors, recording.values.T, strict=True):
        known = ~np.isnan(values)
        if _n_cases(positives & known) < ENOUGH_CASES or (positives | ~known)[judged].all():
            continue
        rows = judged & known
        auc = float(roc_auc_score(positives[rows], values[rows]))
        if (best := max(auc, 1 - auc)) > TOO_GOOD_AUC:
            found.append(Giveaway(sensor, best))
    return tuple(sorted(found, key=lambda one: -one.auc))


def notes_on_label_likes(recording: Recording) -> tuple[str, ...]:
    """Name the sensors that are 0 but for a few rows with a 1, as a label is."""
    values = recording.values
    n_ones = (values == 1).sum(axis=0)
    is_of_two = ((values == 0) | (values == 1) | np.isnan(values)).all(axis=0)
    few = is_of_two & (n_ones > 0) & (n_ones <= _FEW_ONES * recording.n_rows)
    names = [recording.sensors[i] for i in np.flatnonzero(few)]
    if not names:
        return ()
    remedy = "name it with --label-column" if recording.labels is None else "--exclude it"
    return (
        f"{listed(names)}: taken as {'a sensor' if len(names) == 1 else 'sensors'}, but 1 in few "
        f"rows and else 0, as a label is; if one tells of outcomes, {remedy}",
    )


def _n_cases(positives: NDArray[np.bool_]) -> int:
    """Count the stretches of rows to be warned at; neighbours are near copies.

    >>> _n_cases(np.array([True, True, False, True, False]))
    2
    """
    return int(np.count_nonzero(np.diff(positives, prepend=False) & positives))
