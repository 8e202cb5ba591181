"""The alert book: all alerts as they stand, folded from what is told of them and from commands.

A function of its inputs in their order, and of Kafka's times of them: each input gives the
states that it changed, each with its next version. From the newest state of each machine and
rule the book is taken up again, wherever that was. What spans machines (floods) is here,
for it must not reach into the alerts themselves.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from stream_detector.alerting.alert_state import (
    MAX_HISTORY,
    AlertState,
    Entry,
    Flood,
)
from stream_detector.alerting.closing import (
    by_outcome,
    by_time,
    is_unsettled,
    newly_closed,
    settled_at,
)
from stream_detector.alerting.commands import OF_AN_ALERT, Command, RefusalCode, Reply
from stream_detector.alerting.flood import FloodWatch
from stream_detector.alerting.following import alert_ids, change_of, entries_of, follow, is_new
from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.news import AlertNews, OutcomeNews
from stream_detector.alerting.operating import Done, operate
from stream_detector.alerting.rules import Rules
from stream_detector.errors import CommandError

MAX_KEYS: Final = 20_000
"""Machines and rules that commands may add to. Somebody who writes a number of his own into every
name must not fill the memory; alerts are bounded where they are raised."""

_FOREVER: Final = datetime.max.replace(tzinfo=UTC)

Kept = AlertState | Flood
"""What a change leaves, to be written down."""


class Book:
    """All alerts of a site.

    Parameters
    ----------
    rules : Rules
    states : iterable of AlertState
        The newest of each machine and rule, to go on from.
    flood : Flood, optional
        The one that is or was last.

    Examples
    --------
    >>> book, now = Book(Rules()), datetime(2026, 11, 22, 3, 11, tzinfo=UTC)
    >>> command = Command(command_id="1", command="unshelve", by="anna", at=now,
    ...     machine="pm3", rule="sheet-break")
    >>> reply, kept = book.carry_out(command, now)
    >>> reply.status, reply.reason, kept
    ('refused', "nothing is known of 'sheet-break' of the machine 'pm3'", [])
    """

    def __init__(
        self, rules: Rules, states: Iterable[AlertState] = (), flood: Flood | None = None
    ) -> None:
        self._site = rules.site
        self._modes = {rule.name: frozenset(rule.suppressed_modes) for rule in rules.rules}
        self._states: dict[str, AlertState] = {}
        self._keys: dict[str, str] = {}
        """Of each alert that is remembered, the key it is under."""
        self._shelved: dict[str, datetime] = {}
        """Until when."""
        self._unsettled: dict[str, datetime] = {}
        """When no outcome can come any more."""
        for state in states:
            self._put(state)
        self._floods = FloodWatch(flood, _raises(self._states.values()))

    @property
    def states(self) -> Sequence[AlertState]:
        """All that is known, one of each machine and rule."""
        return tuple(self._states.values())

    def standing(self) -> Counter[str]:
        """Count the alerts by how they stand."""
        return Counter(
            str(one.standing(self._modes.get(one.rule, frozenset())))
            for one in self._states.values()
        )

    @property
    def flood(self) -> Flood | None:
        """The flood that is or was last."""
        return self._floods.flood

    def fold(self, news: AlertNews, alert: dict[str, Any], at: datetime) -> list[Kept]:
        """Take in a change of an alert; a repeat changes nothing.

        Parameters
        ----------
        news : AlertNews
        alert : dict
            The message as it was sent.
        at : datetime
            Kafka's time of it.
        """
        state = self._states.get(f"{news.machine}/{news.rule}")
        if state is None:
            state = _unknown(news.machine, news.rule, at)
        elif not is_new(news, state):
            return []
        held_back = state.held_back and news.priority == "low"
        if news.event == "raised":
            held_back = self._floods.note_raise(news.alert_id, news.priority, at)
        followed = follow(replace(state, held_back=held_back), news, alert)
        change = change_of(state, followed, news)
        kept: list[Kept] = [self._keep(followed, change, at, *entries_of(news, change, at))]
        kept += self._close(by_time(self._states[followed.key], news.event_time), at)
        if news.event == "raised" and self.flood is not None and self.flood.active:
            kept.append(self.flood)
        return kept

    def fold_outcome(self, outcome: OutcomeNews, at: datetime) -> list[Kept]:
        """Take in that what a rule warns of has happened."""
        state = self._states.get(f"{outcome.machine}/{outcome.rule}")
        if state is None:
            return []
        return self._close(by_outcome(state, outcome), at, event_time=outcome.event_time)

    def carry_out(self, command: Command, at: datetime) -> tuple[Reply, list[Kept]]:
        """Do what somebody wants, or say why not; what was done already is done, and no change.

        Parameters
        ----------
        command : Command
        at : datetime
            Kafka's time of it.
        """
        state = None
        try:
            state = self._target(command, at)
            if any(entry.command_id == command.command_id for entry in state.history):
                return _reply(command, at, state), []
            done = operate(state, command, at)
        except CommandError as refused:
            return _reply(command, at, state, refused), []
        if done is None:
            return _reply(command, at, state), []
        kept = self._keep(done.state, done.change, at, _operators_entry(command, done, at))
        return _reply(command, at, state), [kept]

    def tick(self, now: datetime) -> list[Kept]:
        """Take in what time it is, by Kafka's clock; give what that changed."""
        kept: list[Kept] = []
        # Sorted, for a book that was taken up again has come to know them in another order.
        for key in sorted(key for key, until in self._shelved.items() if until <= now):
            state, until = self._states[key], self._shelved[key]
            since = rfc3339(state.shelved.at) if state.shelved is not None else None
            entry = Entry(at=until, what="unshelved", comment="the time was up", detail=since)
            kept.append(self._keep(replace(state, shelved=None), "unshelved", until, entry))
        for key in sorted(key for key, until in self._unsettled.items() if until <= now):
            kept += self._close(by_time(self._states[key], _FOREVER), now)
        if (flood := self._floods.end(now)) is not None:
            kept.append(flood)
            for state in [one for one in self._states.values() if one.held_back]:
                kept.append(self._keep(replace(state, held_back=False), "flood-ended", now))
        return kept

    def _target(self, command: Command, at: datetime) -> AlertState:
        """Find what a command is about."""
        if command.site is not None and command.site != self._site:
            raise CommandError(
                RefusalCode.OTHER_SITE,
                f"it is for {command.site!r}, this is {self._site!r}"
                if self._site
                else f"it is for {command.site!r}, and the rules here name no site",
            )
        if command.command in OF_AN_ALERT:
            key = self._keys.get(command.alert_id or "")
            if key is None:
                raise CommandError(
                    RefusalCode.UNKNOWN_ALERT,
                    f"no alert is called {command.alert_id!r}, or it was too long ago",
                )
            return self._states[key]
        machine, rule = command.machine or "", command.rule or ""
        state = self._states.get(f"{machine}/{rule}")
        return state or self._new_target(command, machine, rule, at)

    def _new_target(self, command: Command, machine: str, rule: str, at: datetime) -> AlertState:
        """Begin with a machine and rule of which no alert was ever told."""
        if rule not in self._modes:
            known = ", ".join(sorted(self._modes))
            raise CommandError(RefusalCode.UNKNOWN_RULE, f"there is no rule {rule!r}, but {known}")
        if command.command in {"unshelve", "in-service"}:
            raise CommandError(
                RefusalCode.UNKNOWN_RULE_OF_MACHINE,
                f"nothing is known of {rule!r} of the machine {machine!r}",
            )
        if len(self._states) >= MAX_KEYS:
            raise CommandError(
                RefusalCode.TOO_MANY, f"{MAX_KEYS} machines and rules are known already"
            )
        return _unknown(machine, rule, at)

    def _close(
        self, state: AlertState, at: datetime, *, event_time: datetime | None = None
    ) -> list[Kept]:
        """Write down the alerts that were closed, if any were."""
        closed = newly_closed(self._states[state.key], state)
        entries = [
            Entry(at=at, what="closed", alert_id=one, event_time=event_time, detail=fate)
            for one, fate in closed
        ]
        return [self._keep(state, "closed", at, *entries)] if closed else []

    def _keep(self, state: AlertState, change: str, at: datetime, *entries: Entry) -> AlertState:
        """Make a changed state the one that counts, under its next version."""
        kept = replace(
            state,
            state=state.standing(self._modes.get(state.rule, frozenset())),
            change=change,
            changed_at=at,
            version=state.version + 1,
            history=(*state.history, *entries)[-MAX_HISTORY:],
        )
        self._put(kept)
        return kept

    def _put(self, state: AlertState) -> None:
        key, before = state.key, self._states.get(state.key)
        self._states[key] = state
        if before is not None and before.past != state.past:
            for alert_id in alert_ids(before) - alert_ids(state):
                del self._keys[alert_id]
        if before is None or alert_ids(before) != alert_ids(state):
            self._keys |= dict.fromkeys(alert_ids(state), key)
        self._shelved.pop(key, None)
        self._unsettled.pop(key, None)
        if state.shelved is not None:
            self._shelved[key] = state.shelved.until
        if is_unsettled(state):
            self._unsettled[key] = settled_at(state)


