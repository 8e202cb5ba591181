"""A recording is cut by time, and nothing that comes later is learned from."""

import pytest

from stream_detector.errors import SettingsError
from tests.small_models import normal_recording
from trainer.backtest.folds import CUTS, walk_forward


def test_each_fold_is_trained_on_all_rows_before_it() -> None:
    recording = normal_recording(100)

    folds = walk_forward(recording)

    assert [fold.history.n_rows for fold in folds] == [40, 52, 64, 76, 88]
    assert sum(fold.judged.n_rows for fold in folds) == 60
    for fold in folds:
        assert fold.history.times.max() < fold.judged.times.min()
        assert (fold.history.times == recording.times[: fold.history.n_rows]).all()


@pytest.mark.parametrize("cuts", [(), (0.5,), (0.5, 0.5), (0.6, 0.5), (0.0, 0.5), (0.5, 1.1)])
def test_cuts_that_make_no_folds_are_refused(cuts: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="give rising shares between 0 and 1"):
        walk_forward(normal_recording(100), cuts)


def test_a_recording_of_few_rows_has_no_room_for_folds() -> None:
    with pytest.raises(SettingsError, match="of 3 rows"):
        walk_forward(normal_recording(3), CUTS)
