"""Everything the page shows, as the messages told it so far: values only, no client."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple

import msgspec

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.console.machine import MachineRecord, Outcome, ReadingSeen
from stream_detector.console.pulse import Pulse
from stream_detector.pipeline.messages import AlertMessage, DataQualityMessage, ScoreMessage

MAX_MACHINES: Final = 5000
"""A wrong name in each message must not fill the memory."""

Key = tuple[str, str]
"""Of an alert: machine and rule."""


class Standing(NamedTuple):
    """An alert as it stands, and the newest message of it."""

    state: AlertState
    message: AlertMessage | None

    @property
    def key(self) -> Key:
        """Machine and rule."""
        return self.state.machine, self.state.rule


class OutcomeSeen(msgspec.Struct):
    """As much of an outcome as is drawn."""

    machine: str
    event_time: Annotated[datetime, msgspec.Meta(tz=True)]
    outcome: str
    run_start: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Plant:
    """Machines and alerts.

    Attributes
    ----------
    machines : mapping of name to MachineRecord
        Those that a worker has said something of: what else a reading or a command calls a
        machine may be a slip of the pen.
    alerts : mapping of (machine, rule) to Standing
    flood : Flood or None
    version : int
        Rises with everything that is news; ``alerts_version`` with what is news of alerts.
    newest : float
        Kafka's time of the newest message, in seconds since 1970; 0 before any.
    """

    def __init__(self) -> None:
        self._machines: dict[str, MachineRecord] = {}
        self._unknown: dict[str, MachineRecord] = {}
        """Of which there are readings alone so far, the newest name last."""
        self._alerts: dict[Key, Standing] = {}
        self._reasons: dict[Key, AlertMessage] = {}
        self.flood: Flood | None = None
        self.version = 0
        self.alerts_version = 0
        self.newest = 0.0
        self.heard_at = 0.0
        """When Kafka answered last, by our own clock."""
        self.is_complete = False
        """What was there before us is read."""

    @property
    def machines(self) -> Mapping[str, MachineRecord]:
        """Machines by name."""
        return self._machines

    @property
    def alerts(self) -> Mapping[Key, Standing]:
        """Alerts by machine and rule."""
        return self._alerts

    def take_score(self, message: ScoreMessage, *, received_at: float) -> None:
        """Take in what was said of a reading; what a model on trial says is not shown."""
        if message.shadow:
            return
        machine = self._machine(message.machine)
        if machine is not None and machine.take_score(message, received_at=received_at):
            machine.version = self.version = self.version + 1

    def take_reading(self, reading: ReadingSeen, *, received_at: float) -> None:
        """Take in the values of sensors; whether the reading was accepted, the worker tells."""
        machine = self._machines.get(reading.machine)
        if machine is None:
            machine = self._unknown_machine(reading.machine)
            machine.take_reading(reading, received_at=received_at)
        elif machine.take_reading(reading, received_at=received_at):
            machine.version = self.version = self.version + 1

    def take_fault(self, message: DataQualityMessage) -> None:
        """Take in that a fault of a feed began or ended."""
        machine = self._machine(message.machine)
        if machine is not None and machine.take_fault(message):
            machine.version = self.version = self.version + 1

    def take_outcome(self, seen: OutcomeSeen) -> None:
        """Take in that what was to be warned of happened."""
        machine = self._machine(seen.machine)
        outcome = Outcome(seen.event_time, seen.outcome, seen.run_start)
        if machine is not None and machine.take_outcome(outcome):
            machine.version = self.version = self.version + 1

    def take_alert(self, state: AlertState) -> None:
        """Take in an alert as it stands; of two the one of the higher version counts."""
        key = (state.machine, state.rule)
        known = self._alerts.get(key)
        if known is not None and known.state.version >= state.version:
            return
        # Somebody may have shelved what never was a machine; the book bounds how many those are.
        if state.alert is not None and self._machine(state.machine) is None:
            return
        message = None if state.alert is None else msgspec.convert(state.alert, AlertMessage)
        self._alerts[key] = Standing(state, message)
        self.version += 1
        self.alerts_version += 1

    def take_reason(self, message: AlertMessage) -> None:
        """Take in what was said of an alert, if it names sensors."""
        if message.contributors and self._machine(message.machine) is not None:
            self._reasons[message.machine, message.rule] = message
            self.version += 1
            self.alerts_version += 1

    def reason(self, standing: Standing) -> AlertMessage | None:
        """Give the newest message of an alert that names sensors, or else the newest one.

        That an alert is over comes without a score, and what it was about is still asked.
        """
        newest, reason = standing.message, self._reasons.get(standing.key)
        if newest is None or newest.contributors or reason is None:
            return newest
        return reason if reason.alert_id == newest.alert_id else newest

    def take_flood(self, flood: Flood) -> None:
        """Take in that there are more alerts than anybody can look at, or that this is over."""
        if flood != self.flood:
            self.flood = flood
            self.version += 1
            self.alerts_version += 1

    def stale_since(self, now: float) -> float | None:
        """Tell since when what is shown is old; None while it is as live as usual.

        It is when Kafka does not answer, and when no machine has scores any more that had them;
        that there was a break is told, but nobody is watched over by that. A machine of which
        nobody knows yet what is usual may take as long as the slowest of the others.
        """
        if self.heard_at and now - self.heard_at > _UNHEARD_SECONDS:
            return self.heard_at
        heard = [machine for machine in self._machines.values() if machine.latest]
        longest = max(filter(None, (one.pulse.longest_silence() for one in heard)), default=None)
        if longest is None:
            return None
        silences = [one.pulse.silent_since(now, unless_known=longest) for one in heard]
        silent = [since for since in silences if since is not None]
        return max(silent) if len(silent) == len(silences) else None

    def machine_time(self, name: str, now: float) -> datetime:
        """Give a machine's time at a time of Kafka's, in seconds since 1970."""
        machine = self._machines.get(name)
        pulse = Pulse() if machine is None else machine.pulse
        return pulse.machine_time(now)

    def _machine(self, name: str) -> MachineRecord | None:
        machine = self._machines.get(name)
        if machine is None and len(self._machines) < MAX_MACHINES:
            machine = self._unknown.pop(name, None) or MachineRecord(name)
            self._machines[name] = machine
            self.version += 1
        return machine

    def _unknown_machine(self, name: str) -> MachineRecord:
        if name not in self._unknown:
            if len(self._unknown) >= MAX_MACHINES:
                del self._unknown[next(iter(self._unknown))]
            self._unknown[name] = MachineRecord(name)
        return self._unknown[name]


_UNHEARD_SECONDS: Final = 6.0
"""Kafka is asked every two seconds."""
