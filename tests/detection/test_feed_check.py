"""Which sensors of which readings can be used, and which faults of a feed are told."""

from datetime import timedelta

import numpy as np
import pytest

from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedFault, FeedLimits, Quality, QualityState
from stream_detector.detection.intake import Intake
from stream_detector.detection.scored import Status
from stream_detector.detection.state import DetectorState
from tests.detection.line import BAD, GOOD, UNCERTAIN, Line, at


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
    never = np.full(4, np.inf)
    limits = FeedLimits(never, 99, timedelta(minutes=20), smallest=-never, largest=never)
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


def test_a_sensor_stuck_where_it_never_was_is_left_out_while_enough_others_are_left() -> None:
    #  c rests at 9, far from its 0 to 1: it is broken, and a and b go on being judged
    line = Line(stuck_after=(2, 2, 2), seen=(0, 1))
    scored, rows = line.rows(*[(n, -n, 9) for n in range(4)])

    assert scored[3].quality == Quality(UNCERTAIN, 2, 3)
    assert rows.left_out[3].tolist() == [False, False, True]


def test_a_machine_at_rest_where_it_never_was_is_judged_by_that() -> None:
    #  b rests at 2.1, c at 9, both more than 1 outside of 0 to 1: too few would be left
    line = Line(stuck_after=(2, 2, 2), seen=(0, 1))
    scored, rows = line.rows(*[(n, 2.1, 9) for n in range(4)])

    assert scored[3].status is Status.SCORED
    assert scored[3].quality == Quality(GOOD, 3, 3)
    np.testing.assert_allclose(rows.windows[3, -1], [3, 2.1, 9], rtol=1e-6)
    # The feed still tells of them.
    assert [(e.fault, e.sensors) for e in scored[2].feed_events] == [(FeedFault.STUCK, ("b", "c"))]


@pytest.mark.parametrize(("b", "c"), [(2.0, -1.0), (0.5, 0.5)])
def test_sensors_stuck_where_they_could_be_in_normal_operation_are_never_believed(
    b: float, c: float
) -> None:
    #  A little outside of 0 to 1, by no more than its width, is no evidence either.
    line = Line(stuck_after=(2, 2, 2), seen=(0, 1))
    scored, _ = line.rows(*[(n, b, c) for n in range(4)])

    assert scored[3].quality == Quality(BAD, 1, 3)
    assert scored[3].status is Status.UNSCORED


def test_of_a_machine_at_rest_only_what_is_far_from_normal_is_believed() -> None:
    #  b rests at 0.5, where it could also be in normal operation; c far from it
    line = Line(stuck_after=(2, 2, 2), seen=(0, 1))
    scored, rows = line.rows(*[(n, 0.5, 9) for n in range(4)])

    assert scored[3].quality == Quality(UNCERTAIN, 2, 3)
    assert rows.left_out[3].tolist() == [False, True, False]


def test_an_impossible_value_is_missing_however_long_it_rests() -> None:
    line = Line(stuck_after=(2, 2, 2), seen=(0, 1), high=10)
    scored, _ = line.rows(*[(n, 11, 11) for n in range(4)])

    assert scored[3].quality == Quality(BAD, 1, 3)


def test_a_frozen_feed_is_not_judged_wherever_it_stands() -> None:
    line = Line(frozen_after=2, stuck_after=(2, 2, 2), seen=(0, 1))
    scored, _ = line.rows(*[(9, 9, 9)] * 4)

    assert scored[3].quality == Quality(BAD, 0, 3)


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
