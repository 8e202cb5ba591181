"""How many alerts a model raised, beside the budget in force, and how long they stood.

Numbers of alerts are small, so chance is allowed for. A model that keeps exactly to its budget
raises a Poisson number of false alerts; what it exceeds with a chance of under 5 % only, in any
of the machines, is beyond the budget. Whether to go back is asked again and again: there, 0.1 %.

An alert that never clears is raised once, so the share of time in alarm counts beside the number.
A machine that is at fault is in alarm under any model: what counts is more than twice the share
under the other one. A small share may double by one fault, so it has to be beyond reason as well.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Final, NamedTuple

import msgspec

from stream_detector.alerting.ledger import LedgerOutcome
from stream_detector.alerting.rules import ScoreName
from stream_detector.alerting.scorecards import lead_of
from stream_detector.alerting.trial import Course

PROMOTION_CHANCE: Final = 0.05
"""Of refusing a candidate that keeps exactly to its budget."""

ROLL_BACK_CHANCE: Final = 0.001
"""Of taking back a model that keeps exactly to its budget, at each of many looks."""

PROMOTION_SHARE: Final = 0.1
"""Of the time in alarm that a candidate may have, whatever the active model has."""

ROLL_BACK_SHARE: Final = 0.5
"""The same of an active model: what it is held against are other days, without their faults."""

_TOO_MANY_TIMES: Final = 2.0
"""So many times the share of the other model are too much."""

_DAY: Final = timedelta(days=1)

Horizons = Mapping[str, timedelta]
"""How far ahead each rule warns, by its name."""


class Series(NamedTuple):
    """One score of one machine; whether it is over its threshold, and its alerts."""

    machine: str
    score: ScoreName

    def __str__(self) -> str:
        """Name it to people."""
        return self.machine if self.score == "anomaly" else f"{self.machine} (head)"


class Load(msgspec.Struct, frozen=True):
    """Alerts of a time of running, beside the budget in force."""

    days: float
    """The machine ran."""
    n_raised: int
    """Readings that raised one or several: so the budget counts them."""
    n_false: int
    """Of those so many that nothing followed within its horizon that a rule of theirs warns of."""
    budget_per_day: float
    days_in_alarm: float
    """Of the days, an alert was open."""

    @property
    def alarm_share(self) -> float:
        """Share of the time in which an alert was open."""
        return self.days_in_alarm / self.days if self.days else 0.0

    @property
    def by_budget(self) -> float:
        """False alerts that the budget allows for."""
        return self.budget_per_day * self.days

    def per_day(self, n: int) -> float:
        """Give so many as a number a day."""
        return n / self.days if self.days else 0.0


def load_of(
    course: Course,
    outcomes: Collection[LedgerOutcome],
    horizons: Horizons,
    *,
    budget_per_day: float,
) -> Load:
    """Count the alerts of a course; of the last ones nobody knows yet whether they are false."""
    unknown_for = max(horizons.values(), default=timedelta())
    n_false = sum(
        time + unknown_for <= course.stretches[-1].end
        and not any(
            lead_of(one, [time], horizons[one.rule]) for one in outcomes if one.rule in rules
        )
        for time, rules in course.raised
    )
    days = course.running / _DAY
    days_in_alarm = days * course.n_in_alarm / course.n_readings
    return Load(days, len(course.raised), n_false, budget_per_day, days_in_alarm)


def sum_of(loads: Collection[Load]) -> Load:
    """Add loads up; the budget is that of one machine, on average over their days."""
    days = math.fsum(one.days for one in loads)
    by_budget = math.fsum(one.by_budget for one in loads)
    return Load(
        days,
        sum(one.n_raised for one in loads),
        sum(one.n_false for one in loads),
        by_budget / days if days else 0.0,
        math.fsum(one.days_in_alarm for one in loads),
    )


def beyond_budget(loads: Mapping[Series, Load], *, chance: float) -> Iterator[str]:
    """Say of what the false alerts are more than chance makes of the budget, a sentence each.

    Examples
    --------
    >>> load = Load(days=3.0, n_raised=30, n_false=27, budget_per_day=6.0, days_in_alarm=0.1)
    >>> list(beyond_budget({Series("pm3", "anomaly"): load}, chance=0.05))
    ['pm3: 27 false alerts in 3 days; with a budget of 6 a day, over 25 are beyond chance']
    """
    for name, load in loads.items():
        yield from _beyond(str(name), [load], chance / len(loads))
    if len(loads) > 1:
        yield from _beyond("all together", loads.values(), chance)


def too_long_in_alarm(
    loads: Mapping[Series, Load], others: Mapping[Series, Load], *, share: float
) -> Iterator[str]:
    """Say of what the time in alarm is beyond reason, a sentence each.

    Parameters
    ----------
    loads : mapping of Series to Load
    others : mapping of Series to Load
        Under the model that it is held against; what is not there is not compared.
    share : float
        Of the time, that is within reason whatever the other model has.

    Examples
    --------
    >>> load, other = Load(3.0, 1, 0, 6.0, 3.0), Load(3.0, 9, 9, 6.0, 0.03)
    >>> pm3 = Series("pm3", "anomaly")
    >>> list(too_long_in_alarm({pm3: load}, {pm3: other}, share=0.1))
    ['pm3: in alarm for 100 % of the time, under the other model for 1 %; over 10 % are too much']
    """
    for name, load in loads.items():
        if (other := others.get(name)) is None:
            continue
        most = max(share, _TOO_MANY_TIMES * other.alarm_share)
        if load.alarm_share > most:
            yield (
                f"{name}: in alarm for {percent(load.alarm_share)} of the time, under the other "
                f"model for {percent(other.alarm_share)}; over {percent(most)} are too much"
            )


def without_budget(by_hand: Mapping[Series, str]) -> Iterator[str]:
    """Say of what a person set the threshold, so that its alerts speak for or against no model.

    Examples
    --------
    >>> list(without_budget({Series("pm3", "anomaly"): "fixed:0.9"}))
    ['pm3: a person set its threshold (fixed:0.9): its alerts say nothing of the model']
    """
    for name, threshold in sorted(by_hand.items()):
        yield (
            f"{name}: a person set its threshold ({threshold}): its alerts say nothing of the model"
        )


def most_by_chance(mean: float, chance: float) -> int:
    """Give the number that a Poisson variable exceeds with at most this chance.

    Examples
    --------
    >>> most_by_chance(18.0, 0.05), most_by_chance(0.0, 0.05)
    (25, 0)
    """
    if mean <= 0:
        return 0
    at_most = 0.0
    for n in count():
        at_most += math.exp(n * math.log(mean) - mean - math.lgamma(n + 1))
        # Above the mean what is left to add may be lost in the rounding.
        if 1 - at_most <= chance or n > 2 * mean + 100:
            return n
    raise AssertionError


def figure(number: float) -> str:
    """Write a number to people."""
    return f"{number:.3g}"


def percent(share: float) -> str:
    """Write a share to people.

    Examples
    --------
    >>> percent(0.0123), percent(1.0)
    ('1.23 %', '100 %')
    """
    return f"{figure(100 * share)} %"


def _beyond(name: str, loads: Collection[Load], chance: float) -> Iterator[str]:
    load = sum_of(loads)
    most = most_by_chance(load.by_budget, chance)
    if load.n_false > most:
        yield (
            f"{name}: {load.n_false} false alerts in {figure(load.days)} days; with a budget of "
            f"{figure(load.budget_per_day)} a day, over {most} are beyond chance"
        )
