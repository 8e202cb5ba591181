"""What a historian drew is found, and taken back."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.small_models import normal_recording, recording_of
from trainer.backtest.held import hold, inside_lines

MINUTES = np.arange(12.0) * 2


def drawn(values: list[float], times: NDArray[np.float64] = MINUTES) -> list[int]:
    return np.flatnonzero(inside_lines(times[: len(values)], np.array(values))).tolist()


def test_the_rows_between_two_readings_of_a_line_are_drawn() -> None:
    #           0    1    2    3    4    5    6
    assert drawn([5.0, 1.0, 2.0, 3.0, 4.0, 9.0, 2.0]) == [2, 3]


def test_two_equal_steps_are_an_accident() -> None:
    assert drawn([5.0, 1.0, 2.0, 3.0, 9.0, 2.0]) == []


def test_a_value_that_rests_depends_on_no_later_one() -> None:
    assert drawn([5.0, 3.0, 3.0, 3.0, 3.0, 3.0, 2.0]) == []


def test_a_line_goes_by_the_clock_where_rows_are_missing() -> None:
    """Historians draw over time, not over rows."""
    times = np.array([0.0, 2, 4, 10, 12, 14])

    assert drawn([7.0, 1.0, 2.0, 5.0, 6.0, 0.0], times) == [2, 3]
    assert drawn([7.0, 1.0, 2.0, 3.0, 4.0, 0.0], times) == []


def test_a_missing_value_ends_a_line() -> None:
    assert drawn([1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0]) == [4, 5]


def test_what_is_written_with_few_digits_is_rounded() -> None:
    line = np.round(np.linspace(3.0, 4.0, 12), 7)

    assert drawn(line.tolist()) == list(range(1, 11))


def test_held_a_line_stays_at_its_first_reading_until_its_last() -> None:
    values = np.array([[5.0], [1.0], [2.0], [3.0], [4.0], [9.0]])

    held = hold(recording_of(values, sensors=["steam"]))

    assert held.recording.values.ravel().tolist() == [5.0, 1.0, 1.0, 1.0, 4.0, 9.0]
    assert held.shares == pytest.approx([2 / 6])
    assert held.n_drawn == 1


def test_a_line_of_a_hundred_rows_never_lets_the_last_reading_through_early() -> None:
    recording = normal_recording(300)
    values = recording.values.copy()
    values[100:201, 2] = np.linspace(values[100, 2], values[200, 2], 101)

    held = hold(recording_of(values)).recording.values[:, 2]

    assert (held[100:200] == values[100, 2]).all()
    assert held[200] == values[200, 2]


def test_a_machine_whose_readings_all_are_its_own_is_left_alone() -> None:
    held = hold(normal_recording(300))

    assert held.n_drawn == 0
    assert held.shares.max() < 0.02
