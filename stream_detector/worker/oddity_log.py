"""Tells in the log what is refused or odd about readings, and what ends with its rule or state."""

import time
from collections import Counter
from collections.abc import Iterable

import structlog

from stream_detector.alerting.life import ClearReason
from stream_detector.connections.refusal_log import RefusalLog, shown
from stream_detector.errors import listed
from stream_detector.pipeline.machine import Refusal, Verdict
from stream_detector.pipeline.oddities import Oddities

log = structlog.get_logger()


class OddityLog:
    """Says once of each thing that it is met, and sums up now and then how often.

    Parameters
    ----------
    oddities : Oddities
    """

    def __init__(self, oddities: Oddities) -> None:
        self._oddities = oddities
        self._refusals = RefusalLog("readings.refused")
        self._summed_up: dict[str, int] = {}
        self._late: Counter[str] = Counter()
        self._sensors: set[str] = set()
        self._events: set[str] = set()
        self._foreign: set[str] = set()

    def tell_new(self, verdicts: Iterable[Verdict | Refusal]) -> None:
        """Tell of what was not met before these."""
        for one in verdicts:
            if isinstance(one, Refusal):
                place = {"partition": one.record.partition, "offset": one.record.offset}
                self._refusals.note(one.error, key=shown(one.record.key), **place)
                continue
            for rule, change in one.transitions:
                if change.reason is ClearReason.RULE_REMOVED:
                    log.warning(
                        "alert.rule-removed",
                        machine=one.scored.reading.machine,
                        rule=rule.name,
                        alert=change.alert_id,
                        doing="clearing it; no rule has this name, and this score, any more",
                    )
                elif change.reason is ClearReason.STATE_LOST:
                    log.warning(
                        "alert.state-lost",
                        machine=one.scored.reading.machine,
                        rule=rule.name,
                        alert=change.alert_id,
                        doing="clearing it; the state that knew of it could not be used",
                    )
        self._refusals.tell(now=time.monotonic())
        oddities = self._oddities
        for machine, sensors in self._new(oddities.unknown_sensors, self._sensors).items():
            log.warning(
                "sensors.unknown",
                machine=machine,
                sensors=listed(sensors),
                doing="ignoring their values, of every machine",
            )
        for machine, events in self._new(oddities.unknown_events, self._events).items():
            log.warning(
                "events.unknown",
                machine=machine,
                events=listed(events),
                reason="no rule warns of them, and they end no run; is the name as in the rules?",
            )
        if new := sorted(oddities.foreign.keys() - self._foreign):
            log.error(
                "readings.foreign",
                machines=listed(new),
                reason="a reading has no sensor of the model, so it gets no score; is "
                "DETECTOR_BUNDLE the model of this machine?",
            )
            self._foreign.update(new)

    def sum_up(self) -> None:
        """Tell, if there was more, how often it was met since the start."""
        self._refusals.tell(now=time.monotonic())
        oddities = self._oddities
        sums = {
            "late": oddities.late.total(),
            "duplicates": oddities.duplicates,
            "not_finite": oddities.not_finite,
            "of_unknown_sensors": oddities.unknown_sensors.total(),
            "of_unknown_events": oddities.unknown_events.total(),
            "without_a_known_sensor": oddities.foreign.total(),
        }
        if any(sums.values()) and sums != self._summed_up:
            # A machine whose clock went back, before all.
            late_of = sorted(oddities.late - self._late)
            log.info("readings.odd", **sums, late_of=listed(late_of))
            self._summed_up, self._late = sums, oddities.late.copy()

    def _new(self, names: Counter[str], told: set[str]) -> dict[str, list[str]]:
        """Give the names that were not told so far, by the machine that sent them first."""
        by_machine: dict[str, list[str]] = {}
        if len(names) > len(told):
            for name in sorted(names.keys() - told):
                by_machine.setdefault(self._oddities.first_sent_by[name], []).append(name)
            told.update(names)
        return by_machine
