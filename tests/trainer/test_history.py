"""A history: its rhythm, split by time, labelled by the clock."""

import dataclasses
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from stream_detector.replay.recording import Recording
from tests.small_models import recording_of
from tests.trainer.histories import FOUR_MINUTES
from trainer.history import (
    measure_timing,
    notes_on_horizon,
    notes_on_outcomes,
    rows_before_outcomes,
    split_by_time,
)


def minutes(*numbers: float) -> NDArray[np.datetime64]:
    start = np.datetime64("2026-11-22T03:00", "us")
    return start + np.array([timedelta(minutes=n) for n in numbers], "timedelta64[us]")


def some_rows(times: NDArray[np.datetime64], outcomes: list[int] | None = None) -> Recording:
    return recording_of(np.zeros((len(times), 1)), sensors=["a"], times=times, outcomes=outcomes)


def test_the_usual_step_is_the_cadence() -> None:
    #  steps of 2, 2, 2, 60 and 2 minutes, and one backwards
    timing = measure_timing(some_rows(minutes(0, 2, 4, 6, 66, 68, 67)))

    assert timing.cadence == timedelta(minutes=2)
    assert timing.max_gap == timedelta(minutes=3)
    assert timing.silence_after == timedelta(minutes=20)


@pytest.mark.parametrize("times", [minutes(0), minutes(0, 0), minutes(4, 2, 0)])
def test_a_history_must_go_forward(times: NDArray[np.datetime64]) -> None:
    with pytest.raises(TrainingError, match="time never goes forward"):
        measure_timing(some_rows(times))


@pytest.mark.parametrize(
    ("holdout", "n_training"), [(0.0, 10), (0.2, 8), (0.25, 8), (0.5, 5), (0.89, 1)]
)
def test_the_later_rows_are_kept_back(holdout: float, n_training: int) -> None:
    recording = some_rows(minutes(*range(10)), outcomes=[9])

    training, kept_back = split_by_time(recording, holdout=holdout)

    assert training.n_rows == n_training
    assert np.concatenate([training.times, kept_back.times]).tolist() == recording.times.tolist()
    if kept_back.n_rows:
        assert kept_back.labels is not None
        assert kept_back.labels[-1]


@pytest.mark.parametrize(
    ("labelled", "n_training"), [((8,), 8), ((7, 8), 9), ((5, 6, 7, 8), 9), ((7, 8, 9), 8)]
)
def test_no_outcome_is_one_of_both_parts(labelled: tuple[int, ...], n_training: int) -> None:
    #  the cut would be before row 8; where nothing follows the outcome, it stays there
    recording = some_rows(minutes(*range(10)), outcomes=list(labelled))

    training, kept_back = split_by_time(recording, holdout=0.2)

    assert (training.n_rows, kept_back.n_rows) == (n_training, 10 - n_training)


def test_a_late_row_does_not_part_an_outcome_either() -> None:
    #  row      7  8     9  10  11
    #  minute   7  8  late  10  11
    #  label    x  x         x       the cut would be before row 8
    recording = some_rows(minutes(*range(9), 3, 10, 11), outcomes=[7, 8, 10])

    training, _ = split_by_time(recording, holdout=1 / 3)

    assert training.n_rows == 11


def test_rows_that_go_on_with_an_outcome_are_told_of() -> None:
    once = some_rows(minutes(0, 2, 4, 6, 8), outcomes=[1, 3])
    again = some_rows(minutes(0, 2, 4, 6, 8), outcomes=[1, 2])
    stays = some_rows(minutes(*range(0, 20, 2)), outcomes=[1, 2, 3, 6, 7])
    repeated = some_rows(minutes(0, 2, 2, 4), outcomes=[1, 2])

    assert notes_on_outcomes(once) == notes_on_outcomes(repeated) == ()
    hint = "where a label marks anomalous rows, not the event to warn of, say --label-kind rows"
    assert notes_on_outcomes(again) == (
        "1 labelled row goes on with the outcome of the row before, and is counted with it: "
        f"1 outcome; {hint}",
    )
    assert notes_on_outcomes(stays) == (
        "3 labelled rows go on with the outcome of the row before, and are counted with it: "
        f"2 outcomes; {hint}",
    )


def test_rows_before_an_outcome_that_stays_are_those_before_its_begin() -> None:
    recording = some_rows(minutes(0, 2, 4, 6, 8, 10), outcomes=[2, 3, 4])

    before = rows_before_outcomes(recording, horizon=FOUR_MINUTES)

    assert before.tolist() == [True, True, False, False, False, False]


def test_a_row_is_positive_by_the_clock() -> None:
    #  minute    0   2   4   9  10  12    20  21      23 break
    #                                         '-- 2 --'
    #                                      '--- 3 ----'
    recording = some_rows(minutes(0, 2, 4, 9, 10, 12, 20, 21, 23, 24), outcomes=[5, 8])

    before = rows_before_outcomes(recording, horizon=FOUR_MINUTES)

    assert np.flatnonzero(before).tolist() == [3, 4, 6, 7]


def test_an_outcome_row_is_not_positive_for_the_next_outcome() -> None:
    recording = some_rows(minutes(0, 2, 4, 6), outcomes=[1, 3])

    before = rows_before_outcomes(recording, horizon=FOUR_MINUTES)

    assert before.tolist() == [True, False, True, False]


def test_labels_of_anomalous_rows_are_no_outcomes() -> None:
    recording = dataclasses.replace(some_rows(minutes(0, 2, 4), outcomes=[2]), label_kind="rows")

    assert not rows_before_outcomes(recording, horizon=FOUR_MINUTES).any()


def test_rows_too_far_apart_to_warn_of_an_outcome_are_told() -> None:
    #  rows every 5 minutes; a warning counts at most 4, or 5, minutes ahead
    rows = some_rows(minutes(0, 5, 10, 15), outcomes=[2])

    (note,) = notes_on_horizon(rows, horizon=timedelta(minutes=4))

    assert note.startswith("rows come every 300 s")
    assert "set horizon_seconds to 300 or more" in note
    assert notes_on_horizon(rows, horizon=timedelta(minutes=5)) == ()
    assert notes_on_horizon(dataclasses.replace(rows, labels=None), horizon=timedelta(0)) == ()
