"""Two models over the same readings: what each raised, and where they agree."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from stream_detector.alerting.trial import Course, Told, Trial, rank_correlation

MAX_GAP = timedelta(minutes=3)


def at(minute: float) -> datetime:
    return datetime(2026, 11, 22, 3, tzinfo=UTC) + timedelta(minutes=minute)


def told(minute: float, score: float | None = 1.0, *, alarm: bool = False) -> Told:
    """Of a model with the threshold 2."""
    return Told(at(minute), score, above=score is not None and score > 2, alarm=alarm)


def course_of(alarms: str, *, broken_off_at: int | None = None) -> Course:
    """A reading every two minutes; ``x`` is one with an open alert."""
    course = Course(MAX_GAP)
    for place, one in enumerate(alarms):
        if place == broken_off_at:
            course.break_off()
        course.take(at(2 * place), alarm=one == "x")
    return course


def test_a_raise_is_a_reading_with_an_alert_behind_one_without() -> None:
    course = course_of(".xx..x")

    assert course.raised == [at(2), at(10)]
    assert course.running == timedelta(minutes=10)


def test_an_alert_that_is_open_at_the_begin_was_raised_when_nobody_looked() -> None:
    assert course_of("xx.x").raised == [at(6)]


def test_an_alert_that_is_open_behind_missing_readings_counts_for_nothing() -> None:
    #   minute  0  2  4 | 6  8  10
    #           .  .  . | x  .  x
    course = course_of("...x.x", broken_off_at=3)

    assert course.raised == [at(10)]
    assert course.running == timedelta(minutes=4 + 4)


def test_a_standstill_is_no_time_of_running() -> None:
    course = Course(MAX_GAP)
    for minute in (0, 2, 30, 32, 34):
        course.take(at(minute), alarm=False)

    assert course.running == timedelta(minutes=2 + 4)


@pytest.mark.parametrize(
    ("begin", "end", "is_covered"),
    [(0, 10, True), (4, 12, True), (4, 14, False), (-4, 6, False), (-2, 6, True)],
)
def test_what_came_before_an_outcome_is_known_where_no_reading_is_missing(
    begin: float, end: float, *, is_covered: bool
) -> None:
    # Readings at 0, 2 .. 10; the next one before 14 was at 12 or 13.
    assert course_of("......").covers(at(begin), at(end)) is is_covered


def test_models_agree_where_both_are_above_their_threshold_or_both_are_not() -> None:
    trial = Trial.of(MAX_GAP)
    for minute, one, other in [(0, 1.0, 1.5), (2, 3.0, 2.5), (4, 3.0, 1.0), (6, None, 9.0)]:
        trial.take(told(minute, one), told(minute, other))

    assert (trial.n_agreed, trial.n_scored_by_both, trial.n_scored_by_active) == (2, 3, 3)


def test_ranks_that_are_the_other_way_round_correlate_negatively() -> None:
    trial = Trial.of(MAX_GAP)
    for minute, one, other in [(0, 1.0, 9.0), (2, 2.0, 4.0), (4, 3.0, 1.0)]:
        trial.take(told(minute, one), told(minute, other))

    assert trial.rank_correlation == -1.0


def test_ties_stand_at_their_mean_rank() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
    cells = Counter({(0, 0): 1, (5, 1): 1, (5, 2): 1, (9, 3): 1})

    assert rank_correlation(cells) == pytest.approx(4.5 / (4.5 * 5) ** 0.5, abs=1e-6)


def test_scores_that_never_change_have_no_order() -> None:
    assert rank_correlation(Counter({(0, 0): 3, (0, 1): 2})) is None
