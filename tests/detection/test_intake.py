"""Which readings enter a run, and as what rows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedFault, FeedLimits, Quality, QualityState
from stream_detector.detection.intake import Intake, Rows
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState

Values = tuple[float | None, ...]

THREE = datetime(2026, 11, 22, 3, tzinfo=UTC)
GOOD, UNCERTAIN, BAD = QualityState
NEVER = (np.inf, np.inf, np.inf)


class Line:
    """One machine of three sensors a, b, c, in unit scale; a and b correlate by 0.8.

    A reading every two minutes; a run ends after three, or with a break.
    """

    def __init__(
        self,
        *,
        stuck_after: tuple[float, float, float] = NEVER,
        frozen_after: int = 99,
        high: float = np.inf,
    ) -> None:
        covariance = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
        conditioning = Conditioning(
            center=np.zeros(3),
            spread=np.ones(3),
            deviation_center=np.zeros(3),
            deviation_spread=np.ones(3),
            row_mean=np.zeros(3),
            precision=np.asarray(np.linalg.inv(covariance), np.float64),
            deviation_mean=np.zeros(3),
            deviation_precision=np.eye(3),
            window_size=3,
        )
        limits = FeedLimits(np.array(stuck_after), frozen_after, timedelta(minutes=20))
        self.intake = Intake(
            FeatureSpec(("a", "b", "c"), (None,) * 3, np.full(3, -np.inf), np.full(3, high)),
            conditioning,
            limits,
            max_gap=timedelta(minutes=3),
            run_ending_events=frozenset({"break"}),
        )
        self.state = DetectorState(n_sensors=3, window_size=3)

    def take(self, *readings: Reading) -> tuple[list[Scored], Rows]:
        return self.intake.take(readings, [self.state] * len(readings))

    def rows(self, *rows: Values, start: float = 0) -> tuple[list[Scored], Rows]:
        """Take a row every two minutes, the first so many minutes after three o'clock."""
        return self.take(*[at(start + 2 * n, *row) for n, row in enumerate(rows)])


def at(minute: float, *values: float | None, event: str | None = None) -> Reading:
    return Reading("pm3", THREE + timedelta(minutes=minute), values or None, event=event)


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


@pytest.mark.parametrize("odd", [None, float("nan"), 50.5])
def test_missing_and_impossible_values_are_alike(odd: float | None) -> None:
    scored, rows = Line(high=50.0).rows((1, 1, 1), (1, 1, odd), (50, 1, 1))

    assert [one.quality and one.quality.channels_used for one in scored] == [3, 2, 3]
    assert {k: mask.tolist() for k, mask in rows.left_out.items()} == {1: [False, False, True]}


def test_without_limits_no_value_is_impossible() -> None:
    scored, _ = Line().rows((1, 1, 1), (1, 1, -1e300))

    assert scored[1].quality == Quality(GOOD, 3, 3)


def test_a_row_of_which_less_than_half_is_known_is_not_judged() -> None:
    scored, rows = Line().rows((1, 1, 1), (1, None, None), (2, 2, 2))

    assert scored[1].quality == Quality(BAD, 1, 3)
    assert scored[1].status is Status.UNSCORED
    assert rows.indices == [0, 2]


def test_a_row_of_which_half_is_known_is_judged() -> None:
    conditioning = Conditioning(
        center=np.zeros(4),
        spread=np.ones(4),
        deviation_center=np.zeros(4),
        deviation_spread=np.ones(4),
        row_mean=np.zeros(4),
        precision=np.eye(4),
        deviation_mean=np.zeros(4),
        deviation_precision=np.eye(4),
        window_size=3,
    )
    limits = FeedLimits(np.full(4, np.inf), 99, timedelta(minutes=20))
    intake = Intake(
        FeatureSpec.without_limits(("a", "b", "c", "d")),
        conditioning,
        limits,
        max_gap=timedelta(minutes=3),
        run_ending_events=frozenset(),
    )
    state = DetectorState(n_sensors=4, window_size=3)

    (one,), _ = intake.take([at(0, 1, 1, None, None)], [state])

    assert (one.status, one.quality) == (Status.SCORED, Quality(UNCERTAIN, 2, 4))


