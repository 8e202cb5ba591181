"""What two models told of the same readings, brought together from the scores topic."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from stream_detector.alerting.alarm_load import Series
from stream_detector.pipeline.score_streams import ActiveCourses, ScoreLine, Trials, decode_line

ACTIVE, CANDIDATE, OTHER = "aaaa", "cccc", "eeee"
PM3 = Series("pm3", "anomaly")
MAX_GAP = timedelta(minutes=3)
RAISED = ("sheet-break",)


def line(
    minute: float,
    bundle: str = ACTIVE,
    *,
    shadow: bool = False,
    machine: str = "pm3",
    raised: Sequence[str] = (),
    **more: Any,
) -> ScoreLine:
    time = datetime(2026, 11, 22, 3, tzinfo=UTC) + timedelta(minutes=minute)
    message = {
        "schema": "score/1.0",
        "machine": machine,
        "event_time": time.isoformat(),
        "score": 1.0,
        "threshold": 2.0,
        "above": False,
        "alarm": bool(raised),
        "raised": raised,
        "bundle": bundle,
        "shadow": shadow,
        **more,
    }
    found = decode_line(json.dumps(message).encode())
    assert found is not None
    return found


def on_trial(minute: float, **more: Any) -> ScoreLine:
    return line(minute, CANDIDATE, shadow=True, **more)


def trials_of(*lines: ScoreLine) -> Trials:
    trials = Trials(CANDIDATE, max_gap=MAX_GAP, wants=lambda name: name != "pm9")
    for one in lines:
        trials.take(one)
    return trials


def test_only_readings_that_both_told_of_are_compared() -> None:
    trials = trials_of(
        *(line(0), line(2), line(4), on_trial(2), on_trial(4)),
        *(line(0, machine="pm9"), on_trial(0, machine="pm9")),
    )

    assert trials.by_series.keys() == {PM3}
    assert trials.by_series[PM3].active.n_readings == 2
    assert trials.active == {ACTIVE}


def test_what_comes_again_after_a_crash_changes_nothing() -> None:
    batch = [line(0), line(2), on_trial(0), on_trial(2)]

    trial = trials_of(*batch, *batch, line(4), on_trial(4)).by_series[PM3]

    assert trial.active.n_readings == 3
    assert trial.active.running == timedelta(minutes=4)


def test_a_raise_is_not_counted_where_the_candidate_missed_readings_before_it() -> None:
    #   minute      0  2  4  6
    #   active      .  .  x  .
    #   candidate   .  .     x   nobody knows of 4
    lines = [line(0), line(2), line(4, raised=RAISED), line(6)]

    trial = trials_of(*lines, on_trial(0), on_trial(2), on_trial(6, raised=RAISED)).by_series[PM3]

    assert trial.active.raised == trial.candidate.raised == []


def test_another_active_model_begins_the_comparison_anew() -> None:
    trials = trials_of(
        *(line(0), on_trial(0), line(2), on_trial(2)),
        *(line(4, OTHER), on_trial(4)),
    )

    assert trials.active == {OTHER}
    assert trials.by_series[PM3].active.n_readings == 1


def test_what_the_candidate_says_once_it_judges_is_no_trial() -> None:
    trials = trials_of(line(0), on_trial(0), line(2, CANDIDATE), line(4, CANDIDATE))

    assert trials.by_series[PM3].active.n_readings == 1


def test_a_head_is_compared_by_itself_and_a_model_without_one_raises_nothing_by_it() -> None:
    head = {"score": 0.5, "threshold": 0.4, "above": True, "alarm": True, "raised": RAISED}
    none = {**head, "raised": ()}

    trials = trials_of(line(0, head=none), on_trial(0), line(2, head=head), on_trial(2))

    trial = trials.by_series[Series("pm3", "head")]
    assert len(trial.active.raised) == 1
    assert trial.candidate.raised == []
    assert (trial.n_scored_by_active, trial.n_scored_by_both) == (2, 0)
    assert (trial.active.n_in_alarm, trial.candidate.n_in_alarm) == (2, 0)


def test_of_an_activated_model_what_it_raised_where_it_judged_is_followed() -> None:
    courses = ActiveCourses(CANDIDATE, max_gap=MAX_GAP, wants=lambda _: True)
    for one in (
        *(on_trial(0), line(0, raised=RAISED), line(2, CANDIDATE)),
        line(4, CANDIDATE, raised=RAISED),
        *(line(2, CANDIDATE), line(4, CANDIDATE, raised=RAISED)),
    ):
        courses.take(one)

    course = courses.by_series[PM3]
    assert (course.n_readings, len(course.raised), course.n_in_alarm) == (2, 1, 1)


def test_what_is_no_score_is_passed_over() -> None:
    assert decode_line(b'{"machine": "pm3"}') is None
    assert decode_line(None) is None


def test_a_score_from_before_raises_were_told_says_nothing_of_them() -> None:
    old = json.loads(msgspec.json.encode(line(0)))
    del old["raised"]

    assert decode_line(json.dumps(old).encode()) is None
