"""One machine under one model and its rules: from scored readings to alerts."""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from stream_detector.alerting.life import AlertLife, Change, Judgement, Transition
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.detection.detector import Detector
from stream_detector.detection.feed_health import FeedEvent
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState
from stream_detector.detection.threshold import Budget, Controller, Limits, Threshold, shifted
from stream_detector.errors import ReadingError
from stream_detector.pipeline.readings import Record

if TYPE_CHECKING:
    from datetime import datetime


class Verdict(msgspec.Struct):
    """All that was made of a reading.

    Parameters
    ----------
    record : Record
    scored : Scored
    threshold : Threshold
        What people want of the machine.
    level : float or None
        That as a number, with the controller's shift; None where nothing was judged.
    over : bool
        The score is over it.
    alarm : bool
        An alert is open after the reading.
    transitions : tuple of (Rule, Transition)
    feed_events : tuple of FeedEvent
    run_offset : int
        Offset of the run's first reading.
    """

    record: Record
    scored: Scored
    threshold: Threshold
    level: float | None = None
    over: bool = False
    alarm: bool = False
    transitions: tuple[tuple[Rule, Transition], ...] = ()
    feed_events: tuple[FeedEvent, ...] = ()
    run_offset: int = -1


class Refusal(NamedTuple):
    """A message that is no reading, and why."""

    record: Record
    error: ReadingError


class Machine:
    """The state of one machine: its detector's, its controller's and its alerts'.

    Parameters
    ----------
    name : str
    state : DetectorState
    rules : Rules
    """

    __slots__ = (
        "_limit",
        "_threshold",
        "controller",
        "heard_at",
        "level",
        "lives",
        "name",
        "run_offset",
        "state",
        "told_silence_of",
    )

    def __init__(self, name: str, state: DetectorState, rules: Rules) -> None:
        self.name = name
        self.state = state
        self.controller = Controller()
        self.lives = [(rule, AlertLife(rule, machine=name)) for rule in rules.rules]
        self.run_offset = -1
        """Offset of the run's first reading: where a recomputation has to begin."""
        self._threshold: Threshold | None = None
        self._limit = 0.0
        self.level: float | None = None
        """The threshold it was judged by last, for others to see."""
        self.heard_at: datetime | None = None
        """When Kafka took its last message; like the next, it says nothing of the machine."""
        self.told_silence_of: datetime | None = None
        """Last reading before a silence that a timer has told already."""

    def judge(
        self, record: Record, scored: Scored, threshold: Threshold, limits: Limits
    ) -> Verdict:
        """Hold a reading against the threshold, and follow the alerts and the controller.

        An unscored reading holds the state: no data never clears an alert.
        """
        self.heard_at = record.timestamp
        if scored.first_of_run:
            self.run_offset = record.offset
        level, over, judgement = None, False, None
        reading = scored.reading
        if scored.quality is not None:
            level = self.level = self._level(threshold, limits)
            if scored.score is not None:
                over = scored.score > level
                judgement = Judgement(
                    reading.time, scored.score, level, over, scored.first_of_run, reading.mode
                )
        entered = scored.quality is not None or scored.status is Status.EVENT
        transitions = self._follow(reading, judgement) if entered else ()
        alarm = any(life.is_open for _, life in self.lives)
        if judgement is not None and not judgement.first_of_run:
            self._control(threshold, limits, transitions, over=over, alarm=alarm)
        return Verdict(
            record,
            scored,
            threshold,
            level,
            over,
            alarm,
            transitions,
            scored.feed_events,
            self.run_offset,
        )

    def _level(self, threshold: Threshold, limits: Limits) -> float:
        if threshold is not self._threshold:
            self._threshold, self._limit = threshold, limits.limit(threshold)
        if isinstance(threshold, Budget):
            return shifted(self._limit, self.controller.shift)
        return self._limit

    def _follow(
        self, reading: Reading, judgement: Judgement | None
    ) -> tuple[tuple[Rule, Transition], ...]:
        """Advance the alerts by a reading: by its event, if that is their outcome, or its score."""
        changes: tuple[tuple[Rule, Transition], ...] = ()
        for rule, life in self.lives:
            change = None
            if reading.event is not None and reading.event == rule.outcome:
                change = life.close_by_outcome(reading.time)
            elif judgement is not None:
                change = life.follow(judgement)
            if change is not None:
                changes += ((rule, change),)
        return changes

    def _control(
        self,
        threshold: Threshold,
        limits: Limits,
        transitions: tuple[tuple[Rule, Transition], ...],
        *,
        over: bool,
        alarm: bool,
    ) -> None:
        if not isinstance(threshold, Budget):
            return
        # An alert that returns within its cooldown calls the operator again, so it counts again.
        raised = any(change.change is Change.RAISED for _, change in transitions)
        self.controller.step(
            over=over,
            raised=raised,
            alarm=alarm,
            budget_per_reading=threshold.per_day / limits.readings_per_day,
        )

    def snapshot(self) -> dict[str, Any]:
        """Give the state as plain data."""
        return {
            "detector": self.state.snapshot(),
            "controller": list(self.controller.snapshot()),
            "lives": {rule.name: life.snapshot() for rule, life in self.lives},
            "run_offset": self.run_offset,
        }

    @classmethod
    def restore(cls, name: str, data: dict[str, Any], detector: Detector, rules: Rules) -> Self:
        """Take a snapshot back, under the same model; a rule that is new starts afresh."""
        state = DetectorState.restore(
            data["detector"],
            n_sensors=detector.model.features.n_sensors,
            window_size=detector.model.conditioning.window_size,
        )
        machine = cls(name, state, rules)
        machine.controller = Controller(*data["controller"])
        machine.run_offset = data["run_offset"]
        machine.lives = [
            (rule, AlertLife.restore(data["lives"][rule.name], rule, machine=name))
            if rule.name in data["lives"]
            else (rule, AlertLife(rule, machine=name))
            for rule in rules.rules
        ]
        return machine
