"""The head on the recording of a real paper machine: what it was shown to do, and no leak."""

import dataclasses
import itertools
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from stream_detector.alerting.rules import BREAK_LIKELY
from stream_detector.replay.recording import RecordingOptions, read_recording
from tests.requirements import require_recordings
from tests.small_head import RULES
from trainer.head import fit_trees, learnable
from trainer.head_graph import principal_axes
from trainer.history import measure_timing
from trainer.labelled_rows import LabelledRows, label_rows
from trainer.training_rows import prepare

pytestmark = [pytest.mark.recording, pytest.mark.slow, pytest.mark.timeout(600)]

OPTIONS = RecordingOptions(
    time_format="%m/%d/%y %H:%M", time_zone="UTC", label_column="y", exclude=("x28", "x61")
)
FOLD_EDGES = (0.40, 0.52, 0.64, 0.76, 0.88, 1.0)

LEAK = 0.83
"""A better AUC than this on the recording has seen what it judges."""


@pytest.fixture(scope="module")
def folds() -> list[tuple[LabelledRows, int]]:
    """Each fold behind all rows before it, conditioned by those alone; the number of its first."""
    path = Path(require_recordings(), "paper-breaks", "paper-breaks.csv.gz")
    if not path.exists():
        pytest.skip(f"there is no {path.name}")
    recording = read_recording(path, OPTIONS)
    timing, found = measure_timing(recording), []
    for begin, end in itertools.pairwise(FOLD_EDGES):
        cut, stop = (round(share * recording.n_rows) for share in (begin, end))
        trained = prepare(recording.slice(0, cut), timing, window_size=5, rules=RULES)
        rows = label_rows(
            recording.slice(0, stop),
            timing,
            principal_axes(trained.deviations),
            trained=trained,
            rules=RULES,
            rule=BREAK_LIKELY,
        )
        found.append((rows, int(np.searchsorted(rows.times, recording.times[cut]))))
    return found


def auc(folds: list[tuple[LabelledRows, int]]) -> float:
    """Area under the ROC curve over all folds, each rated by what was learned before it."""
    ratings, positives = [], []
    for rows, first in folds:
        learn = partial(fit_trees, seed=0)
        rate = learn(rows, learnable(rows, rule=BREAK_LIKELY, n_rows=first))
        ratings.append(rate(rows.features[first:]))
        positives.append(rows.positives[first:])
    return float(roc_auc_score(np.concatenate(positives), np.concatenate(ratings)))


def test_it_tells_the_minutes_before_a_break(folds: list[tuple[LabelledRows, int]]) -> None:
    # It was .745: another processor may round another way.
    assert 0.73 < auc(folds) < LEAK


def test_moved_labels_teach_it_nothing(folds: list[tuple[LabelledRows, int]]) -> None:
    moved = [
        (
            dataclasses.replace(
                rows, positives=np.roll(rows.positives, 300), near=np.roll(rows.near, 300)
            ),
            first,
        )
        for rows, first in folds
    ]

    assert 0.4 < auc(moved) < 0.6
