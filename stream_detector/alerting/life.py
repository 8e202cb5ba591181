"""One alert from raise to clear: a function of the machine's scored readings alone.

Per machine and rule at most one alert is open. It is raised by an on-delay of k of n
readings over the threshold, escalated while the score stays far over it, and cleared by
an off-delay below a share of it, by the outcome it warned of, or because its rule or its state
is gone. A return within the cooldown continues the same alert. Time is event time. No data never
clears an alert: of what is not scored only the mode is seen here (a wash-up is one without data
too), and a sensor that was there when the alert was raised has to be seen again before it clears.

References
----------
ANSI/ISA-18.2-2016, "Management of Alarm Systems for the Process Industries"; on-delay,
off-delay and deadband: section 10.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from stream_detector.alerting.news import AlertNews
from stream_detector.alerting.policy import Counts, Judgement, Suppression
from stream_detector.alerting.rules import Priority, Rule


class Change(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    UPDATED = "updated"
    ESCALATED = "escalated"
    CLEARED = "cleared"


class ClearReason(StrEnum):
    """Why an alert was closed."""

    RETURNED_TO_NORMAL = "returned-to-normal"
    OUTCOME = "outcome"
    RULE_REMOVED = "rule-removed"
    STATE_LOST = "state-lost"


class Transition(NamedTuple):
    """A change of an alert, to be told.

    Parameters
    ----------
    change : Change
    alert_id : str
        The same from raise to clear, and through returns within the cooldown.
    seq : int
        Counts the messages of the alert, from 1.
    occurrence : int
        Counts its raises, from 1.
    priority : Priority
        The rule's, or the one it was escalated to.
    raised_at : datetime
        Event time of the reading that raised it first.
    n_over : int
        Readings over the threshold among the last n of the on-delay.
    reason : ClearReason or None
        Of a clear.
    """

    change: Change
    alert_id: str
    seq: int
    occurrence: int
    priority: Priority
    raised_at: datetime
    n_over: int
    reason: ClearReason | None = None


@dataclass(slots=True)
class _Alert:
    """The alert that is open, or was last."""

    raised_at: datetime
    told_at: datetime
    priority: Priority
    seq: int = 0
    occurrence: int = 0


class AlertLife:
    """The alert of one machine under one rule.

    Parameters
    ----------
    rule : Rule
    machine : str

    Attributes
    ----------
    is_open : bool
    is_suppressed : bool
        Nothing can be raised: the last reading was in a suppressed mode or in the hold after one.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from stream_detector.alerting.rules import SHEET_BREAK
    >>> life = AlertLife(SHEET_BREAK, machine="pm3")
    >>> at = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    >>> raised = life.follow(Judgement(at, score=3.4, threshold=2.9, over=True))
    >>> raised.change, raised.alert_id
    (<Change.RAISED: 'raised'>, 'pm3.sheet-break.2026-11-22T03:10:00Z')
    >>> life.follow(Judgement(at + timedelta(minutes=2), 3.0, 2.9, over=True)) is None
    True
    >>> life.close_by_outcome(at + timedelta(minutes=4)).reason
    <ClearReason.OUTCOME: 'outcome'>
    """

    def __init__(self, rule: Rule, *, machine: str) -> None:
        self._rule = rule
        self._machine = machine
        self._counts = Counts(rule)
        self._suppression = Suppression(rule)
        self._alert: _Alert | None = None
        self._cleared_at: datetime | None = None
        self.is_open = False
        self.is_suppressed = False

    def note_mode(self, time: datetime, mode: str | None) -> None:
        """Take in the mode of the machine's next reading, scored or not, before all else of it."""
        self.is_suppressed = self._suppression.follow(time, mode)

    def follow(self, judgement: Judgement) -> Transition | None:
        """Take in the machine's next scored reading; give the change it made, if any."""
        if judgement.first_of_run:
            # A gap resets the counts, not the alert, and a run's first reading has no
            # past to be judged by.
            self._counts.begin_run()
            return None
        self._counts.take(judgement)
        if self.is_open and self._alert is not None:
            self._counts.take_open(judgement)
            return self._follow_open(self._alert, judgement.time)
        if self._counts.enough_to_raise and not self.is_suppressed:
            return self._raise(judgement)
        return None

    def close_by_outcome(self, time: datetime) -> Transition | None:
        """Take in that the outcome happened: the alert, if open, has done its work.

        The next alert is a new one, however soon it comes.
        """
        closed = None
        if self.is_open and self._alert is not None:
            closed = self._clear(self._alert, time, ClearReason.OUTCOME)
        # Neither a cooldown nor readings from before it reach beyond the outcome.
        self._cleared_at = None
        self._counts.end_open()
        return closed

    def close_unfollowed(self, time: datetime, reason: ClearReason) -> Transition | None:
        """Take in that nobody follows the alert, if open, any more: its rule or state is gone."""
        if not self.is_open or self._alert is None:
            return None
        return self._clear(self._alert, time, reason)

    @property
    def alert_id(self) -> str | None:
        """Of the alert that is open, or was last."""
        return None if self._alert is None else self._name(self._alert)

    def was_told_before(self, time: datetime) -> bool:
        """Tell whether all that was told of that alert is older than this."""
        return self._alert is None or self._alert.told_at < time

    def count_on_from(self, told: Self) -> None:
        """Let its next message come behind what was told of it, and of its end if it is over."""
        if self._alert is not None and told._alert is not None:
            self._alert.seq = max(self._alert.seq, told._alert.seq + (not self.is_open))

    def _raise(self, judgement: Judgement) -> Transition:
        alert, cleared_at, time = self._alert, self._cleared_at, judgement.time
        returns = cleared_at is not None and time - cleared_at < self._rule.cooldown
        if alert is None or not returns:
            alert = self._alert = _Alert(time, time, self._rule.priority)
        alert.occurrence += 1
        alert.priority = self._rule.priority
        self._counts.begin_open(judgement)
        self.is_open = True
        return self._tell(alert, Change.RAISED, time)

    def _follow_open(self, alert: _Alert, time: datetime) -> Transition | None:
        if self._counts.enough_to_clear:
            return self._clear(alert, time, ClearReason.RETURNED_TO_NORMAL)
        escalation = self._rule.escalation
        if (
            escalation is not None
            and alert.priority != escalation.to
            and self._counts.enough_to_escalate
            and not self.is_suppressed
        ):
            alert.priority = escalation.to
            return self._tell(alert, Change.ESCALATED, time)
        if time - alert.told_at >= self._rule.heartbeat:
            return self._tell(alert, Change.UPDATED, time)
        return None

    def _clear(self, alert: _Alert, time: datetime, reason: ClearReason) -> Transition:
        self.is_open = False
        self._cleared_at = time
        cleared = self._tell(alert, Change.CLEARED, time, reason)
        self._counts.end_open()
        return cleared

    def _tell(
        self, alert: _Alert, change: Change, time: datetime, reason: ClearReason | None = None
    ) -> Transition:
        alert.seq += 1
        alert.told_at = time
        return Transition(
            change=change,
            alert_id=self._name(alert),
            seq=alert.seq,
            occurrence=alert.occurrence,
            priority=alert.priority,
            raised_at=alert.raised_at,
            n_over=self._counts.n_over,
            reason=reason,
        )

    def _name(self, alert: _Alert) -> str:
        return f"{self._machine}.{self._rule.name}.{rfc3339(alert.raised_at)}"

    def snapshot(self) -> dict[str, Any]:
        """Give the state as plain data; times as RFC 3339 text."""
        alert = self._alert
        return {
            "counts": self._counts.snapshot(),
            "alert": alert
            and {
                "raised_at": _text(alert.raised_at),
                "told_at": _text(alert.told_at),
                "priority": alert.priority,
                "seq": alert.seq,
                "occurrence": alert.occurrence,
            },
            "cleared_at": _text(self._cleared_at),
            "suppressed_until": _text(self._suppression.until),
            "is_open": self.is_open,
            "is_suppressed": self.is_suppressed,
        }

    @classmethod
    def of_told(cls, told: AlertNews, rule: Rule) -> Self:
        """Take up an open alert of which only what was told is left."""
        life = cls(rule, machine=told.machine)
        life._alert = _Alert(
            told.raised_at, told.event_time, told.priority, told.seq, told.occurrence
        )
        life.is_open = True
        return life

    @classmethod
    def restore(cls, data: dict[str, Any], rule: Rule, *, machine: str) -> Self:
        """Take a snapshot back, under the same rule."""
        life = cls(rule, machine=machine)
        life._counts = Counts.restore(data["counts"], rule)
        if (alert := data["alert"]) is not None:
            life._alert = _Alert(
                raised_at=datetime.fromisoformat(alert["raised_at"]),
                told_at=datetime.fromisoformat(alert["told_at"]),
                priority=alert["priority"],
                seq=alert["seq"],
                occurrence=alert["occurrence"],
            )
        life._cleared_at = _time(data["cleared_at"])
        life._suppression.until = _time(data["suppressed_until"])
        life.is_open = data["is_open"]
        life.is_suppressed = data["is_suppressed"]
        return life


def rfc3339(time: datetime) -> str:
    """Write a time as all our names and messages do.

    Examples
    --------
    >>> rfc3339(datetime(2026, 11, 22, 3, 10, tzinfo=UTC))
    '2026-11-22T03:10:00Z'
    """
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(time: datetime | None) -> str | None:
    return None if time is None else rfc3339(time)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
