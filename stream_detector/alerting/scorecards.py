"""How well the alerts of a plant foretold what happened, for several horizons.

An outcome was warned of when an alert was raised within the horizon before it, in the run that it
ended, under one of the rules that warn of it; however many these are, it counts once. What alerts
at random times would have warned of stands beside it: as many of them, each as long as ours, so in
alarm for the same share of the time; in a run shorter than the horizon there is less time in which
they warn. Without that no recall means anything.

The card of a recording, :class:`stream_detector.alerting.recorded.Scorecard`, differs: only there
is it known when a machine stood still, and so for how long anybody could be warned.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from math import prod
from operator import attrgetter
from statistics import fmean, median

import msgspec

from stream_detector.alerting.chance import missed_by_chance
from stream_detector.alerting.horizons import reach
from stream_detector.alerting.ledger import LedgerAlert, LedgerOutcome, Standing
from stream_detector.alerting.life import ClearReason


class PlantCard(msgspec.Struct, frozen=True, kw_only=True):
    """What alerts were worth as warnings so far ahead."""

    horizon_s: float
    n_raised: int
    n_nuisance: int
    """Raises that no outcome followed within the horizon, also where one came later; of the last
    ones nobody knows yet, and of those that stood as their rule was removed nobody ever will."""
    nuisance_per_day: float
    n_outcomes: int
    n_warned: int
    n_missed: int
    recall: float | None
    """Share of the outcomes that were warned of; None where there were none."""
    recall_by_chance: float | None
    """That of as many alerts raised at random times."""
    median_lead_s: float | None
    alarm_share: float
    """Share of the time in alarm under any rule, on average over all machines heard of."""


def plant_card(
    alerts: Collection[LedgerAlert],
    outcomes: Collection[LedgerOutcome],
    *,
    horizon: timedelta,
    start: datetime,
    end: datetime,
) -> PlantCard:
    """Hold alerts against outcomes over a span of time, which is the machines' own.

    Parameters
    ----------
    alerts : collection of LedgerAlert
    outcomes : collection of LedgerOutcome
    horizon : timedelta
        How far ahead an alert counts as a warning.
    start, end : datetime
    """
    span = max(end - start, timedelta(microseconds=1))
    times = {
        key: [standing for standing in called if start <= standing.raised <= end]
        for key, called in _times_by(alerts, attrgetter("key")).items()
    }
    raised = {key: sorted(standing.raised for standing in called) for key, called in times.items()}
    by_rule: dict[str, list[LedgerOutcome]] = {}
    happened: dict[tuple[str, datetime], list[LedgerOutcome]] = {}
    for outcome in sorted(outcomes, key=attrgetter("time")):
        if start <= outcome.time <= end:
            by_rule.setdefault(outcome.key, []).append(outcome)
            happened.setdefault((outcome.machine, outcome.time), []).append(outcome)
    leads, missed = [], []
    for told in happened.values():
        ours = [(outcome, raised.get(outcome.key, ())) for outcome in told]
        if warned := [lead for outcome, of in ours if (lead := lead_of(outcome, of, horizon))]:
            leads.append(max(warned))
        missed.append(
            prod(
                missed_by_chance(len(of), share=_time_to_warn(outcome, horizon, start) / span)
                for outcome, of in ours
            )
        )
    n_nuisance = sum(
        standing.raised + horizon <= end
        and standing.reason != ClearReason.RULE_REMOVED
        and not _is_followed(standing.raised, by_rule.get(key, ()), horizon)
        for key, called in times.items()
        for standing in called
    )
    stood = _times_by(alerts, attrgetter("machine"))
    in_alarm = sum((_time_in_alarm(called, start, end) for called in stood.values()), timedelta())
    n_machines = len(stood.keys() | {machine for machine, _ in happened})
    return PlantCard(
        horizon_s=horizon.total_seconds(),
        n_raised=sum(map(len, raised.values())),
        n_nuisance=n_nuisance,
        nuisance_per_day=n_nuisance / (span / timedelta(days=1)),
        n_outcomes=len(happened),
        n_warned=len(leads),
        n_missed=len(happened) - len(leads),
        recall=len(leads) / len(happened) if happened else None,
        recall_by_chance=1 - fmean(missed) if missed else None,
        median_lead_s=median(lead.total_seconds() for lead in leads) if leads else None,
        alarm_share=in_alarm / (span * max(n_machines, 1)),
    )


def lead_of(
    outcome: LedgerOutcome, raised: Sequence[datetime], horizon: timedelta
) -> timedelta | None:
    """Give how long before an outcome the first alert was raised that warned of it, if one did.

    Parameters
    ----------
    outcome : LedgerOutcome
    raised : sequence of datetime
        When alerts of the same machine and rule were raised, in order.
    horizon : timedelta
    """
    if outcome.run_start is None:
        return None
    first = bisect_left(raised, max(outcome.time - reach(horizon), outcome.run_start))
    if first == len(raised) or raised[first] >= outcome.time:
        return None
    return outcome.time - raised[first]


def _time_to_warn(outcome: LedgerOutcome, horizon: timedelta, start: datetime) -> timedelta:
    if outcome.run_start is None:
        return timedelta()
    in_run = outcome.time - max(outcome.run_start, start)
    return max(min(horizon, in_run), timedelta())


def _times_by(
    alerts: Iterable[LedgerAlert], name: Callable[[LedgerAlert], str]
) -> dict[str, list[Standing]]:
    found: dict[str, list[Standing]] = {}
    for one in alerts:
        found.setdefault(name(one), []).extend(one.times)
    return found


def _is_followed(raised: datetime, outcomes: Sequence[LedgerOutcome], horizon: timedelta) -> bool:
    """Whether the next outcome is one that a raise warned of."""
    next_one = bisect_right(outcomes, raised, key=lambda one: one.time)
    return next_one < len(outcomes) and (lead_of(outcomes[next_one], [raised], horizon) is not None)


def _time_in_alarm(times: Iterable[Standing], start: datetime, end: datetime) -> timedelta:
    in_alarm, until = timedelta(), start
    for one in sorted(times, key=lambda one: one.raised):
        # Those of two rules may overlap.
        begin, over = max(one.raised, until), min(one.cleared or end, end)
        if over > begin:
            in_alarm, until = in_alarm + (over - begin), over
    return in_alarm
