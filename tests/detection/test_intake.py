"""Which readings enter a run, and as what rows."""

from datetime import timedelta

import numpy as np
import pytest

from stream_detector.detection.feed_health import Quality
from stream_detector.detection.scored import Status
from stream_detector.detection.state import DetectorState
from tests.detection.line import THREE, UNCERTAIN, Line, at


def test_time_must_go_forward() -> None:
    scored, rows = Line().take(at(0, 1, 1, 1), at(2, 2, 2, 2), at(2, 9, 9, 9), at(1, 9, 9, 9))

    assert [one.status for one in scored] == [
        Status.SCORED,
        Status.SCORED,
        Status.DUPLICATE,
        Status.LATE,
    ]
    assert rows.indices == [0, 1]


def test_an_event_may_share_its_instant_with_the_reading_before_it() -> None:
    line = Line()
    scored, _ = line.take(at(0, 1, 1, 1), at(0, event="break"), at(2, 2, 2, 2))

    assert [one.status for one in scored] == [Status.SCORED, Status.EVENT, Status.SCORED]
    assert scored[2].first_of_run


def test_what_comes_late_or_twice_leaves_no_trace() -> None:
    line = Line()
    line.rows((1, 1, 1), (2, 2, 2))
    before = line.state.snapshot()

    line.take(at(2, 9, 9, 9), at(1, 9, 9, 9), at(1, event="break"))

    assert line.state.snapshot() == before


@pytest.mark.parametrize(("minutes", "window"), [(2, [1, 1, 2]), (3, [1, 1, 2]), (3.1, [2, 2, 2])])
def test_a_step_longer_than_the_largest_gap_starts_a_run(
    minutes: float, window: list[float]
) -> None:
    scored, rows = Line().take(at(0, 1, 1, 1), at(minutes, 2, 2, 2))

    assert scored[1].first_of_run is (minutes > 3)
    assert rows.windows[1, :, 0].tolist() == window


def test_a_run_starts_after_a_break_and_warms_up() -> None:
    #  minute     0   2   4   6   8  10  12
    #             1   2   3  break 5   6   7
    #  window    111 112 123     555 556 567
    scored, rows = Line().take(
        *[at(2 * n, n + 1, 0, 0, event="break" if n == 3 else None) for n in range(7)]
    )

    assert rows.indices == [0, 1, 2, 4, 5, 6]
    assert rows.windows[:, :, 0].tolist() == [
        [1, 1, 1],
        [1, 1, 2],
        [1, 2, 3],
        [5, 5, 5],
        [5, 5, 6],
        [5, 6, 7],
    ]
    assert [scored[i].warming_up for i in rows.indices] == [True, True, False] * 2
    assert scored[5].run_start == THREE + timedelta(minutes=8)
    assert [scored[i].window_start for i in (4, 5, 6)] == [THREE + timedelta(minutes=8)] * 3


def test_an_event_that_ends_no_run_is_a_reading_like_others() -> None:
    scored, rows = Line().take(at(0, 1, 1, 1), at(2, 2, 2, 2, event="reel-change"), at(4, 3, 3, 3))

    assert [one.status for one in scored] == [Status.SCORED] * 3
    assert rows.windows[2, :, 0].tolist() == [1, 2, 3]


def test_a_missing_sensor_stands_where_the_others_of_its_row_expect_it() -> None:
    #  a     1     2    -    4      b says 3 where a is missing: a is expected at 0.8 * 3
    #  b     1     2    3    4
    scored, rows = Line().rows((1, 1, 0), (2, 2, 0), (None, 3, 0), (4, 4, 0))

    assert scored[2].quality == Quality(UNCERTAIN, 2, 3)
    np.testing.assert_allclose(rows.windows[2, :, 0], [1, 2, 2.4], rtol=1e-6)
    # Later windows keep that value: what was judged once is not rewritten.
    np.testing.assert_allclose(rows.windows[3, :, 0], [2, 2.4, 4], rtol=1e-6)


def test_the_running_mean_of_a_missing_sensor_stands_still() -> None:
    #  a       0    3     -      3       means 0, 1.5, 1.5, then alpha = 1/4: 1.875
    _, rows = Line().rows((0, 0, 0), (3, 0, 0), (None, 0, 0), (3, 0, 0))

    np.testing.assert_allclose(rows.deviations[:, 0], [0, 1.5, 0, 1.125])


def test_rows_of_several_machines_keep_to_their_own_runs() -> None:
    line, other = Line(), DetectorState(n_sensors=3, window_size=3)
    readings = [at(0, 1, 1, 1), at(0, 9, 9, 9), at(2, 2, 2, 2), at(2, 8, 8, 8)]
    _, rows = line.intake.take(readings, [line.state, other] * 2)

    assert rows.windows[:, :, 0].tolist() == [[1, 1, 1], [9, 9, 9], [1, 1, 2], [9, 9, 8]]