def _unknown(machine: str, rule: str, at: datetime) -> AlertState:
    return AlertState(machine=machine, rule=rule, change="", changed_at=at, version=0)


def _operators_entry(command: Command, done: Done, at: datetime) -> Entry:
    return Entry(
        at=at,
        what=done.change,
        by=command.by,
        comment=command.comment,
        command_id=command.command_id,
        alert_id=done.alert_id,
        detail=done.detail,
    )


def _raises(states: Iterable[AlertState]) -> Iterable[datetime]:
    return (entry.at for one in states for entry in one.history if entry.what == "raised")


def _reply(
    command: Command, at: datetime, state: AlertState | None, refused: CommandError | None = None
) -> Reply:
    return Reply(
        command_id=command.command_id,
        command=command.command,
        status="refused" if refused else "done",
        reason_code=refused.code if refused else None,
        reason=refused.reason if refused else None,
        alert_id=command.alert_id,
        machine=state.machine if state else command.machine,
        rule=state.rule if state else command.rule,
        by=command.by,
        at=at,
        note=None if refused or state is None else _note(command, state),
    )


def _note(command: Command, state: AlertState) -> str | None:
    """Say that somebody was first, or may have mistyped a machine: to work ahead, that is done."""
    first = state.acknowledged
    if command.command == "acknowledge" and first is not None and first.by != command.by:
        return f"{first.by} had acknowledged it already"
    if command.command not in {"shelve", "out-of-service"} or state.alert is not None:
        return None
    return (
        f"{state.rule!r} of the machine {state.machine!r} has had no alert so far: check the name"
    )
