import dataclasses

import numpy as np

from tests.small_models import SENSORS, normal_recording, recording_of
from trainer.drift import drift

SPREAD = np.ones(len(SENSORS))


def test_a_sensor_that_has_moved_is_found_and_the_others_are_not() -> None:
    values = np.zeros((100, 5))
    values[:, 0] = np.tile([9.0, 10.0, 11.0, 10.0], 25)
    values[80:, 0] += 6.0

    found = drift(recording_of(values), n_training=80, spread=2 * SPREAD)

    assert (found.training[0], found.kept_back[0]) == (10.0, 16.0)
    assert found.shift.tolist() == [3.0, 0.0, 0.0, 0.0, 0.0]
    # Ten times 16, five times 15 and 17 against 9 to 11: all of them are outside.
    assert found.outside[0] == 1.0
    assert found.farther_than(2.9) == ("speed",)
    assert found.farther_than(3.0) == ()


def test_each_span_of_time_tells_where_the_sensors_stood() -> None:
    values = np.zeros((120, 5))
    values[60:, 1] = 4.0

    found = drift(recording_of(values), n_training=120, spread=SPREAD)

    # 60 equal spans of two rows; the median in training is between both levels.
    assert found.shifts.shape == (60, 5)
    assert found.shifts[:30, 1].tolist() == [-2.0] * 30
    assert found.shifts[30:, 1].tolist() == [2.0] * 30
    assert found.split is None
    assert found.farther_than(0.0) == ()


def test_what_has_no_value_is_not_known() -> None:
    recording = normal_recording(200)
    values = recording.values.copy()
    values[150:, 2] = np.nan

    found = drift(dataclasses.replace(recording, values=values), n_training=150, spread=SPREAD)

    assert np.isnan([found.kept_back[2], found.shift[2], found.outside[2]]).all()
    assert np.isnan(found.shifts[-1, 2])
    assert not np.isnan(found.shifts[:, 3]).any()
