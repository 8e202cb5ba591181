"""How long a sensor has rested."""

import numpy as np

from stream_detector.detection.feed_health import count_unchanged

NAN = float("nan")


def test_readings_without_a_change_are_counted_per_sensor() -> None:
    #  first sensor     1   1   1   2   2
    #  second           5   6   -   -   6
    values = np.array([[1, 5], [1, 6], [1, NAN], [2, NAN], [2, 6]])
    before = np.vstack([[NAN, NAN], values[:-1]])

    counts = count_unchanged(values, before, np.zeros((1, 2), np.int32), sizes=[1] * 5)

    # Nobody knows what a missing sensor did meanwhile, so its count starts anew.
    assert counts.tolist() == [[0, 0], [1, 0], [2, 0], [0, 0], [1, 0]]
