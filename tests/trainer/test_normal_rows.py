"""Which rows of a history train, and what they become."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.detection.conditioning import ConditionalMeans
from stream_detector.errors import TrainingError
from tests.small_models import CADENCE, SENSORS, START, normal_recording, recording_of
from tests.trainer.histories import prepared, with_values
from trainer.history import measure_timing
from trainer.training_rows import prepare

NAN = float("nan")


def test_rows_before_an_outcome_and_its_own_do_not_train() -> None:
    recording = normal_recording(400)
    recording = recording_of(recording.values, outcomes=[100, 200])

    rows = prepared(recording)

    assert len(rows.windows) == 400 - 2 * 3
    left_out = {START + CADENCE * n for n in (98, 99, 100, 198, 199, 200)}
    assert not {one.replace(tzinfo=UTC) for one in rows.times.tolist()} & left_out


def test_rows_that_go_on_with_an_outcome_do_not_train_either() -> None:
    recording = recording_of(normal_recording(400).values, outcomes=[100, 101, 102, 200])

    rows = prepared(recording)

    assert len(rows.windows) == 400 - 2 * 3 - 2
    assert rows.outcomes.tolist() == recording.times[[100, 200]].tolist()
    assert rows.left_out == {
        "outcomes": 2,
        "going on with an outcome": 2,
        "within 240 s before an outcome": 4,
    }


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


def test_values_beyond_any_sensor_are_refused_by_its_name_unless_their_limits_are_known() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[7, 1] = -1e300
    huge = with_values(recording, values)

    with pytest.raises(TrainingError, match="values of draw are larger than 1e\\+30"):
        prepared(huge)
    limits = np.where(np.arange(5) == 1, -100.0, -np.inf)
    assert prepared(dataclasses.replace(huge, low=limits)).conditioning.spread[1] < 10.0


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


def test_deviations_are_scaled_by_their_own_spread() -> None:
    rows = prepared(normal_recording(1000))

    assert np.median(rows.deviations, axis=0).tolist() == pytest.approx([0.0] * 5, abs=1e-6)
    assert rows.deviations.std(axis=0).tolist() == pytest.approx([1.0] * 5, abs=0.15)
    assert rows.windows.shape == (1000, 5, len(SENSORS))
    assert rows.times[0] == np.datetime64(datetime(2026, 11, 22, 3))  # noqa: DTZ001


def test_rows_that_would_not_be_scored_live_do_not_count() -> None:
    #  every second of the first 300 times is there twice: 400 rows, 150 of them duplicates
    recording = normal_recording(400)
    times = recording.times.copy()
    times[1:300:2] = times[0:300:2]

    with pytest.raises(TrainingError, match="250 normal rows are too few for 5 sensors"):
        prepared(dataclasses.replace(recording, times=times))


def test_outcomes_are_those_that_live_would_take_in() -> None:
    #  the second outcome is late: it is older than the reading before it
    recording = recording_of(normal_recording(400).values, outcomes=[100, 200, 300])
    times = recording.times.copy()
    times[200] = times[198]

    rows = prepared(dataclasses.replace(recording, times=times))

    assert rows.outcomes.tolist() == recording.times[[100, 300]].tolist()


def test_rows_in_a_suppressed_mode_and_for_a_while_after_it_are_marked() -> None:
    #  row     98    99   100    101   102
    #  mode   run  wash   run   wash   run    held for less than 4 minutes: one reading more
    #            no values     late
    recording = normal_recording(400)
    times, values = recording.times.copy(), recording.values.copy()
    modes = ["run"] * 400
    modes[99] = modes[101] = "wash"
    values[99] = NAN
    times[101] = times[50]
    rule = Rule(name="odd", suppressed_modes=("wash",), suppression_hold_seconds=240)
    recording = dataclasses.replace(recording, values=values, times=times, modes=tuple(modes))

    rows = prepare(recording, measure_timing(recording), window_size=4, rules=Rules(rules=(rule,)))

    assert rows.times[rows.suppressed].tolist() == times[[100]].tolist()
    assert not prepared(recording).suppressed.any()


def test_the_range_of_a_sensor_is_that_of_its_normal_rows() -> None:
    recording = recording_of(normal_recording(400).values, outcomes=[200])
    values = recording.values.copy()
    values[50:55, 0] = [930.0, 870.0, NAN, 900.0, 900.0]
    values[60:62, 4] = [101.0, 25.0]  # the first is outside its limits
    values[199:201, 0] = [0.0, 9999.0]  # the break, and the row before it

    rows = prepared(with_values(recording, values))

    limits = rows.feed_limits
    assert (limits.smallest[0], limits.largest[0]) == (870.0, 930.0)
    assert limits.largest[4] == 25.0


def test_a_short_history_is_noted() -> None:
    assert prepared(normal_recording(1000)).notes == ()
    assert prepared(normal_recording(999)).notes == (
        "only 999 normal rows: thresholds will be rough; 1000 are better",
    )


def test_normal_rows_that_do_not_train_are_noted() -> None:
    #  3 rows before and at an outcome are not normal; of the others 2 are late, 4 hold two of
    #  five sensors, and 3 repeat the row before them when 10 repeats are a frozen feed
    recording = normal_recording(1400)
    times, values = recording.times.copy(), recording.values.copy()
    times[[10, 20]] = times[0]
    values[100:104, :3] = NAN
    values[201:213] = values[200]

    rows = prepared(recording_of(values, times=times, outcomes=[500]))

    assert len(rows.windows) == 1388
    assert rows.notes == (
        "9 of 1397 normal rows do not train: they are late, repeat a time, are of a frozen feed, "
        "or have under half of their sensors",
    )
