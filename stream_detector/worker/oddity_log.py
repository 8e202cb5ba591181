"""Tells in the log what is refused, and what is odd about readings that are not."""

from collections import Counter

import structlog

from stream_detector.errors import listed
from stream_detector.pipeline.oddities import Oddities
from stream_detector.worker.counts import Counts

log = structlog.get_logger()

_KEY_SHOWN = 200
"""Characters of a refused message's key; a machine's name is no longer."""


class OddityLog:
    """Says once of each thing that it is met, and sums up now and then how often.

    Parameters
    ----------
    oddities : Oddities
    counts : Counts
    """

    def __init__(self, oddities: Oddities, counts: Counts) -> None:
        self._oddities = oddities
        self._counts = counts
        self._refused_told: Counter[str] = Counter()
        self._told_lately: set[str] = set()
        """Codes of refusals: of one that comes again and again, there is a line with each sum."""
        self._summed_up: dict[str, int] = {}
        self._sensors: set[str] = set()
        self._events: set[str] = set()
        self._foreign: set[str] = set()

    def tell_new(self) -> None:
        """Tell of what was not met before."""
        oddities = self._oddities
        self._tell_refused()
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
        self._told_lately.clear()
        self._tell_refused()
        oddities = self._oddities
        sums = {
            "late": oddities.late,
            "duplicates": oddities.duplicates,
            "not_finite": oddities.not_finite,
            "of_unknown_sensors": oddities.unknown_sensors.total(),
            "of_unknown_events": oddities.unknown_events.total(),
            "without_a_known_sensor": oddities.foreign.total(),
        }
        if any(sums.values()) and sums != self._summed_up:
            log.info("readings.odd", **sums)
            self._summed_up = sums

    def _tell_refused(self) -> None:
        for code, last in self._counts.last_refused.items():
            n = self._counts.dead_letters[code] - self._refused_told[code]
            if not n or code in self._told_lately:
                continue
            log.warning(
                "readings.refused",
                code=code,
                n=n,
                reason=last.error.reason,
                key=(last.record.key or b"").decode(errors="replace")[:_KEY_SHOWN],
                partition=last.record.partition,
                offset=last.record.offset,
                doing="passing them on to the dead letters; the last one is named",
            )
            self._refused_told[code] += n
            self._told_lately.add(code)

    def _new(self, names: Counter[str], told: set[str]) -> dict[str, list[str]]:
        """Give the names that were not told so far, by the machine that sent them first."""
        by_machine: dict[str, list[str]] = {}
        if len(names) > len(told):
            for name in sorted(names.keys() - told):
                by_machine.setdefault(self._oddities.first_sent_by[name], []).append(name)
            told.update(names)
        return by_machine
