"""The ledger and the figures of a plant for the trailing days, ready to be shown."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from stream_detector.alerting.alert_state import AlertState, ClosedAs, Label
from stream_detector.alerting.horizons import HORIZONS
from stream_detector.alerting.kpi import Kpis, kpis
from stream_detector.alerting.ledger import Ledger, LedgerAlert, LedgerOutcome, labels
from stream_detector.alerting.rules import Priority, Rules
from stream_detector.alerting.scorecards import PlantCard, lead_of, plant_card

Closing = Literal[ClosedAs, "open"]
"""What an alert was in the end; ``open`` where it is not known yet."""

_LABELLED: Final[dict[Label, Closing]] = {"useful": "early", "late": "late", "nuisance": "nuisance"}
"""What an alert was where an operator said what it was worth."""


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger: an alert."""

    alert_id: str
    machine: str
    rule: str
    priority: Priority
    raised_at: datetime
    """First."""
    cleared_at: datetime | None
    """Last."""
    n_raised: int
    reason: str | None
    closed_as: Closing
    lead_s: float | None
    labelled: bool
    """An operator said so."""


class OutcomeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger: something that a rule warns of has happened."""

    machine: str
    rule: str
    event_time: datetime
    warned: bool
    """Within the horizon of its rule."""
    lead_s: float | None


class LedgerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of a span of time, which is the machines' own (``schemas/ledger.v1.json``)."""

    schema: str = "ledger/1.0"
    start: datetime
    end: datetime
    alerts: tuple[AlertLine, ...]
    outcomes: tuple[OutcomeLine, ...]
    scorecards: tuple[PlantCard, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    ledger: LedgerFigures
    kpis: Kpis


def figures(
    ledger: Ledger,
    states: Collection[AlertState],
    rules: Rules,
    *,
    now: datetime,
    trailing: timedelta,
) -> Figures:
    """Work out the figures of the trailing days, or since the first message if that is later.

    Parameters
    ----------
    ledger : Ledger
    states : collection of AlertState
        As they stand now.
    rules : Rules
        For their horizons.
    now : datetime
        By Kafka's clock.
    trailing : timedelta
    """
    end = ledger.machine_time(now)
    start = max(end - trailing, ledger.begins_at or end)
    called_from = max(now - trailing, ledger.begins_called_at or now)
    alerts = [alert for alert in ledger.alerts if (alert.last.cleared or end) >= start]
    outcomes = [outcome for outcome in ledger.outcomes if start <= outcome.time <= end]
    said = labels(states)
    horizons = {rule.name: rule.horizon for rule in rules.rules}
    raised: dict[str, list[datetime]] = {}
    for alert in alerts:
        raised.setdefault(alert.key, []).extend(standing.raised for standing in alert.times)
    accounts = LedgerFigures(
        start=start,
        end=end,
        alerts=tuple(_alert_line(alert, said.get(alert.alert_id)) for alert in alerts),
        outcomes=tuple(
            _outcome_line(outcome, sorted(raised.get(outcome.key, ())), horizons.get(outcome.rule))
            for outcome in outcomes
        ),
        scorecards=tuple(
            plant_card(alerts, outcomes, horizon=horizon, start=start, end=end)
            for horizon in HORIZONS
        ),
    )
    called = kpis(ledger.alerts, states, start=called_from, end=now)
    return Figures(ledger=accounts, kpis=called)


def _alert_line(alert: LedgerAlert, label: Label | None) -> AlertLine:
    return AlertLine(
        alert_id=alert.alert_id,
        machine=alert.machine,
        rule=alert.rule,
        priority=alert.last.priority,
        raised_at=alert.times[0].raised,
        cleared_at=alert.last.cleared,
        n_raised=len(alert.times),
        reason=alert.last.reason,
        closed_as=alert.fate or "open" if label is None else _LABELLED[label],
        lead_s=None if alert.lead is None else alert.lead.total_seconds(),
        labelled=label is not None,
    )


def _outcome_line(
    outcome: LedgerOutcome, raised: Sequence[datetime], horizon: timedelta | None
) -> OutcomeLine:
    # Of a rule that is in the file no more nobody knows how far ahead it warned.
    lead = None if horizon is None else lead_of(outcome, raised, horizon)
    return OutcomeLine(
        machine=outcome.machine,
        rule=outcome.rule,
        event_time=outcome.time,
        warned=lead is not None,
        lead_s=None if lead is None else lead.total_seconds(),
    )
