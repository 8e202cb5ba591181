"""One machine under one model and its rules: from scored readings to alerts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from stream_detector.alerting.life import AlertLife, Change, Transition
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.detection.detector import Model
from stream_detector.detection.feed_health import FeedEvent, FeedFault
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState, from_us, to_us
from stream_detector.detection.threshold import Budget, Controller, Threshold, shifted
from stream_detector.errors import ReadingError
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdSetting, setting_of

if TYPE_CHECKING:
    from datetime import datetime


class Verdict(msgspec.Struct, gc=False):
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
    outcome_of : tuple of Rule
        Those whose outcome it tells of.
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
    outcome_of: tuple[Rule, ...] = ()
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
    model : Model
    rules : Rules
    """

    __slots__ = (
        "_limit",
        "_limits",
        "_suppressible",
        "controller",
        "last_time",
        "level",
        "lives",
        "name",
        "next_offset",
        "received_at",
        "run_offset",
        "silence_after",
        "silence_told",
        "state",
        "threshold",
    )

    def __init__(self, name: str, state: DetectorState, model: Model, rules: Rules) -> None:
        self.name = name
        self.state = state
        self.controller = Controller()
        self.lives = [(rule, AlertLife(rule, machine=name)) for rule in rules.rules]
        self._suppressible = any(rule.suppressed_modes for rule in rules.rules)
        self.next_offset = 0
        """All readings below it are in the state: they are left out when they come again."""
        self.run_offset = -1
        """Offset of the run's first reading: where a recomputation has to begin."""
        self.threshold: Threshold | None = None
        """What people want of it, since it took that."""
        self._limits = model.limits
        self._limit = 0.0
        self.level: float | None = None
        """The threshold it was judged by last, for others to see."""
        self.silence_after = model.feed_limits.silence_after
        self.silence_told = False
        """By a timer, since the last reading that entered. Not kept: told again, it is a repeat."""
        self.last_time: datetime | None = None
        """Of the last reading that entered; within a batch the detector's own is ahead."""
        self.received_at: datetime | None = None
        """When Kafka took that reading."""

    def adopt(self, threshold: Threshold) -> bool:
        """Take the threshold that is wanted; tell whether it is another one."""
        # By identity first: it is asked for every reading.
        if threshold is self.threshold or threshold == self.threshold:
            return False
        self.threshold, self._limit = threshold, self._limits.limit(threshold)
        return True

    def judge(self, record: Record, scored: Scored) -> Verdict:
        """Hold a reading against the threshold, and follow the alerts and the controller.

        An unscored reading holds the state: no data never clears an alert.
        """
        if self.threshold is None:
            raise ValueError("a machine is judged that took no threshold")
        self.next_offset = record.offset + 1
        if scored.first_of_run:
            self.run_offset = record.offset
        level, over, judgement = None, False, None
        reading = scored.reading
        if scored.quality is not None:
            level = self.level = self._level()
            if scored.score is not None:
                over = scored.score > level
                judgement = Judgement(
                    reading.time, scored.score, level, over, scored.first_of_run, _left_out(scored)
                )
        transitions: tuple[tuple[Rule, Transition], ...] = ()
        outcome_of: tuple[Rule, ...] = ()
        feed_events = scored.feed_events
        if scored.quality is not None or scored.status is Status.EVENT:
            feed_events = self._end_silence(record, reading) + feed_events
            if reading.event is not None:
                happened = (reading.event, reading.time)
                outcome_of = tuple(rule for rule, life in self.lives if life.is_news(*happened))
            transitions = self._follow(reading, judgement)
        alarm = any(life.is_open for _, life in self.lives)
        if judgement is not None and not judgement.first_of_run and self._can_raise():
            self._control(transitions, over=over, alarm=alarm)
        return Verdict(
            record,
            scored,
            self.threshold,
            level,
            over,
            alarm,
            transitions,
            outcome_of,
            feed_events,
            self.run_offset,
        )

    def silence(self) -> FeedEvent | None:
        """Describe the silence after the last reading, should there be one.

        Its time is that reading's plus the limit, so a timer that notices while the
        machine is silent tells the same as the reading that ends the silence.
        """
        if self.last_time is None:
            return None
        since = self.last_time + self.silence_after
        return FeedEvent(FeedFault.SILENCE, began=True, machine=self.name, time=since)

    def _end_silence(self, record: Record, reading: Reading) -> tuple[FeedEvent, ...]:
        """Tell of the silence that a reading ends, by its own time or by Kafka's.

        By Kafka's too, because a timer goes by that: a reading kept back somewhere on
        its way has no gap before it, but its machine was told to be silent meanwhile.
        """
        last, received_at, limit = self.last_time, self.received_at, self.silence_after
        was_silent = (last is not None and reading.time - last > limit) or (
            received_at is not None and record.timestamp - received_at > limit
        )
        silence = self.silence() if was_silent else None
        self.silence_told = False
        self.last_time, self.received_at = reading.time, record.timestamp
        if silence is None:
            return ()
        return silence, silence._replace(began=False, time=reading.time)

    @property
    def shift(self) -> float:
        """The part of the threshold that is the controller's: without a budget, none."""
        if not isinstance(self.threshold, Budget):
            return 0.0
        return round(self.controller.shift * self._limits.unit, 6)

    def _level(self) -> float:
        if isinstance(self.threshold, Budget):
            return shifted(self._limit, self.controller.shift * self._limits.unit)
        return self._limit

    def _follow(
        self, reading: Reading, judgement: Judgement | None
    ) -> tuple[tuple[Rule, Transition], ...]:
        """Advance the alerts by a reading: by its event, if that is their outcome, or its score.

        Its mode counts in any case.
        """
        changes: tuple[tuple[Rule, Transition], ...] = ()
        for rule, life in self.lives:
            change = None
            life.note_mode(reading.time, reading.mode)
            if reading.event is not None and reading.event == rule.outcome:
                change = life.close_by_outcome(reading.time)
            elif judgement is not None:
                change = life.follow(judgement)
            if change is not None:
                changes += ((rule, change),)
        return changes

    def _can_raise(self) -> bool:
        """Whether any rule could raise an alert: else the lack of alerts says nothing."""
        return not self._suppressible or not all(life.is_suppressed for _, life in self.lives)

    def _control(
        self, transitions: tuple[tuple[Rule, Transition], ...], *, over: bool, alarm: bool
    ) -> None:
        if not isinstance(self.threshold, Budget):
            return
        # An alert that returns within its cooldown calls the operator again, so it counts again.
        raised = any(change.change is Change.RAISED for _, change in transitions)
        self.controller.step(
            over=over,
            raised=raised,
            alarm=alarm,
            budget_per_reading=self.threshold.per_day / self._limits.readings_per_day,
        )

    def snapshot(self) -> dict[str, Any]:
        """Give the state as plain data."""
        return {
            "detector": self.state.snapshot(),
            "controller": list(self.controller.snapshot()),
            "lives": {rule.name: life.snapshot() for rule, life in self.lives},
            "run_offset": self.run_offset,
            "received_at": to_us(self.received_at),
            "threshold": self.threshold and setting_of(self.threshold).source(),
        }

    @classmethod
    def restore(cls, name: str, data: Mapping[str, Any], model: Model, rules: Rules) -> Self:
        """Take a snapshot back, under the same model; a rule that is new starts afresh.

        Raises
        ------
        ValueError, KeyError
            If it is of another model, or lacks a part.
        """
        state = DetectorState.restore(
            data["detector"],
            n_sensors=model.features.n_sensors,
            window_size=model.conditioning.window_size,
        )
        machine = cls(name, state, model, rules)
        if data["threshold"] is not None:
            machine.adopt(ThresholdSetting(**data["threshold"]).threshold)
        machine.last_time = state.feed.last_time
        machine.received_at = from_us(data["received_at"])
        machine.controller = Controller(*data["controller"])
        machine.run_offset = data["run_offset"]
        machine.lives = [
            (rule, AlertLife.restore(data["lives"][rule.name], rule, machine=name))
            if rule.name in data["lives"]
            else (rule, AlertLife(rule, machine=name))
            for rule in rules.rules
        ]
        return machine


def _left_out(scored: Scored) -> frozenset[int]:
    """Name the sensors that a score does not rest on."""
    evidence = scored.evidence
    if evidence is None or evidence.left_out is None:
        return _NONE
    return frozenset(evidence.left_out.nonzero()[0].tolist())


_NONE: frozenset[int] = frozenset()
