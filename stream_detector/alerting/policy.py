"""How patient an alert is: what speaks for raising, clearing and escalating it.

``Counts`` holds the on-delay (k of n readings over the threshold), the off-delay (readings
in a row below a share of it) and the escalation (readings in a row far above it);
``Suppression`` the modes in which nothing is raised, and the hold after them.
"""

from collections import deque
from datetime import datetime
from typing import Any, Self

import msgspec

from stream_detector.alerting.rules import Rule


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """A scored reading beside the threshold in force.

    ``over`` is score > threshold; ``first_of_run`` says that the reading starts a run;
    ``left_out`` are the sensors that the score does not rest on, by number.
    """

    time: datetime
    score: float
    threshold: float
    over: bool
    first_of_run: bool = False
    left_out: frozenset[int] = frozenset()


class Counts:
    """Readings of one machine as a rule counts them.

    Parameters
    ----------
    rule : Rule

    Examples
    --------
    >>> from datetime import UTC
    >>> from stream_detector.alerting.rules import OnDelay
    >>> counts = Counts(Rule(name="odd", on_delay=OnDelay(2, 3)))
    >>> at = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    >>> for score in (3.0, 1.0, 3.0):
    ...     counts.take(Judgement(at, score, threshold=2.0, over=score > 2.0))
    >>> counts.n_over, counts.enough_to_raise
    (2, True)
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._recent: deque[bool] = deque(maxlen=rule.on_delay.of)
        self._n_below = 0
        self._n_far_over = 0
        self._unseen: frozenset[int] = frozenset()
        """Sensors that none of the readings below has."""
        self._dispensable: frozenset[int] = frozenset()
        """Sensors that were in no reading that raised or held the alert: it can clear without."""

    @property
    def n_over(self) -> int:
        """Readings over the threshold among the last ones of the on-delay."""
        return sum(self._recent)

    @property
    def enough_to_raise(self) -> bool:
        """Whether so many were over it that an alert is to be raised."""
        return sum(self._recent) >= self._rule.on_delay.count

    @property
    def enough_to_clear(self) -> bool:
        """Whether it was low for long enough, by sensors that the alert was raised with."""
        return self._n_below >= self._rule.off_delay and self._unseen <= self._dispensable

    @property
    def enough_to_escalate(self) -> bool:
        """Whether it has been far over the threshold for long enough since the raise."""
        escalation = self._rule.escalation
        return escalation is not None and self._n_far_over >= escalation.count

    def take(self, judgement: Judgement) -> None:
        """Count a reading for the on-delay."""
        self._recent.append(judgement.over)

    def take_open(self, judgement: Judgement) -> None:
        """Count it for the off-delay and the escalation too: an alert is open."""
        score, threshold = judgement.score, judgement.threshold
        if score < self._rule.clear_share * threshold:
            again = self._n_below > 0
            self._unseen = judgement.left_out & self._unseen if again else judgement.left_out
            self._n_below += 1
        else:
            self._n_below = 0
            self._dispensable &= judgement.left_out
        escalation = self._rule.escalation
        far_over = escalation is not None and score > escalation.over * threshold
        self._n_far_over = self._n_far_over + 1 if far_over else 0

    def begin_open(self, judgement: Judgement) -> None:
        """Note the reading that raised an alert."""
        self._n_below = self._n_far_over = 0
        self._dispensable = judgement.left_out

    def begin_run(self) -> None:
        """Count anew: what was before a gap says nothing of what is after it."""
        self._recent.clear()
        self._n_below = self._n_far_over = 0

    def end_open(self) -> None:
        """Count anew what speaks for raising: the alert was closed, or the outcome happened."""
        self._recent.clear()

    def snapshot(self) -> dict[str, Any]:
        """Give the counts as plain data."""
        return {
            "recent": list(self._recent),
            "n_below": self._n_below,
            "n_far_over": self._n_far_over,
            "unseen": sorted(self._unseen),
            "dispensable": sorted(self._dispensable),
        }

    @classmethod
    def restore(cls, data: dict[str, Any], rule: Rule) -> Self:
        """Take a snapshot back, under the same rule."""
        counts = cls(rule)
        counts._recent.extend(data["recent"])
        counts._n_below = data["n_below"]
        counts._n_far_over = data["n_far_over"]
        counts._unseen = frozenset(data["unseen"])
        counts._dispensable = frozenset(data["dispensable"])
        return counts


class Suppression:
    """Whether the machine is in a mode in which nothing is raised, or in the hold after one.

    Parameters
    ----------
    rule : Rule

    Attributes
    ----------
    until : datetime or None
        The end of the hold after the last such mode.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.until: datetime | None = None

    def follow(self, time: datetime, mode: str | None) -> bool:
        """Take in the mode of the machine's next reading; tell whether nothing is raised at it."""
        in_mode = mode is not None and mode in self._rule.suppressed_modes
        if in_mode:
            self.until = time + self._rule.suppression_hold
        return in_mode or (self.until is not None and time < self.until)
