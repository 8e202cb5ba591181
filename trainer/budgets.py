"""What other budgets would have brought on the rows kept back, by the live code."""

from collections.abc import Iterable
from typing import NamedTuple

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.state import DetectorState
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.machine import Machine, Verdict
from stream_detector.replay.recording import Recording
from trainer.evaluation import Evaluation, Seen
from trainer.found import found

BUDGETS = (0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0)
"""False alerts a day that are judged beside the one asked for."""


class Point(NamedTuple):
    """What a budget brought.

    Parameters
    ----------
    asked_per_day : float
    per_day : float
        False alerts raised a day of scored rows; without labels any alert may be one.
    n_alerts : int
    n_found, n_to_find : int
        Outcomes within the rule's horizon of an alert, or labelled stretches with one.
    by_chance : float
        Share that as many alerts at readings drawn at random would find.
    alarm_share : float
        Share of the time running with an open alert.
    """

    asked_per_day: float
    per_day: float
    n_alerts: int
    n_found: int
    n_to_find: int
    by_chance: float
    alarm_share: float

    @property
    def recall(self) -> float | None:
        """Share found; None where there was nothing to find."""
        return self.n_found / self.n_to_find if self.n_to_find else None


class OtherBudgets:
    """Judges the readings of a replay once more, by a threshold for each of several budgets.

    The scores are there: a machine for each budget only holds them against its threshold,
    follows its alerts and keeps to its budget. So a budget costs a fiftieth of a replay.

    Parameters
    ----------
    bundle : Bundle
    recording : Recording
        What is replayed.
    rules : Rules
    rule : Rule
        Its alerts are looked at.
    per_day : iterable of float
        The budgets.
    """

    def __init__(
        self,
        bundle: Bundle,
        recording: Recording,
        *,
        rules: Rules,
        rule: Rule,
        per_day: Iterable[float],
    ) -> None:
        self._bundle, self._recording = bundle, recording
        model = bundle.model
        self._judges: list[tuple[Budget, Machine, Seen]] = []
        for budget in map(Budget, sorted({*per_day})):
            # Of its state nothing is used: the scores are those of another machine.
            state = DetectorState(
                n_sensors=model.features.n_sensors, window_size=model.conditioning.window_size
            )
            machine = Machine(recording.machine, state, model, rules)
            machine.adopt(budget, budget)
            self._judges.append((budget, machine, Seen(rule, model.max_gap)))

    def __call__(self, verdict: Verdict) -> None:
        """Judge the reading of the next verdict."""
        for _, machine, seen in self._judges:
            seen.note(machine.judge(verdict.record, verdict.scored))

    def points(self) -> tuple[Point, ...]:
        """Tell what each budget brought, rising; nothing where no row was scored."""
        evaluations = [
            seen.held_against(self._recording, self._bundle, asked=budget)
            for budget, _, seen in self._judges
        ]
        return tuple(point(one) for one in evaluations if one is not None)


def point(evaluation: Evaluation) -> Point:
    """Tell what the budget of an evaluation brought."""
    everything = found(evaluation)
    return Point(
        asked_per_day=evaluation.asked_per_day,
        per_day=evaluation.per_day,
        n_alerts=len(evaluation.alerts),
        n_found=everything.n_found,
        n_to_find=everything.n_to_find,
        by_chance=everything.by_chance,
        alarm_share=evaluation.card.alarm_share,
    )
