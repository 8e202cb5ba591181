"""From when on sensors at rest are a fault of the feed."""

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from stream_detector.replay.recording import Recording
from tests.small_models import normal_recording
from tests.trainer.histories import prepared, with_values

NAN = float("nan")


def test_a_sensor_is_stuck_after_three_times_its_longest_rest() -> None:
    #  draw rests for 29 readings after the first, steam for 4
    recording = normal_recording(400)
    values = recording.values.copy()
    values[100:130, 1] = 4.0
    values[200:205, 2] = 3.0

    limits = prepared(with_values(recording, values)).feed_limits

    assert limits.stuck_after.tolist() == [20, 87, 20, 20, 20]
    assert limits.silence_after == timedelta(minutes=20)


@pytest.mark.parametrize(("n_repeats", "frozen_after"), [(0, 2), (1, 3), (4, 9)])
def test_a_feed_is_frozen_after_more_than_twice_its_longest_rest(
    n_repeats: int, frozen_after: int
) -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[100 : 101 + n_repeats] = values[100]
    values[100 : 101 + n_repeats, 0] = NAN  # what is missing does not move either

    assert prepared(with_values(recording, values)).feed_limits.frozen_after == frozen_after


def test_a_row_with_a_setpoint_alone_is_no_feed_at_rest() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[:, 1] = 4.0
    values[300, [0, 2, 3, 4]] = NAN

    assert prepared(with_values(recording, values)).feed_limits.frozen_after == 2


def frozen(recording: Recording) -> Recording:
    """The same, but that all sensors repeat row 100 for 300 readings."""
    values = recording.values.copy()
    values[101:401] = values[100]
    return with_values(recording, values)


def test_a_feed_that_froze_in_the_history_is_not_taken_for_normal() -> None:
    rows = prepared(frozen(normal_recording(1000)))

    # As long as a silence: the repeats from the tenth on are frozen, and do not train.
    assert rows.feed_limits.frozen_after == 10
    assert len(rows.windows) == 1000 - 291


def test_a_feed_that_always_repeats_itself_is_not_frozen() -> None:
    recording = normal_recording(1200)
    values = np.repeat(recording.values[:40], 30, axis=0)

    rows = prepared(with_values(recording, values))

    assert rows.feed_limits.frozen_after == 2 * 29 + 1
    assert len(rows.windows) == 1200


def test_rests_are_followed_through_the_readings_that_live_follows() -> None:
    #  steam rests from row 100 to 110; row 105 is late, so nobody sees that steam moved
    recording = normal_recording(400)
    values, times = recording.values.copy(), recording.times.copy()
    values[100:111, 2] = 3.0
    values[105, 2] = 3.1
    times[105] = times[103]

    late = dataclasses.replace(recording, values=values, times=times)

    assert prepared(late).feed_limits.stuck_after.tolist() == [20, 20, 3 * 9, 20, 20]


def test_an_impossible_value_that_repeats_is_at_rest_as_it_is_live() -> None:
    recording = normal_recording(400)
    values = recording.values.copy()
    values[100:130, 4] = 101.0

    limits = prepared(with_values(recording, values)).feed_limits

    assert limits.stuck_after[4] == 3 * 29
