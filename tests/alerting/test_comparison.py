"""Whether the promotion rule holds, and what it says where it does not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from stream_detector.alerting.alarm_load import (
    Load,
    Series,
    beyond_budget,
    load_of,
    most_by_chance,
)
from stream_detector.alerting.comparison import Comparison, compare
from stream_detector.alerting.ledger import LedgerOutcome
from stream_detector.alerting.trial import Told, Trial

PM3, PM4 = Series("pm3", "anomaly"), Series("pm4", "anomaly")
HORIZONS = {
    "sheet-break": timedelta(minutes=4),
    "patient": timedelta(minutes=4),
    "far-sighted": timedelta(minutes=10),
}
DAY = 720
"""Readings, one every two minutes."""


def at(minute: float) -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(minutes=minute)


def trial_of(
    n_readings: int = DAY + 1,
    *,
    active: Sequence[int] = (),
    candidate: Sequence[int] = (),
    unscored: int = 0,
    rule: str = "sheet-break",
    alarms: tuple[int, int] = (0, 0),
) -> Trial:
    """Alerts are raised by the readings of these numbers; the last ones have no score.

    So many readings at the end are in alarm, under the active model and the candidate.
    """
    raises, none = (rule,), ()
    trial = Trial.of(timedelta(minutes=3))
    late = [n_readings - n_in_alarm for n_in_alarm in alarms]
    for k in range(n_readings):
        score = None if k >= n_readings - unscored else 1.0
        trial.take(
            Told(at(2 * k), 1.0, k in active, raises if k in active else none, k >= late[0]),
            Told(
                at(2 * k), score, k in candidate, raises if k in candidate else none, k >= late[1]
            ),
        )
    return trial


def outcome(minute: float, *, run_start: float = 0, rule: str = "sheet-break") -> LedgerOutcome:
    return LedgerOutcome("pm3", rule, at(minute), at(run_start))


def compared(
    trials: dict[Series, Trial],
    *outcomes: LedgerOutcome,
    per_day: float = 2.0,
    least_days: float = 1.0,
    by_hand: dict[Series, str] | None = None,
) -> Comparison:
    return compare(
        "candidate",
        {"active"},
        trials,
        {PM3: outcomes},
        horizons=HORIZONS,
        budgets=dict.fromkeys(trials, per_day),
        by_hand=by_hand or {},
        least_days=least_days,
    )


def test_a_candidate_that_loses_nothing_within_the_budget_may_take_over() -> None:
    found = compared({PM3: trial_of(active=[100], candidate=[100, 300])}, outcome(202))

    assert (found.holds, found.reasons) == (True, ())
    (one,) = found.machines
    assert (one.n_readings, one.active.days, one.agreement) == (721, 1.0, 0.998613)
    assert (one.active.n_raised, one.active.n_false) == (1, 0)
    assert (one.candidate.n_raised, one.candidate.n_false) == (2, 1)
    assert (one.n_outcomes, one.n_warned_by_active, one.n_warned_by_candidate) == (1, 1, 1)


def test_an_outcome_that_only_the_active_model_warned_of_is_lost_by_name() -> None:
    found = compared(
        {PM3: trial_of(active=[100], candidate=[300])}, outcome(202), outcome(603, run_start=300)
    )

    assert not found.holds
    assert found.reasons == ("pm3: the outcome at 2026-11-22T03:22:00Z is not warned of any more",)
    assert found.machines[0].lost == (at(202),)
    assert found.machines[0].gained == (at(603),)


def test_a_warning_counts_within_the_horizon_of_its_rule_and_in_its_run() -> None:
    trial = trial_of(active=[100], candidate=[100])

    # Raised at minute 200: 4 minutes before the first, 6 before the second; the third run is new.
    found = [
        compared({PM3: trial}, one).machines[0].n_warned_by_candidate
        for one in (outcome(204), outcome(206), outcome(204, run_start=202))
    ]

    assert found == [1, 0, 0]


def test_an_alert_warns_only_of_what_its_rule_is_for_and_so_far_ahead() -> None:
    # Raised at minute 200, 6 minutes before the outcome.
    one, same = outcome(206), outcome(206, rule="far-sighted")

    found = [
        compared({PM3: trial_of(active=[100], rule=rule)}, one, same).machines[0]
        for rule in ("patient", "sheet-break", "far-sighted")
    ]

    assert [(it.n_outcomes, it.n_warned_by_active) for it in found] == [(1, 0), (1, 0), (1, 1)]
    assert [it.active.n_false for it in found] == [1, 1, 0]


def test_an_outcome_that_not_both_were_seen_before_is_not_known() -> None:
    assert compared({PM3: trial_of(DAY + 1)}, outcome(2)).machines[0].n_outcomes == 1
    late = compared({PM3: trial_of(DAY + 1)}, outcome(2 * DAY + 10)).machines[0]
    without_run = LedgerOutcome("pm3", "sheet-break", at(200), None)

    assert late.n_outcomes == 0
    assert compared({PM3: trial_of()}, without_run).machines[0].n_outcomes == 0


def test_too_little_evidence_is_no_promotion_and_said_in_words() -> None:
    found = compared({PM3: trial_of(361)}, least_days=3.0)

    assert found.reasons == ("pm3: 0.5 days of running are too little evidence, 3 are needed",)
    assert compared({}).reasons == ("there is no reading that both models told of",)


def test_more_false_alerts_than_chance_makes_of_the_budget_are_no_promotion() -> None:
    # Of a Poisson number with mean 2, under 5 % are above 5.
    within = trial_of(candidate=range(10, 60, 10))
    beyond = trial_of(candidate=range(10, 70, 10))

    assert compared({PM3: within}).holds
    assert compared({PM3: beyond}).reasons == (
        "pm3: 6 false alerts in 1 days; with a budget of 2 a day, over 5 are beyond chance",
    )


def test_a_candidate_that_gives_no_scores_raises_nothing_and_is_refused() -> None:
    found = compared({PM3: trial_of(unscored=8)})

    assert found.reasons == (
        "pm3: the candidate scored 713 of the 721 readings that the active model scored",
    )
    assert compared({PM3: trial_of(unscored=7)}).holds


def test_under_a_threshold_that_a_person_set_no_alerts_count_and_none_is_promoted() -> None:
    flooding = trial_of(candidate=range(10, 310, 3), alarms=(0, 700))

    found = compared({PM3: flooding, PM4: trial_of()}, by_hand={PM3: "fixed:0.9"})

    assert found.reasons == (
        "pm3: a person set its threshold (fixed:0.9): its alerts say nothing of the model",
    )
    assert found.machines[0].candidate.n_false == 100


def test_a_candidate_that_never_clears_its_one_alert_is_refused() -> None:
    # 1000 readings: shares that people can read.
    found = compared({PM3: trial_of(1000, candidate=[1], alarms=(10, 999))})

    assert found.reasons == (
        "pm3: in alarm for 99.9 % of the time, under the other model for 1 %; over 10 % are too "
        "much",
    )
    (one,) = found.machines
    assert one.active.alarm_share == pytest.approx(0.01)
    assert found.together.candidate.alarm_share == pytest.approx(0.999)


@pytest.mark.parametrize(
    ("active", "candidate", "holds"),
    [(0, 100, True), (0, 101, False), (450, 900, True), (450, 901, False), (600, 1000, True)],
)
def test_time_in_alarm_may_be_twice_that_of_the_active_model_or_a_tenth(
    active: int, candidate: int, *, holds: bool
) -> None:
    assert compared({PM3: trial_of(1000, alarms=(active, candidate))}).holds == holds


def test_several_machines_are_judged_each_and_together() -> None:
    five, four = range(10, 60, 10), range(10, 50, 10)
    # Chance is 2.5 % for one of two machines: 5 with a mean of 2 are within, 9 with one of 4 not.
    found = compared({PM3: trial_of(candidate=five), PM4: trial_of(candidate=four)})

    assert found.reasons == (
        "all together: 9 false alerts in 2 days; with a budget of 2 a day, over 8 are beyond "
        "chance",
    )
    assert found.together.candidate == Load(2.0, 9, 9, 2.0, 0.0)
    assert found.together.n_readings == 2 * 721


def test_nobody_knows_yet_of_the_last_alerts_whether_they_are_false() -> None:
    course = trial_of(active=[715]).active

    load = load_of(course, (), HORIZONS, budget_per_day=2.0)

    # Raised at 1430: an outcome could follow up to 1440, which is the last reading.
    assert (load.n_raised, load.n_false) == (1, 1)
    later = trial_of(active=[716]).active
    assert load_of(later, (), HORIZONS, budget_per_day=2.0).n_false == 0


@pytest.mark.parametrize(
    ("mean", "chance", "most"), [(2.0, 0.05, 5), (2.0, 0.025, 5), (4.0, 0.05, 8), (0.5, 0.001, 4)]
)
def test_chance_is_that_of_a_poisson_number(mean: float, chance: float, most: int) -> None:
    # P(N > 5 | 2) = 1.7 %, P(N > 4 | 2) = 5.3 %; P(N > 8 | 4) = 2.1 %; P(N > 4 | 0.5) = 0.02 %.
    assert most_by_chance(mean, chance) == most


def test_a_machine_without_running_time_has_no_alerts_to_be_counted() -> None:
    assert list(beyond_budget({PM3: Load(0.0, 0, 0, 6.0, 0.0)}, chance=0.05)) == []
