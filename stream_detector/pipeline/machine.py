"""One machine under one model and its rules: from scored readings to alerts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from stream_detector.alerting.life import AlertLife
from stream_detector.alerting.news import AlertNews
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.detection.detector import Model
from stream_detector.detection.feed_health import FeedEvent, FeedFault
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.state import DetectorState, from_us, to_us
from stream_detector.detection.threshold import Budget, Threshold
from stream_detector.errors import ReadingError
from stream_detector.pipeline.judge import Judge, Judged, Transitions
from stream_detector.pipeline.readings import Record

if TYPE_CHECKING:
    from datetime import datetime


class Verdict(msgspec.Struct, gc=False):
    """All that was made of a reading.

    Parameters
    ----------
    record : Record
    scored : Scored
    anomaly : Judged
        The score beside its threshold.
    head : Judged or None
        The head's score beside its own; None under a model without a head.
    transitions : tuple of (Rule, Transition)
    outcome_of : tuple of Rule
        Those whose outcome it tells of.
    feed_events : tuple of FeedEvent
    run_offset : int
        Offset of the run's first reading.
    bundle_id : str
        Of the model that judged it.
    """

    record: Record
    scored: Scored
    anomaly: Judged
    head: Judged | None = None
    transitions: Transitions = ()
    outcome_of: tuple[Rule, ...] = ()
    feed_events: tuple[FeedEvent, ...] = ()
    run_offset: int = -1
    bundle_id: str = ""

    @property
    def is_striking(self) -> bool:
        """A score is over its threshold, or an alert is open."""
        one, head = self.anomaly, self.head
        return one.over or one.alarm or (head is not None and (head.over or head.alarm))

    def of(self, rule: Rule) -> Judged:
        """Give what a rule went by."""
        judged = self.anomaly if rule.score == "anomaly" else self.head
        if judged is None:
            raise ValueError(f"rule {rule.name!r} goes by a head, but the model has none")
        return judged


class Refusal(NamedTuple):
    """A message that is no reading, and why."""

    record: Record
    error: ReadingError


class Machine:
    """The state of one machine: its detector's, its controllers' and its alerts'.

    Parameters
    ----------
    name : str
    state : DetectorState
    model : Model
    rules : Rules
    bundle_id : str
        Of the model; none where no message tells of the machine.
    """

    __slots__ = (
        "anomaly",
        "bundle_id",
        "going_on",
        "head",
        "last_time",
        "name",
        "next_offset",
        "received_at",
        "run_offset",
        "silence_after",
        "silence_told",
        "state",
    )

    def __init__(
        self, name: str, state: DetectorState, model: Model, rules: Rules, *, bundle_id: str = ""
    ) -> None:
        self.name = name
        self.bundle_id = bundle_id
        self.state = state
        self.anomaly = Judge(name, model.limits, rules, "anomaly")
        self.head: Judge | None = None
        """None under a model without a head; then its rules raise nothing."""
        if model.head is not None:
            self.head = Judge(name, model.head.limits, rules, "head")
            self.head.adopt(Budget(model.head.budget_per_day))
        self.going_on: frozenset[str] = frozenset()
        """Outcomes after which no reading came that does not tell of them."""
        self.next_offset = 0
        """All readings below it are in the state: they are left out when they come again."""
        self.run_offset = -1
        """Offset of the run's first reading: where a recomputation has to begin."""
        self.silence_after = model.feed_limits.silence_after
        self.silence_told = False
        """By a timer, since the last reading that entered. Not kept: told again, it is a repeat."""
        self.last_time: datetime | None = None
        """Of the last reading that entered; within a batch the detector's own is ahead."""
        self.received_at: datetime | None = None
        """When Kafka took that reading."""

    def adopt(self, threshold: Threshold, of_head: Threshold | None = None) -> bool:
        """Take the threshold that is wanted; tell whether it is another one.

        And that of the head's score: where none is wanted, it keeps the one it has, at first
        the budget of the model. Alerts whose rules are gone are let go: a change as well.
        """
        # By identity first: it is asked for every reading.
        changed = threshold is not self.anomaly.threshold and self.anomaly.adopt(threshold)
        changed = self.anomaly.let_go() or changed
        if self.head is not None:
            changed = self.head.let_go() or changed
            if of_head is not None:
                changed = self.head.adopt(of_head) or changed
        return changed

    def end_lost(self, told: AlertNews) -> None:
        """Take in that an alert was told to be open, as this machine's state was lost.

        Where it is not open, a reading clears it: the next one behind what was told.
        """
        head = self.head
        of_head = head is not None and any(rule.name == told.rule for rule, _ in head.lives)
        (head if head is not None and of_head else self.anomaly).end_lost(told)

    def judge(self, record: Record, scored: Scored) -> Verdict:
        """Hold a reading against the thresholds, and follow the alerts and the controllers."""
        self.next_offset = record.offset + 1
        if scored.first_of_run:
            self.run_offset = record.offset
        feed_events = scored.feed_events
        outcome_of: tuple[Rule, ...] = ()
        if scored.quality is not None or scored.status is Status.EVENT:
            feed_events = self._end_silence(record, scored.reading) + feed_events
            outcome_of = self._news_of(scored)
        anomaly, transitions = self.anomaly.judge(scored, scored.score)
        head = None
        if self.head is not None:
            head, more = self.head.judge(scored, scored.head_score)
            transitions += more
        return Verdict(
            record,
            scored,
            anomaly,
            head,
            transitions,
            outcome_of,
            feed_events,
            self.run_offset,
            self.bundle_id,
        )

    @property
    def lives(self) -> list[tuple[Rule, AlertLife]]:
        """Its alerts, by rule."""
        return self.anomaly.lives + (self.head.lives if self.head is not None else [])

    def _news_of(self, scored: Scored) -> tuple[Rule, ...]:
        """Name the rules whose outcome begins with what a reading, or an event, tells.

        Senders may tell of one twice, or for as long as the machine stands: it goes on until a
        reading comes that does not tell of it. Another event alone does not end it.
        """
        event = scored.reading.event
        if self.going_on and scored.status is not Status.EVENT:
            self.going_on &= {event}
        if event is None or event in self.going_on:
            return ()
        begun = tuple(rule for rule, _ in self.lives if rule.outcome == event)
        if begun:
            self.going_on |= {event}
        return begun

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

    def may_succeed(self, incumbent: Self, *, same_sensors: bool) -> bool:
        """Tell whether this state, under another model, can go on with the open alerts of that one.

        It needs their rules, and their sensors: an alert clears only by sensors that it was
        raised with. One whose rule is gone is cleared where it stands.
        """
        if incumbent.anomaly.has_orphans or (incumbent.head and incumbent.head.has_orphans):
            return False
        is_open = {rule.name for rule, life in incumbent.lives if life.is_open}
        return not is_open or (same_sensors and is_open <= {rule.name for rule, _ in self.lives})

    def succeed(self, incumbent: Self, *, same_sensors: bool) -> None:
        """Go on with the alerts and outcomes of the machine as it was under another model.

        And with what is known of its feed, which has no model: what rested before the run does
        not rest anew.
        """
        if same_sensors:
            self.state.feed = incumbent.state.feed
        lives = {rule.name: life for rule, life in incumbent.lives}
        self.anomaly.inherit(lives)
        if self.head is not None:
            self.head.inherit(lives)
        self.going_on = incumbent.going_on
        self.silence_told = incumbent.silence_told

    def snapshot(self) -> dict[str, Any]:
        """Give the state as plain data."""
        return {
            "detector": self.state.snapshot(),
            **self.anomaly.snapshot(),
            **({"head": self.head.snapshot()} if self.head else {}),
            "going_on": sorted(self.going_on),
            "run_offset": self.run_offset,
            "received_at": to_us(self.received_at),
        }

    @classmethod
    def restore(
        cls, name: str, data: Mapping[str, Any], model: Model, rules: Rules, *, bundle_id: str = ""
    ) -> Self:
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
        machine = cls(name, state, model, rules, bundle_id=bundle_id)
        machine.anomaly.restore(data)
        if machine.head is not None:
            machine.head.restore(data["head"])
        machine.last_time = state.feed.last_time
        machine.received_at = from_us(data["received_at"])
        machine.going_on = frozenset(data["going_on"])
        machine.run_offset = data["run_offset"]
        return machine
