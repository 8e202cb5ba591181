"""What the alerts ask of an operator: the figures of ISA-18.2 and EEMUA 191.

Each time that somebody is called counts, in Kafka's time, for that is when it happened to them.

References
----------
ANSI/ISA-18.2-2016, "Management of Alarm Systems for the Process Industries", section 16.
EEMUA Publication 191, "Alarm systems", edition 3, on performance metrics.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

import msgspec

from stream_detector.alerting.alert_state import AlertState, State
from stream_detector.alerting.flood import FEWEST_RAISED, MOST_RAISED, PERIOD
from stream_detector.alerting.ledger import LedgerAlert, Standing
from stream_detector.alerting.life import ClearReason
from stream_detector.alerting.rules import Priority

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

LEAST_SPAN: Final = timedelta(hours=1)
"""What happened in less is no rate: the first alerts would be told as hundreds a day."""

MANY_AN_HOUR: Final = 30
"""More in an hour nobody can work on."""

N_TOP: Final = 10

CHATTERS: Final = 3
"""So often raised within a minute, an alert chatters."""

SHORT: Final = timedelta(minutes=1)
"""One that returns to normal sooner is fleeting: nobody can do anything about it."""


class Kpis(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a span of time, which is Kafka's (``schemas/kpi.v1.json``).

    In parentheses what ISA-18.2 finds acceptable.
    """

    schema: str = "kpi/1.0"
    start: datetime
    end: datetime
    span_s: float
    n_calls: int
    per_day: float | None
    """None before there is an hour to tell it by. (at most 144, or 288 where it can be managed)"""
    per_hour: float | None
    """(6, or 12)"""
    per_10_min: float | None
    """(1, or 2)"""
    most_in_10_min: int
    """(at most 10)"""
    flood_periods_share: float | None
    """Share of the 10-minute periods with more than 10. (less than 1 %)"""
    busy_hours_share: float | None
    """Share of the hours with more than 30. (less than 1 %)"""
    n_floods: int
    flood_share: float | None
    """Share of the time in a flood. (less than 1 %)"""
    longest_flood_s: float
    top_10_share: float
    """Share of the calls that come from the ten most frequent machines and rules. (5 %)"""
    chattering: tuple[str, ...]
    """Machines and rules that chattered. (none)"""
    n_fleeting: int
    """(none)"""
    n_standing: int
    """Open now."""
    n_stale: int
    """Open now for more than 24 hours. (less than 5)"""
    n_unacknowledged: int
    """Open now, and nobody has seen them."""
    n_returned_unacknowledged: int
    """Over, and nobody has seen them."""
    n_shelved: int
    n_out_of_service: int
    by_priority: dict[Priority, float]
    """Shares of the calls. (80 % low, 15 % high, 5 % critical)"""


def kpis(
    alerts: Collection[LedgerAlert],
    states: Collection[AlertState],
    *,
    start: datetime,
    end: datetime,
) -> Kpis:
    """Work the figures out.

    Parameters
    ----------
    alerts : collection of LedgerAlert
    states : collection of AlertState
        As they stand now.
    start, end : datetime
        The span, in Kafka's time.
    """
    calls = sorted(_calls(alerts, start, end), key=lambda call: call[:2])
    times, span = [at for at, _, _ in calls], max(end - start, timedelta(seconds=1))
    counts = _counted(times, start, end, PERIOD)
    hours = _counted(times, start, end, _HOUR)
    floods = [
        (min(last, end) - max(first, start)).total_seconds()
        for first, last in _floods(counts, _number(start, PERIOD))
    ]
    by_key = Counter(key for _, key, _ in calls)
    n_top = sum(count for _, count in by_key.most_common(N_TOP))
    priorities = Counter(standing.priority for _, _, standing in calls)
    n_calls, most = len(calls), max(len(calls), 1)

    def told(figure: float) -> float | None:
        return figure if span >= LEAST_SPAN else None

    return Kpis(
        start=start,
        end=end,
        span_s=span.total_seconds(),
        n_calls=n_calls,
        per_day=told(n_calls / (span / _DAY)),
        per_hour=told(n_calls / (span / _HOUR)),
        per_10_min=told(n_calls / (span / PERIOD)),
        most_in_10_min=max(counts),
        flood_periods_share=told(sum(count > MOST_RAISED for count in counts) / len(counts)),
        busy_hours_share=told(sum(count > MANY_AN_HOUR for count in hours) / len(hours)),
        n_floods=len(floods),
        flood_share=told(sum(floods) / span.total_seconds()),
        longest_flood_s=max(floods, default=0.0),
        top_10_share=n_top / most,
        chattering=tuple(sorted(_chattering((at, key) for at, key, _ in calls))),
        n_fleeting=sum(_is_fleeting(standing) for _, _, standing in calls),
        n_standing=sum(state.open for state in states),
        n_stale=sum(state.stale for state in states),
        n_unacknowledged=sum(state.open and state.acknowledged is None for state in states),
        n_returned_unacknowledged=sum(
            state.state is State.RETURNED_UNACKNOWLEDGED for state in states
        ),
        n_shelved=sum(state.shelved is not None for state in states),
        n_out_of_service=sum(state.out_of_service is not None for state in states),
        by_priority={priority: priorities[priority] / most for priority in get_args(Priority)},
    )


def _calls(
    alerts: Iterable[LedgerAlert], start: datetime, end: datetime
) -> Iterable[tuple[datetime, str, Standing]]:
    """Give each time that somebody was called: when, by whom, and how it stood."""
    for alert in alerts:
        for standing in alert.times:
            if standing.called_at is not None and start <= standing.called_at <= end:
                yield standing.called_at, alert.key, standing


def _counted(
    times: Sequence[datetime], start: datetime, end: datetime, period: timedelta
) -> list[int]:
    """Count in periods that begin with the clock's, for then they are the same for everybody."""
    first, last = _number(start, period), _number(end, period)
    counts = [0] * (last - first + 1)
    for time in times:
        counts[_number(time, period) - first] += 1
    return counts


def _number(time: datetime, period: timedelta) -> int:
    return (time - _EPOCH) // period


def _floods(counts: Iterable[int], first: int) -> Iterable[tuple[datetime, datetime]]:
    """Give each flood, from the period with more than ten on, until one with fewer than five."""
    began: int | None = None
    for number, count in enumerate([*counts, 0], first):
        if began is None and count > MOST_RAISED:
            began = number
        elif began is not None and count < FEWEST_RAISED:
            yield _EPOCH + began * PERIOD, _EPOCH + number * PERIOD
            began = None


def _chattering(calls: Iterable[tuple[datetime, str]]) -> set[str]:
    by_key: dict[str, list[datetime]] = {}
    for at, key in calls:
        by_key.setdefault(key, []).append(at)
    return {
        key
        for key, times in by_key.items()
        if any(
            last - first <= SHORT for first, last in zip(times, times[CHATTERS - 1 :], strict=False)
        )
    }


def _is_fleeting(standing: Standing) -> bool:
    # What an outcome closed was no less a warning for being short; a rule that was removed says
    # nothing of how long its alert would have stood.
    returned = standing.reason == ClearReason.RETURNED_TO_NORMAL
    return standing.cleared is not None and returned and standing.cleared - standing.raised <= SHORT
