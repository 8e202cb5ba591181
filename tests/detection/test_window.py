"""The last rows of a run, as the graph sees them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stream_detector.detection.packed import cut_rows, join_rows
from stream_detector.detection.window import SlidingWindow


def rows(n_rows: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed=7).normal(size=(n_rows, 2)).astype(np.float32)


def packed(value: float) -> bytes:
    return np.array([value], np.float32).tobytes()


def seen(window: SlidingWindow) -> list[float]:
    """The window of a single sensor."""
    values: list[float] = join_rows(window.rows, np.float32).tolist()
    return values


def test_the_first_row_of_a_run_fills_the_window() -> None:
    #  row          a     b       c       d       e
    #  window      aaa   aab     abc     bcd     cde
    window = SlidingWindow(size=3)
    window.start(packed(1))
    streamed = [seen(window)]
    for value in (2, 3, 4, 5):
        window.push(packed(value))
        streamed.append(seen(window))

    assert streamed == [[1, 1, 1], [1, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]


def test_a_new_run_sees_nothing_of_the_one_before() -> None:
    window = SlidingWindow(size=3)
    window.start(packed(1))
    window.push(packed(2))

    window.start(packed(9))

    assert seen(window) == [9, 9, 9]


@given(size=st.integers(1, 9), n_rows=st.integers(1, 40))
def test_streamed_windows_equal_windows_cut_from_the_whole_run(size: int, n_rows: int) -> None:
    run = rows(n_rows)
    window = SlidingWindow(size=size)
    streamed: list[bytes] = []
    for number, row in enumerate(cut_rows(run)):
        (window.push if number else window.start)(row)
        streamed += window.rows

    padded = np.concatenate([run[:1].repeat(size - 1, axis=0), run])
    cut = [padded[end - size : end] for end in range(size, len(padded) + 1)]
    np.testing.assert_array_equal(join_rows(streamed, np.float32, size, 2), cut)


@given(size=st.integers(1, 6), at=st.integers(1, 20))
def test_a_window_goes_on_from_its_snapshot(size: int, at: int) -> None:
    run = cut_rows(rows(30))
    window = SlidingWindow(size=size)
    window.start(run[0])
    for row in run[1:at]:
        window.push(row)

    restored = SlidingWindow.restore(window.snapshot(), size=size, n_sensors=2)

    for row in run[at:]:
        assert restored.rows == window.rows
        window.push(row)
        restored.push(row)


@pytest.mark.parametrize(("size", "n_sensors"), [(4, 5), (3, 3), (2, 3)])
def test_a_snapshot_of_another_shape_is_refused(size: int, n_sensors: int) -> None:
    window = SlidingWindow(size=4)
    window.start(np.zeros(3, np.float32).tobytes())

    with pytest.raises(ValueError, match=r"reshape|a window of"):
        SlidingWindow.restore(window.snapshot(), size=size, n_sensors=n_sensors)


def test_a_window_that_saw_no_run_yet_goes_on_from_its_snapshot_too() -> None:
    restored = SlidingWindow.restore(SlidingWindow(size=4).snapshot(), size=4, n_sensors=3)

    assert not restored.rows
