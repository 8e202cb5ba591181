"""The last rows of a run, as the graph sees them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stream_detector.detection.window import SlidingWindow


def rows(n_rows: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed=7).normal(size=(n_rows, 2)).astype(np.float32)


def test_the_first_row_of_a_run_fills_the_window() -> None:
    #  row          a     b       c       d       e
    #  window      aaa   aab     abc     bcd     cde
    window = SlidingWindow(size=3, n_sensors=1)
    seen = []
    for number, row in enumerate(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])):
        (window.push if number else window.start)(row)
        seen.append(window.rows.ravel().tolist())

    assert seen == [[1, 1, 1], [1, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]


def test_a_new_run_sees_nothing_of_the_one_before() -> None:
    window = SlidingWindow(size=3, n_sensors=1)
    window.start(np.array([1.0]))
    window.push(np.array([2.0]))

    window.start(np.array([9.0]))

    assert window.rows.ravel().tolist() == [9, 9, 9]


@given(size=st.integers(1, 9), n_rows=st.integers(1, 40))
def test_streamed_windows_equal_windows_cut_from_the_whole_run(size: int, n_rows: int) -> None:
    run = rows(n_rows)
    window = SlidingWindow(size=size, n_sensors=2)
    streamed = []
    for number, row in enumerate(run):
        (window.push if number else window.start)(row)
        streamed.append(window.rows.copy())

    padded = np.concatenate([run[:1].repeat(size - 1, axis=0), run])
    cut = [padded[end - size : end] for end in range(size, len(padded) + 1)]
    np.testing.assert_array_equal(streamed, cut)


@given(size=st.integers(1, 6), at=st.integers(1, 20))
def test_a_window_goes_on_from_its_snapshot(size: int, at: int) -> None:
    run = rows(30)
    window = SlidingWindow(size=size, n_sensors=2)
    window.start(run[0])
    for row in run[1:at]:
        window.push(row)

    restored = SlidingWindow.restore(window.snapshot(), size=size, n_sensors=2)

    for row in run[at:]:
        np.testing.assert_array_equal(restored.rows, window.rows)
        window.push(row)
        restored.push(row)


def test_a_snapshot_of_another_shape_is_refused() -> None:
    snapshot = SlidingWindow(size=4, n_sensors=3).snapshot()

    with pytest.raises(ValueError, match="reshape"):
        SlidingWindow.restore(snapshot, size=4, n_sensors=5)
