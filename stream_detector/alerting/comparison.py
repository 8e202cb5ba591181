"""What a trial of two models showed, and whether the candidate may take over.

The promotion rule: enough running time was compared, the candidate scored what the active model
scored, its false alerts are within the budget, it is not in alarm for far longer, and no known
outcome is lost that the active model warned of. Where several machines are compared, that holds
for each, and for all together. Under a threshold that a person set the rule never holds: how many
alerts come is then up to that person.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from stream_detector.alerting.alarm_load import (
    PROMOTION_CHANCE,
    PROMOTION_SHARE,
    Horizons,
    Load,
    Series,
    beyond_budget,
    figure,
    load_of,
    sum_of,
    too_long_in_alarm,
    without_budget,
)
from stream_detector.alerting.ledger import LedgerOutcome
from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.rules import ScoreName
from stream_detector.alerting.scorecards import lead_of
from stream_detector.alerting.trial import Course, Trial, rank_correlation

_LEAST_SCORED: Final = 0.99
"""Share of the active model's scored readings that a candidate has to score."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Both models over the same readings of one machine, by one of their scores."""

    machine: str
    score: ScoreName
    start: datetime
    end: datetime
    n_readings: int
    """That both told of."""
    n_scored_by_active: int
    n_scored_by_both: int
    agreement: float | None
    """Share of those on which both are above their threshold, or both are not."""
    rank_correlation: float | None
    """Spearman's, of the scores."""
    active: Load
    candidate: Load
    set_threshold: str | None
    """The candidate's, where a person set it as a number or a rate: nobody asked for a budget, and
    the one in the loads is that which the model was trained for."""
    n_outcomes: int
    """That were known, and before which both told of the readings within the horizon."""
    n_warned_by_active: int
    n_warned_by_candidate: int
    lost: tuple[datetime, ...]
    """Outcomes that the active model alone warned of."""
    gained: tuple[datetime, ...]
    """Outcomes that the candidate alone warned of."""

    @property
    def series(self) -> Series:
        """Of what it is."""
        return Series(self.machine, self.score)


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """All machines together: numbers are sums, and shares are of all readings."""

    n_readings: int
    agreement: float | None
    rank_correlation: float | None
    active: Load
    candidate: Load
    n_outcomes: int
    n_warned_by_active: int
    n_warned_by_candidate: int
    n_lost: int
    n_gained: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What ``model compare`` tells (``schemas/comparison.v1.json``)."""

    schema: str = "comparison/1.0"
    candidate: str
    active: tuple[str, ...]
    """The models that judged meanwhile; mostly one."""
    machines: tuple[Compared, ...]
    together: Together
    least_days: float
    holds: bool
    """The promotion rule does."""
    reasons: tuple[str, ...]
    """Why it does not."""


def compare(
    candidate: str,
    active: Collection[str],
    trials: Mapping[Series, Trial],
    outcomes: Mapping[Series, Collection[LedgerOutcome]],
    *,
    horizons: Horizons,
    budgets: Mapping[Series, float],
    by_hand: Mapping[Series, str],
    least_days: float,
) -> Comparison:
    """Hold a candidate against the active model, and say whether the promotion rule holds.

    Parameters
    ----------
    candidate : str
    active : collection of str
        Ids of the bundles.
    trials : mapping of Series to Trial
    outcomes : mapping of Series to LedgerOutcome
        What is known to have happened, by rules that go by the score.
    horizons : mapping of rule to timedelta
    budgets : mapping of Series to float
        False alerts a day that the candidate may raise.
    by_hand : mapping of Series to str
        The candidate's thresholds that a person set as a number or a rate.
    least_days : float
        Of running, of each machine.
    """
    parts = tuple(
        _compared(
            one,
            trial,
            outcomes.get(one, ()),
            horizons,
            budget_per_day=budgets[one],
            set_threshold=by_hand.get(one),
        )
        for one, trial in sorted(trials.items())
        if trial.active.n_readings
    )
    reasons = tuple(_reasons_against(parts, by_hand, least_days))
    return Comparison(
        candidate=candidate,
        active=tuple(sorted(active)),
        machines=parts,
        together=_together(parts, trials.values()),
        least_days=least_days,
        holds=not reasons,
        reasons=reasons,
    )


def _compared(
    name: Series,
    trial: Trial,
    outcomes: Collection[LedgerOutcome],
    horizons: Horizons,
    *,
    budget_per_day: float,
    set_threshold: str | None,
) -> Compared:
    known = [one for one in outcomes if _is_covered(one, trial.active, horizons)]
    active, candidate = (
        load_of(course, outcomes, horizons, budget_per_day=budget_per_day)
        for course in (trial.active, trial.candidate)
    )
    warned_by_active, warned_by_candidate = (
        {one.time for one in known if lead_of(one, course.raised_by(one.rule), horizons[one.rule])}
        for course in (trial.active, trial.candidate)
    )
    n_both = trial.n_scored_by_both
    return Compared(
        machine=name.machine,
        score=name.score,
        start=trial.active.stretches[0].begin,
        end=trial.active.stretches[-1].end,
        n_readings=trial.active.n_readings,
        n_scored_by_active=trial.n_scored_by_active,
        n_scored_by_both=n_both,
        agreement=round(trial.n_agreed / n_both, 6) if n_both else None,
        rank_correlation=trial.rank_correlation,
        active=active,
        candidate=candidate,
        set_threshold=set_threshold,
        n_outcomes=len({one.time for one in known}),
        n_warned_by_active=len(warned_by_active),
        n_warned_by_candidate=len(warned_by_candidate),
        lost=tuple(sorted(warned_by_active - warned_by_candidate)),
        gained=tuple(sorted(warned_by_candidate - warned_by_active)),
    )


def _is_covered(outcome: LedgerOutcome, course: Course, horizons: Horizons) -> bool:
    """Tell whether a warning of it would have been seen."""
    if outcome.run_start is None:
        return False
    begin = max(outcome.time - horizons[outcome.rule], outcome.run_start)
    return course.covers(begin, outcome.time)


def _together(parts: Sequence[Compared], trials: Iterable[Trial]) -> Together:
    cells = Counter[tuple[int, int]]()
    n_agreed = n_both = 0
    for trial in trials:
        cells.update(trial.cells)
        n_agreed += trial.n_agreed
        n_both += trial.n_scored_by_both
    return Together(
        n_readings=sum(one.n_readings for one in parts),
        agreement=round(n_agreed / n_both, 6) if n_both else None,
        rank_correlation=rank_correlation(cells),
        active=sum_of([one.active for one in parts]),
        candidate=sum_of([one.candidate for one in parts]),
        n_outcomes=sum(one.n_outcomes for one in parts),
        n_warned_by_active=sum(one.n_warned_by_active for one in parts),
        n_warned_by_candidate=sum(one.n_warned_by_candidate for one in parts),
        n_lost=sum(len(one.lost) for one in parts),
        n_gained=sum(len(one.gained) for one in parts),
    )


def _reasons_against(
    parts: Sequence[Compared], by_hand: Mapping[Series, str], least_days: float
) -> Iterator[str]:
    if not parts:
        yield "there is no reading that both models told of"
        return
    for one in parts:
        if one.candidate.days < least_days:
            yield (
                f"{one.series}: {figure(one.candidate.days)} days of running are too little "
                f"evidence, {figure(least_days)} are needed"
            )
        if one.n_scored_by_both < _LEAST_SCORED * one.n_scored_by_active:
            yield (
                f"{one.series}: the candidate scored {one.n_scored_by_both} of the "
                f"{one.n_scored_by_active} readings that the active model scored"
            )
    loads = {one.series: one.candidate for one in parts if one.series not in by_hand}
    yield from without_budget(by_hand)
    yield from beyond_budget(loads, chance=PROMOTION_CHANCE)
    yield from too_long_in_alarm(
        loads, {one.series: one.active for one in parts}, share=PROMOTION_SHARE
    )
    for one in parts:
        for time in one.lost:
            yield f"{one.series}: the outcome at {rfc3339(time)} is not warned of any more"
