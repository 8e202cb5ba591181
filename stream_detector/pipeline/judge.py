"""One score of one machine, held against the threshold that is wanted of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from stream_detector.alerting.life import AlertLife, Change, ClearReason, Transition
from stream_detector.alerting.news import AlertNews
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import Rule, Rules, ScoreName
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.detection.threshold import Budget, Limits, Threshold, controlled, shifted
from stream_detector.pipeline.thresholds import ThresholdSetting, setting_of

Transitions = tuple[tuple[Rule, Transition], ...]


class Judged(msgspec.Struct, gc=False):
    """A score beside the threshold in force, and what came of it.

    Parameters
    ----------
    threshold : Threshold
        What people want of the machine.
    score : float or None
        None where there is none.
    in_force : float or None
        The threshold as a number, with the controller's shift; None where there was no
        reading to be judged.
    over : bool
        The score is over it.
    alarm : bool
        An alert of a rule that goes by this score is open after the reading.
    raised : tuple of str
        The rules that go by this score whose alert the reading raised, or raised again.
    """

    threshold: Threshold
    score: float | None = None
    in_force: float | None = None
    over: bool = False
    alarm: bool = False
    raised: tuple[str, ...] = ()


class Judge:
    """Judges a machine's readings by one score, follows its alerts and keeps them to a budget.

    Parameters
    ----------
    machine : str
    limits : Limits
        Of the score.
    rules : Rules
    score : "anomaly" or "head"
        Which of them go by it.
    """

    __slots__ = (
        "_budget_per_reading",
        "_ending",
        "_limit",
        "_limits",
        "_machine",
        "_next_in_force",
        "_orphans",
        "_score",
        "_shift",
        "in_force",
        "lives",
        "threshold",
    )

    def __init__(self, machine: str, limits: Limits, rules: Rules, score: ScoreName) -> None:
        self._machine = machine
        self._limits = limits
        self._score = score
        self.lives = [(rule, AlertLife(rule, machine=machine)) for rule in rules.by(score)]
        self._orphans: list[tuple[Rule, AlertLife]] = []
        """Open alerts of rules that are gone, which nobody has let go so far."""
        self._ending: list[tuple[Rule, AlertLife, ClearReason]] = []
        """Those that were let go: the next reading clears them."""
        self._shift = 0.0
        self.threshold: Threshold | None = None
        """What people want of the machine, since it took that."""
        self.in_force: float | None = None
        """The threshold it was judged by last, for others to see."""
        self._limit = self._next_in_force = 0.0
        self._budget_per_reading: float | None = None

    def adopt(self, threshold: Threshold) -> bool:
        """Take the threshold that is wanted; tell whether it is another one."""
        if threshold == self.threshold:
            return False
        self._take(threshold)
        return True

    def let_go(self) -> bool:
        """Take in that rules are gone: the next reading clears the alerts that they left open.

        Tell whether there are any. That is a change of the state, as another threshold is: it is
        kept before that reading is judged. So a catch-up, which lets nothing go, is exact.
        Readings behind a snapshot with orphans were judged while their rules stood: no clear was
        sent, so it makes none, and the first reading that is judged aloud sends it. Behind a
        snapshot with what was let go, the next reading is the one that clears it. Passed over, it
        was done, and nothing is done before its clear is delivered; else it is judged again, in
        the same state, and the same bytes are sent again.
        """
        if not self._orphans:
            return False
        self._ending += [(*one, ClearReason.RULE_REMOVED) for one in self._orphans]
        self._orphans = []
        return True

    def end_lost(self, told: AlertNews) -> None:
        """Take in that an alert was told to be open, for a machine whose state was lost.

        Where it is not open, the next reading behind what was told clears it: a log that is judged
        anew comes by that again. It is a change of the state, to be kept as that of ``let_go``.
        """
        rule = self._rule(told.rule)
        self._ending.append((rule, AlertLife.of_told(told, rule), ClearReason.STATE_LOST))

    @property
    def has_orphans(self) -> bool:
        """Whether an alert is open whose rule is gone."""
        return bool(self._orphans or self._ending)

    def judge(self, scored: Scored, score: float | None) -> tuple[Judged, Transitions]:
        """Hold a reading's score, or the lack of one, against the threshold; follow the alerts.

        An unscored reading holds the state: no data never clears an alert.
        """
        if self.threshold is None:
            raise ValueError("a machine is judged that took no threshold")
        judged, judgement = Judged(self.threshold, score), None
        if scored.quality is not None:
            in_force = self.in_force = judged.in_force = self._next_in_force
            if score is not None:
                over = judged.over = score > in_force
                time, left_out = scored.reading.time, _left_out(scored)
                judgement = Judgement(time, score, in_force, over, scored.first_of_run, left_out)
        elif scored.status is not Status.EVENT:
            judged.alarm = self.has_orphans or any(life.is_open for _, life in self.lives)
            return judged, ()
        return judged, self._follow(scored.reading, judged, judgement)

    def _take(self, threshold: Threshold) -> None:
        limits = self._limits
        self.threshold = threshold
        self._limit = self._next_in_force = limits.limit(threshold)
        self._budget_per_reading = None
        if isinstance(threshold, Budget):
            self._budget_per_reading = threshold.per_day / limits.readings_per_day
            self._next_in_force = shifted(self._limit, self._shift * limits.unit)

    def _follow(self, reading: Reading, judged: Judged, judgement: Judgement | None) -> Transitions:
        """Advance the alerts by a reading: by its event, if that is their outcome, or its score.

        Its mode counts in any case.
        """
        changes = self._clear_ending(reading)
        can_raise = False
        # An orphan stands: it holds the controller, as it did under its rule.
        alarm = bool(self._orphans)
        for rule, life in self.lives:
            change = None
            if rule.suppressed_modes or life.is_suppressed:
                life.note_mode(reading.time, reading.mode)
            if reading.event is not None and reading.event == rule.outcome:
                change = life.close_by_outcome(reading.time)
            elif judgement is not None:
                change = life.follow(judgement)
            if change is not None:
                changes += ((rule, change),)
                # One that returns within its cooldown calls the operator again: it counts again.
                if change.change is Change.RAISED:
                    judged.raised += (rule.name,)
            alarm = alarm or life.is_open
            can_raise = can_raise or not life.is_suppressed
        judged.alarm = alarm
        # Where no rule could raise an alert, the lack of alerts says nothing.
        if can_raise and judgement is not None and not judgement.first_of_run:
            # However many rules raise theirs: it is one call.
            self._control(raised=bool(judged.raised), alarm=alarm)
        return changes

    def _clear_ending(self, reading: Reading) -> Transitions:
        cleared: Transitions = ()
        ending, self._ending = self._ending, []
        for rule, life, reason in ending:
            if not life.was_told_before(reading.time):
                self._ending.append((rule, life, reason))
            elif not self._is_followed(life):
                change = life.close_unfollowed(reading.time, reason)
                cleared += () if change is None else ((rule, change),)
        return cleared

    def _is_followed(self, told: AlertLife) -> bool:
        """Tell whether an alert is open here; what comes of it counts on from what was told."""
        for _, life in self.lives + self._orphans:
            if life.alert_id == told.alert_id:
                # Also where the next raise is a return of it.
                life.count_on_from(told)
                return life.is_open
        return False

    def _control(self, *, raised: bool, alarm: bool) -> None:
        budget = self._budget_per_reading
        if budget is None:
            return
        shift = controlled(self._shift, raised=raised, alarm=alarm, budget_per_reading=budget)
        if shift != self._shift:
            self._shift = shift
            self._next_in_force = shifted(self._limit, shift * self._limits.unit)

    @property
    def shift(self) -> float:
        """The part of the threshold that is the controller's: without a budget, none."""
        if self._budget_per_reading is None:
            return 0.0
        return round(self._shift * self._limits.unit, 6)

    def inherit(self, lives: Mapping[str, AlertLife]) -> None:
        """Go on with the alerts, by rule, that another model has followed so far."""
        self._take_up({name: life.snapshot() for name, life in lives.items()})

    def snapshot(self) -> dict[str, Any]:
        """Give the state as plain data."""
        ending = {
            rule.name: {**life.snapshot(), "reason": reason} for rule, life, reason in self._ending
        }
        return {
            "shift": self._shift,
            "threshold": self.threshold and setting_of(self.threshold).source(),
            "lives": _kept(self.lives + self._orphans),
            **({"ending": ending} if ending else {}),
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take a snapshot back; a rule that is new starts afresh, one that is gone leaves orphans.

        Raises
        ------
        KeyError
            If it lacks a part.
        """
        self._shift = data["shift"]
        if data["threshold"] is not None:
            self._take(ThresholdSetting(**data["threshold"]).threshold)
        lives = data["lives"]
        self._take_up(lives)
        of_rules = {rule.name for rule, _ in self.lives}
        self._orphans = self._without_rules(
            {name: one for name, one in lives.items() if name not in of_rules and one["is_open"]}
        )
        ending = data.get("ending", {})
        self._ending = [
            (rule, life, ClearReason(ending[rule.name].get("reason", ClearReason.RULE_REMOVED)))
            for rule, life in self._without_rules(ending)
        ]

    def _take_up(self, kept: Mapping[str, Any]) -> None:
        """Go on with the alerts that were kept, by rule; of a rule that is new it starts afresh."""
        self.lives = [
            (rule, AlertLife.restore(kept[rule.name], rule, machine=self._machine))
            if rule.name in kept
            else (rule, life)
            for rule, life in self.lives
        ]

    def _rule(self, name: str) -> Rule:
        """Give a rule by its name; of one that is gone only that is left."""
        found = (rule for rule, _ in self.lives if rule.name == name)
        return next(found, Rule(name=name, score=self._score))

    def _without_rules(self, kept: Mapping[str, Any]) -> list[tuple[Rule, AlertLife]]:
        """Take up alerts that end; of those whose rules are gone only the names are left.

        So these warn of nothing, and whoever reads of their ends does not wait for an outcome.
        """
        rules = [self._rule(name) for name in kept]
        return [
            (rule, AlertLife.restore(kept[rule.name], rule, machine=self._machine))
            for rule in rules
        ]


def _kept(lives: Iterable[tuple[Rule, AlertLife]]) -> dict[str, Any]:
    return {rule.name: life.snapshot() for rule, life in lives}


def _left_out(scored: Scored) -> frozenset[int]:
    """Name the sensors that a score does not rest on."""
    evidence = scored.evidence
    if evidence is None or evidence.left_out is None:
        return frozenset()
    return frozenset(evidence.left_out.nonzero()[0].tolist())
