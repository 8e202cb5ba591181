"""How well the alerts of a plant foretold what happened, for several horizons.

An outcome was warned of when an alert of the same machine and rule was raised within the horizon
before it, in the run that it ended. What alerts at random times would have warned of stands
beside it: as many of them, each as long as ours, so in alarm for the same share of the time.
Without that no recall means anything.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from statistics import fmean, median_low

import msgspec

from stream_detector.alerting.horizons import reach
from stream_detector.alerting.life import ClearReason
from stream_detector.alerting.plant_ledger import LedgerAlert, LedgerOutcome, Standing


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What alerts were worth as warnings so far ahead."""

    horizon_s: float
    n_raised: int
    n_nuisance: int
    """Raises that no outcome followed; of the last ones nobody knows yet, and of those that stood
    as their rule was removed nobody ever will."""
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
    """Share of the time in alarm, on average over the machines and rules that told anything."""


def scorecard(
    alerts: Collection[LedgerAlert],
    outcomes: Collection[LedgerOutcome],
    *,
    horizon: timedelta,
    start: datetime,
    end: datetime,
) -> Card:
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
    times, happened = _by_key(alerts), [one for one in outcomes if start <= one.time <= end]
    keys = times.keys() | {one.key for one in happened}
    raised = {
        key: sorted(one.raised for one in _within(times.get(key, ()), start, end)) for key in keys
    }
    following: dict[str, list[LedgerOutcome]] = {}
    for one in sorted(happened, key=lambda one: one.time):
        following.setdefault(one.key, []).append(one)
    leads = [lead for one in happened if (lead := lead_of(one, raised[one.key], horizon))]
    n_raised = sum(map(len, raised.values()))
    n_nuisance = sum(
        one.raised + horizon <= end
        and one.reason != ClearReason.RULE_REMOVED
        and not _is_followed(one.raised, following.get(key, ()), horizon)
        for key, ours in times.items()
        for one in _within(ours, start, end)
    )
    by_chance = [1 - (1 - min(horizon / span, 1.0)) ** len(raised[one.key]) for one in happened]
    in_alarm = sum((_time_in_alarm(ours, start, end) for ours in times.values()), timedelta())
    return Card(
        horizon_s=horizon.total_seconds(),
        n_raised=n_raised,
        n_nuisance=n_nuisance,
        nuisance_per_day=n_nuisance / (span / timedelta(days=1)),
        n_outcomes=len(happened),
        n_warned=len(leads),
        n_missed=len(happened) - len(leads),
        recall=len(leads) / len(happened) if happened else None,
        recall_by_chance=fmean(by_chance) if by_chance else None,
        median_lead_s=median_low(leads).total_seconds() if leads else None,
        alarm_share=in_alarm / (span * max(len(keys), 1)),
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


def _by_key(alerts: Iterable[LedgerAlert]) -> dict[str, list[Standing]]:
    found: dict[str, list[Standing]] = {}
    for one in alerts:
        found.setdefault(one.key, []).extend(one.times)
    return found


def _within(times: Iterable[Standing], start: datetime, end: datetime) -> Iterable[Standing]:
    return (one for one in times if start <= one.raised <= end)


def _is_followed(raised: datetime, outcomes: Sequence[LedgerOutcome], horizon: timedelta) -> bool:
    """Whether the next outcome is one that a raise warned of."""
    next_one = bisect_right(outcomes, raised, key=lambda one: one.time)
    return next_one < len(outcomes) and (lead_of(outcomes[next_one], [raised], horizon) is not None)


def _time_in_alarm(times: Iterable[Standing], start: datetime, end: datetime) -> timedelta:
    # Those of one machine and rule do not overlap: one alert of them is open at a time.
    stood = (min(one.cleared or end, end) - max(one.raised, start) for one in times)
    return sum((one for one in stood if one > timedelta()), timedelta())
