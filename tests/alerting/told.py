"""What is told of alerts, made by hand; times are minutes after three o'clock."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.book import Book, Kept
from stream_detector.alerting.commands import Reply, decode_command
from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.alerting.rules import Rule, Rules
from tests.alerting.judged import THREE, at

HORIZON = timedelta(minutes=4)
RULES = Rules(
    rules=(
        Rule(
            name="sheet-break",
            outcome="break",
            horizon_seconds=HORIZON.total_seconds(),
            suppressed_modes=("wash-up",),
        ),
        Rule(name="odd"),
    ),
    site="mill-a",
)
RUN_START = at(-60)


def alert_id(minute: float, *, machine: str = "pm3", rule: str = "sheet-break") -> str:
    return f"{machine}.{rule}.{rfc3339(at(minute))}"


def alert(
    event: str,
    minute: float,
    *,
    seq: int,
    raised: float,
    machine: str = "pm3",
    rule: str = "sheet-break",
    **properties: Any,
) -> bytes:
    """A message of an alert that was raised first at a minute."""
    outcome = "break" if rule == "sheet-break" else None
    value = {
        "schema": "alert/1.0",
        "event": event,
        "alert_id": alert_id(raised, machine=machine, rule=rule),
        "machine": machine,
        "rule": rule,
        "seq": seq,
        "occurrence": 1,
        "mode": None,
        "priority": "medium",
        "event_time": rfc3339(at(minute)),
        "raised_at": rfc3339(at(raised)),
        "reason": "returned-to-normal" if event == "cleared" else None,
        "warning": {"outcome": outcome, "horizon_s": HORIZON.total_seconds(), "validated": None},
        "score": 3.25,
    }
    return msgspec.json.encode({**value, **properties})


def outcome(
    minute: float,
    *,
    run_start: float | None = -60,
    machine: str = "pm3",
    rule: str = "sheet-break",
) -> bytes:
    return msgspec.json.encode(
        {
            "schema": "outcome/1.0",
            "machine": machine,
            "rule": rule,
            "event_time": at(minute),
            "run_start": None if run_start is None else at(run_start),
        }
    )


@dataclass
class Alerts:
    """What the pipeline tells of one machine under one rule: a correct life, drawn at random."""

    machine: str
    rule: str
    raised: float = 0.0
    seq: int = 0
    occurrence: int = 0
    is_open: bool = False
    told: list[bytes] = field(default_factory=list)

    def next(self, minute: float, chance: int) -> bytes:
        """What is told next, at a minute; chance is one of 0, 1, 2 and 3."""
        if not self.is_open:
            event = "raised"
            returns = self.seq > 0 and chance == 0
            if not returns:
                self.raised, self.seq, self.occurrence = minute, 0, 0
            self.occurrence += 1
        else:
            event = ["updated", "escalated", "cleared", "cleared"][chance]
        self.is_open = event != "cleared"
        self.seq += 1
        message = alert(
            event,
            minute,
            seq=self.seq,
            raised=self.raised,
            machine=self.machine,
            rule=self.rule,
            occurrence=self.occurrence,
            priority="high" if event == "escalated" else "low",
            reason="outcome" if event == "cleared" and chance == 3 else None,
        )
        self.told.append(message)
        return message


@dataclass
class Desk:
    """A book, and all that was written down of it; Kafka's clock stands at a minute."""

    book: Book = field(default_factory=lambda: Book(RULES))
    minute: float = 0.0
    kept: list[Kept] = field(default_factory=list)
    n_commands: int = 0

    def tell(self, data: bytes, *, minute: float | None = None) -> list[Kept]:
        """The alerts topic has this next; Kafka's time is the machine's, if not told otherwise."""
        found = decode_news(data)
        assert found is not None
        news = found if isinstance(found, OutcomeNews) else found[0]
        self.minute = (news.event_time - THREE).total_seconds() / 60 if minute is None else minute
        if isinstance(found, OutcomeNews):
            return self._keep(self.book.fold_outcome(found, at(self.minute)))
        return self._keep(self.book.fold(*found, at(self.minute)))

    def ask(self, command: str, *, minute: float | None = None, **properties: Any) -> Reply:
        """An operator wants this; of pm3's sheet-break, if not told otherwise."""
        self.minute = self.minute if minute is None else minute
        self.n_commands += 1
        of_rule = command in {"shelve", "unshelve", "out-of-service", "in-service"}
        value = {
            "command_id": f"c{self.n_commands}",
            "command": command,
            "by": "anna",
            "at": at(self.minute),
            **({"machine": "pm3", "rule": "sheet-break"} if of_rule else {}),
            **properties,
        }
        decoded = decode_command(msgspec.json.encode(value))
        reply, kept = self.book.carry_out(decoded, at(self.minute))
        self._keep(kept)
        return reply

    def wait(self, *, until: float) -> list[Kept]:
        """Time passes."""
        self.minute = until
        return self._keep(self.book.tick(at(until)))

    def state(self, machine: str = "pm3", rule: str = "sheet-break") -> AlertState:
        return next(one for one in self.book.states if (one.machine, one.rule) == (machine, rule))

    def taken_up(self) -> "Desk":
        """The book as somebody else takes it up from what was written down."""
        newest: dict[str, Kept] = {}
        for one in self.kept:
            written = msgspec.json.encode(one)
            if isinstance(one, Flood):
                newest["flood"] = msgspec.json.decode(written, type=Flood)
            else:
                newest[one.key] = msgspec.json.decode(written, type=AlertState)
        flood = newest.pop("flood", None)
        assert flood is None or isinstance(flood, Flood)
        states = [one for one in newest.values() if isinstance(one, AlertState)]
        return Desk(Book(RULES, states, flood), self.minute, list(self.kept), self.n_commands)

    def _keep(self, kept: list[Kept]) -> list[Kept]:
        self.kept += kept
        return kept


def in_short(kept: list[Kept]) -> list[str]:
    """What changed, in a word each."""
    return ["flood" if isinstance(one, Flood) else one.change for one in kept]
