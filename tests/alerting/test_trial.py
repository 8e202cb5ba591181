"""Two models over the same readings: what each raised, and where they agree."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from stream_detector.alerting.trial import Course, Told, Trial, rank_correlation

MAX_GAP = timedelta(minutes=3)


def at(minute: float) -> datetime:
    return datetime(2026, 11, 22, 3, tzinfo=UTC) + timedelta(minutes=minute)


def told(minute: float, score: float | None = 1.0) -> Told:
    """Of a model with the threshold 2."""
    return Told(at(minute), score, above=score is not None and score > 2, raised=(), alarm=False)


RULES = {".": (), "s": ("sheet-break",), "p": ("patient",), "2": ("sheet-break", "patient")}


def course_of(raises: str, *, broken_off_at: int | None = None) -> Course:
    """A reading every two minutes; ``s`` raises an alert, ``p`` one of another rule, ``2`` both."""
    course = Course(MAX_GAP)
    for place, one in enumerate(raises):
        if place == broken_off_at:
            course.break_off()
        course.take(at(2 * place), raised=RULES[one], alarm=False)
    return course


def test_a_reading_that_raises_alerts_of_two_rules_counts_once() -> None:
    course = course_of(".s.2.p")

    assert [one.time for one in course.raised] == [at(2), at(6), at(10)]
    assert course.raised_by("sheet-break") == [at(2), at(6)]
    assert course.raised_by("patient") == [at(6), at(10)]
    assert course.running == timedelta(minutes=10)


def test_what_the_first_reading_raises_counts_for_nothing() -> None:
    # Had the other model raised its alert one reading before, nobody had seen it.
    assert course_of("s..s").raised_by("sheet-break") == [at(6)]


def test_what_the_first_reading_behind_missing_ones_raises_counts_for_nothing() -> None:
    #   minute  0  2  4 | 6  8  10
    #           .  .  . | s  .  s
    course = course_of("...s.s", broken_off_at=3)

    assert course.raised_by("sheet-break") == [at(10)]
    assert course.running == timedelta(minutes=4 + 4)


def test_a_standstill_is_no_time_of_running() -> None:
    course = Course(MAX_GAP)
    for minute in (0, 2, 30, 32, 34):
        course.take(at(minute), raised=(), alarm=False)

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