def test_a_sensor_that_rests_too_long_is_left_out_until_it_moves() -> None:
    #  c rests:   0  1  2  3  4  0       stuck after three
    line = Line(stuck_after=(np.inf, np.inf, 3))
    scored, _ = line.rows(*[(n, -n, 7) for n in range(5)], (5, -5, 8))

    assert [one.quality and one.quality.channels_used for one in scored] == [3, 3, 3, 2, 2, 3]
    events = [(n, event) for n, one in enumerate(scored) for event in one.feed_events]
    assert [(n, e.fault, e.began, e.sensors) for n, e in events] == [
        (3, FeedFault.STUCK, True, ("c",)),
        (5, FeedFault.STUCK, False, ("c",)),
    ]


def test_sensors_that_get_stuck_one_after_the_other_are_told_one_by_one() -> None:
    line = Line(stuck_after=(np.inf, 2, 3))
    scored, _ = line.rows(*[(n, 5, 7) for n in range(4)])

    assert [[(e.began, e.sensors) for e in one.feed_events] for one in scored] == [
        [],
        [],
        [(True, ("b",))],
        [(True, ("c",))],
    ]
    assert scored[3].quality == Quality(BAD, 1, 3)


def test_a_frozen_feed_is_not_judged_and_says_nothing_of_its_sensors_one_by_one() -> None:
    #  unchanged   0      1         2        3       0
    #             ok   c stuck   frozen   frozen    ok
    line = Line(stuck_after=(2, np.inf, 1), frozen_after=2)
    scored, rows = line.rows((1, 1, 1), (1, 2, 1), (1, 2, 1), *[(1, 2, 1)] * 2, (2, 2, 2))

    assert [one.quality for one in scored] == [
        Quality(GOOD, 3, 3),
        Quality(UNCERTAIN, 2, 3),
        Quality(BAD, 1, 3),
        *[Quality(BAD, 0, 3)] * 2,
        Quality(GOOD, 3, 3),
    ]
    assert rows.indices == [0, 1, 5]
    assert [[(e.fault, e.began, e.sensors) for e in one.feed_events] for one in scored] == [
        [],
        [(FeedFault.STUCK, True, ("c",))],
        [(FeedFault.STUCK, True, ("a",))],
        [(FeedFault.FROZEN, True, ())],
        [],
        [(FeedFault.STUCK, False, ("a", "c")), (FeedFault.FROZEN, False, ())],
    ]


def test_a_row_without_any_value_is_not_judged_but_not_frozen_either() -> None:
    scored, _ = Line(frozen_after=1).rows((1, 1, 1), (None, None, None))

    assert scored[1].quality == Quality(BAD, 0, 3)
    assert scored[1].feed_events == ()


def test_a_setpoint_that_alone_is_left_is_no_frozen_feed() -> None:
    scored, _ = Line(frozen_after=1).rows((1, 1, 1), (1, None, None))

    assert scored[1].quality == Quality(QualityState.BAD, 1, 3)
    assert not scored[1].feed_events


def test_sensors_that_rest_while_others_are_missing_are_a_frozen_feed_too() -> None:
    line = Line(frozen_after=2)
    scored, _ = line.rows(*[(1, 1, 1)] * 2, *[(1, 1, None)] * 2)

    assert [e.fault for one in scored for e in one.feed_events] == [FeedFault.FROZEN]


def test_rows_of_several_machines_keep_to_their_own_runs() -> None:
    line, other = Line(), DetectorState(n_sensors=3, window_size=3)
    readings = [at(0, 1, 1, 1), at(0, 9, 9, 9), at(2, 2, 2, 2), at(2, 8, 8, 8)]
    _, rows = line.intake.take(readings, [line.state, other] * 2)

    assert rows.windows[:, :, 0].tolist() == [[1, 1, 1], [9, 9, 9], [1, 1, 2], [9, 9, 8]]
