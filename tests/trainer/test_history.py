"""A history becomes training rows: split, labelled by the clock, conditioned as live."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.detection.conditioning import ConditionalMeans
from stream_detector.errors import TrainingError
from stream_detector.replay.recording import Recording
from tests.small_models import CADENCE, SENSORS, START, normal_recording, recording_of
from tests.trainer.histories import FOUR_MINUTES, prepared, with_values
from trainer.history import (
    measure_timing,
    prepare,
    rows_before_outcomes,
    split_by_time,
)

NAN = float("nan")


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


def test_rows_before_an_outcome_and_its_own_do_not_train() -> None:
    recording = normal_recording(400)
    recording = recording_of(recording.values, outcomes=[100, 200])

    rows = prepared(recording)

    assert len(rows.windows) == 400 - 2 * 3
    left_out = {START + CADENCE * n for n in (98, 99, 100, 198, 199, 200)}
    assert not {one.replace(tzinfo=UTC) for one in rows.times.tolist()} & left_out


def test_rows_labelled_anomalous_do_not_train() -> None:
    recording = dataclasses.replace(
        recording_of(normal_recording(400).values, outcomes=[50, 51, 52]), label_kind="rows"
    )

    assert len(prepared(recording).windows) == 397


def test_missing_values_stand_near_where_the_others_of_their_row_expect_them() -> None:
    recording = normal_recording(600)
    values, missing = recording.values.copy(), np.arange(10, 600, 10)
    values[missing, 2] = NAN

    rows = prepared(with_values(recording, values))

    true = rows.conditioning.scale(recording.values)[missing, 2]
    guess = rows.windows[missing, -1, 2]
    # The sensors share 64 % of their variance.
    assert np.square(guess - true).mean() < 0.75 * np.square(true).mean()
    means = ConditionalMeans(
        rows.conditioning.deviation_mean, rows.conditioning.deviation_precision
    )
    for row in rows.deviations[missing]:
        expected = row.copy()
        means.fill(expected, np.arange(5) == 2)
        np.testing.assert_array_equal(row, expected)


def test_impossible_values_do_not_count_for_the_scale() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[::7, 4] = 1e6

    rows = prepared(with_values(recording, values))

    assert rows.conditioning.center[4] == pytest.approx(6.0, abs=0.2)
    assert rows.conditioning.spread[4] < 1.0


@pytest.mark.parametrize(
    ("n_rows", "n_sensors", "says"),
    [
        (299, 5, "299 normal rows are too few for 5 sensors, at least 300 are needed"),
        (300, 61, "300 normal rows are too few for 61 sensors, at least 305 are needed"),
        (0, 5, "0 normal rows are too few"),
    ],
)
def test_too_few_rows_are_refused_with_what_to_bring(
    n_rows: int, n_sensors: int, says: str
) -> None:
    values = np.random.default_rng(seed=7).normal(size=(n_rows, n_sensors))
    recording = recording_of(values, sensors=[f"x{i}" for i in range(n_sensors)])
    timing = measure_timing(normal_recording(10))

    with pytest.raises(TrainingError, match=f"{says}.*bring more history"):
        prepare(recording, timing, window_size=4, rules=Rules())


def test_a_sensor_without_a_value_is_named() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[:, [1, 3]] = NAN

    with pytest.raises(TrainingError, match="has a value of draw, weight; --exclude them"):
        prepared(with_values(recording, values))


def test_a_history_that_is_mostly_missing_is_refused() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[20:, :3] = NAN

    with pytest.raises(TrainingError, match="too few"):
        prepared(with_values(recording, values))


def test_a_constant_sensor_has_a_scale_too() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[:, 1] = 4.0

    rows = prepared(with_values(recording, values))

    assert rows.conditioning.spread[1] == pytest.approx(0.2)  # 5 % of its value
    assert not rows.windows[..., 1].any()
    assert np.isinf(rows.feed_limits.stuck_after[1])  # it rests always: it cannot be stuck


def test_a_sensor_is_stuck_after_three_times_its_longest_rest() -> None:
    #  draw rests for 29 readings after the first, steam for 4
    recording = normal_recording(400)
    values = recording.values.copy()
    values[100:130, 1] = 4.0
    values[200:205, 2] = 3.0

    limits = prepared(with_values(recording, values)).feed_limits

    assert limits.stuck_after.tolist() == [20, 87, 20, 20, 20]
    assert limits.silence_after == timedelta(minutes=20)


@pytest.mark.parametrize(("n_repeats", "frozen_after"), [(0, 2), (1, 3), (5, 11)])
def test_a_feed_is_frozen_after_more_than_twice_its_longest_rest(
    n_repeats: int, frozen_after: int
) -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[100 : 101 + n_repeats] = values[100]
    values[100 : 101 + n_repeats, 0] = NAN  # what is missing does not move either

    assert prepared(with_values(recording, values)).feed_limits.frozen_after == frozen_after


def test_a_short_history_is_noted() -> None:
    assert prepared(normal_recording(1000)).notes == ()
    assert prepared(normal_recording(999)).notes == (
        "only 999 normal rows: thresholds will be rough; 1000 are better",
    )


def test_normal_rows_that_do_not_train_are_noted() -> None:
    #  3 rows before and at an outcome are not normal; 2 are late, and 4 hold two of five sensors.
    recording = normal_recording(1300)
    times, values = recording.times.copy(), recording.values.copy()
    times[[10, 20]] = times[0]
    values[100:104, :3] = NAN

    rows = prepared(recording_of(values, times=times, outcomes=[500]))

    assert len(rows.windows) == 1291
    assert rows.notes == (
        "6 of 1297 normal rows do not train: they are late, repeat a time, or have under half of "
        "their sensors",
    )


def test_deviations_are_scaled_by_their_own_spread() -> None:
    rows = prepared(normal_recording(1000))

    assert np.median(rows.deviations, axis=0).tolist() == pytest.approx([0.0] * 5, abs=1e-6)
    assert rows.deviations.std(axis=0).tolist() == pytest.approx([1.0] * 5, abs=0.15)
    assert rows.windows.shape == (1000, 4, len(SENSORS))
    assert rows.times[0] == np.datetime64(datetime(2026, 11, 22, 3))  # noqa: DTZ001
