"""The ledger of a plant: every alert and every outcome, folded from the alerts topic.

What became of an alert, the book decides: the same code runs here over all that the topic still
holds, of which the book itself remembers only the last alerts of each machine. Of a recording,
:mod:`stream_detector.alerting.recorded` tells the same from its readings.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from stream_detector.alerting.alert_state import AlertState, ClosedAs, Label
from stream_detector.alerting.book import Book, Kept
from stream_detector.alerting.news import AlertNews, OutcomeNews
from stream_detector.alerting.rules import Priority, Rules

MAX_ALERTS: Final = 20_000
"""That are remembered, the newest: 144 a day for four months. Each takes 500 bytes."""


@dataclass
class Standing:
    """A time during which an alert stood: somebody was called at its begin.

    ``raised`` and ``cleared`` are the machine's time, ``called_at`` is Kafka's; it is None
    where the topic holds no message of the raise any more.
    """

    raised: datetime
    called_at: datetime | None
    priority: Priority
    cleared: datetime | None = None
    reason: str | None = None


@dataclass
class LedgerAlert:
    """An alert, each time that it stood, and what became of it."""

    alert_id: str
    machine: str
    rule: str
    times: list[Standing] = field(default_factory=list)
    fate: ClosedAs | None = None
    lead: timedelta | None = None

    @property
    def key(self) -> str:
        """The machine and the rule."""
        return f"{self.machine}/{self.rule}"

    @property
    def last(self) -> Standing:
        """When it stood last, or stands."""
        return self.times[-1]


@dataclass(frozen=True)
class LedgerOutcome:
    """Something that a rule warns of has happened."""

    machine: str
    rule: str
    time: datetime
    run_start: datetime | None

    @property
    def key(self) -> str:
        """The machine and the rule."""
        return f"{self.machine}/{self.rule}"


class Ledger:
    """All alerts and outcomes that were told, oldest first.

    Parameters
    ----------
    rules : Rules
    max_alerts : int
        The oldest are forgotten beyond that, and as many outcomes.
    """

    def __init__(self, rules: Rules, *, max_alerts: int = MAX_ALERTS) -> None:
        self._book = Book(rules)
        self._max_alerts = max_alerts
        self._alerts: dict[str, LedgerAlert] = {}
        self._outcomes: dict[tuple[str, datetime], LedgerOutcome] = {}
        self._newest: tuple[datetime, datetime] | None = None
        self.begins_at: datetime | None = None
        """The machines' time of the first thing that was told."""
        self.begins_called_at: datetime | None = None
        """Kafka's time of it."""

    @property
    def alerts(self) -> Collection[LedgerAlert]:
        """All of them."""
        return self._alerts.values()

    @property
    def outcomes(self) -> Collection[LedgerOutcome]:
        """All of them."""
        return self._outcomes.values()

    def fold(self, news: AlertNews, alert: dict[str, Any], at: datetime) -> None:
        """Take in a change of an alert; a repeat changes nothing."""
        self._note_time(news.event_time, at)
        kept = self._book.fold(news, alert, at)
        if not kept:
            return
        one = self._alerts.get(news.alert_id)
        if one is None:
            one = self._alerts[news.alert_id] = LedgerAlert(news.alert_id, news.machine, news.rule)
            _forget(self._alerts, self._max_alerts)
        if news.event == "raised":
            one.times.append(Standing(news.event_time, at, news.priority))
        elif not one.times:
            one.times.append(Standing(news.raised_at, None, news.priority))
        one.last.priority = news.priority
        if news.event == "cleared":
            one.last.cleared, one.last.reason = news.event_time, news.reason
        self._close(kept)

    def fold_outcome(self, outcome: OutcomeNews, at: datetime) -> None:
        """Take in that what a rule warns of has happened; a repeat changes nothing."""
        self._note_time(outcome.event_time, at)
        machine, rule, time = outcome.machine, outcome.rule, outcome.event_time
        found = LedgerOutcome(machine, rule, time, outcome.run_start)
        self._outcomes.setdefault((found.key, time), found)
        _forget(self._outcomes, self._max_alerts)
        self._close(self._book.fold_outcome(outcome, at))

    def tick(self, now: datetime) -> None:
        """Take in what time it is, by Kafka's clock: of some alerts nothing can come any more."""
        self._close(self._book.tick(now))

    def machine_time(self, now: datetime) -> datetime:
        """Give the machines' time at a time of Kafka's: it goes on since what was told last.

        The two differ where a recording is played.
        """
        if self._newest is None:
            return now
        event_time, at = self._newest
        return event_time + (now - at)

    def _note_time(self, event_time: datetime, at: datetime) -> None:
        self.begins_at = min(self.begins_at or event_time, event_time)
        self.begins_called_at = min(self.begins_called_at or at, at)
        if self._newest is None or event_time >= self._newest[0]:
            self._newest = event_time, at

    def _close(self, kept: Iterable[Kept]) -> None:
        for state in kept:
            # Also one that is raised again: of that nothing is known any more.
            if isinstance(state, AlertState) and state.change in {"raised", "closed"}:
                for alert_id, fate, lead_s in _fates(state):
                    if alert_id in self._alerts:
                        self._alerts[alert_id].fate = fate
                        lead = None if lead_s is None else timedelta(seconds=lead_s)
                        self._alerts[alert_id].lead = lead


def labels(states: Iterable[AlertState]) -> Mapping[str, Label]:
    """Give what operators said of alerts, by their names; it overrules what became of them."""
    found: dict[str, Label] = {}
    for state in states:
        found |= {one.alert_id: one.label for one in state.past if one.label is not None}
        if state.alert_id is not None and state.label is not None:
            found[state.alert_id] = state.label.label
    return found


def _fates(state: AlertState) -> Iterable[tuple[str, ClosedAs | None, float | None]]:
    yield from ((one.alert_id, one.fate, one.lead_s) for one in state.past)
    if state.alert_id is not None:
        yield state.alert_id, state.fate, state.lead_s


def _forget(held: dict[Any, Any], most: int) -> None:
    while len(held) > most:
        del held[next(iter(held))]
