"""Two models over the same readings: the one that judges, and a candidate beside it.

What each raised is read from what the pipeline itself told (``raised``), so it is what the rules'
own policies let out: on-delay, off-delay, cooldown, suppressed modes. A reading that raises alerts
of two rules counts once, as for the budget. A raise that nobody saw, up to the first reading or the
first one behind missing readings, counts for neither.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

_CELLS_PER_OCTAVE: Final = 8
"""Scores this close, 9 %, have one rank: so days of readings take some hundred cells."""

_LEAST_SCORE: Final = 1e-3


class Told(NamedTuple):
    """What a model said of a reading; ``score`` is None where it gave none."""

    time: datetime
    score: float | None
    above: bool
    raised: tuple[str, ...]
    """The rules whose alert it raised."""
    alarm: bool
    """An alert is open after it."""


class Raise(NamedTuple):
    """A reading that raised alerts, and of which rules."""

    time: datetime
    rules: tuple[str, ...]


class Stretch(NamedTuple):
    """Readings without a gap: the times of the first and the last one."""

    begin: datetime
    end: datetime


class Course:
    """What one model raised, over the readings that it told of; in order of time.

    Parameters
    ----------
    max_gap : timedelta
        The machine does not run between two readings that are further apart.

    Attributes
    ----------
    stretches : list of Stretch
    raised : list of Raise
    n_readings : int
    n_in_alarm : int
        Of those, after so many an alert was open.

    Examples
    --------
    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> course = Course(timedelta(minutes=3))
    >>> for minute in (0, 2, 4, 30, 32):
    ...     raised = ("sheet-break",) if minute in (0, 2, 32) else ()
    ...     course.take(t(minute), raised=raised, alarm=minute < 4)
    >>> [one.time.minute for one in course.raised], course.running, course.n_in_alarm
    ([2, 32], datetime.timedelta(seconds=360), 2)
    """

    def __init__(self, max_gap: timedelta) -> None:
        self._max_gap = max_gap
        self._goes_on = False
        self.stretches: list[Stretch] = []
        self.raised: list[Raise] = []
        self.n_readings = 0
        self.n_in_alarm = 0

    @property
    def running(self) -> timedelta:
        """How long the machine ran."""
        return sum((one.end - one.begin for one in self.stretches), timedelta())

    def take(self, time: datetime, *, raised: tuple[str, ...], alarm: bool) -> None:
        """Take in the rules whose alert a reading raised, and whether one is open after it."""
        self.n_readings += 1
        self.n_in_alarm += alarm
        # Of the first one: had the other model raised its alert just before, nobody had seen it.
        if raised and self._goes_on:
            self.raised.append(Raise(time, raised))
        last = self.stretches[-1] if self.stretches else None
        if self._goes_on and last is not None and time - last.end <= self._max_gap:
            self.stretches[-1] = last._replace(end=time)
        else:
            self.stretches.append(Stretch(time, time))
        self._goes_on = True

    def break_off(self) -> None:
        """Say that readings are missing here: nobody knows what was raised meanwhile."""
        self._goes_on = False

    def raised_by(self, rule: str) -> list[datetime]:
        """Give when it raised alerts of a rule."""
        return [one.time for one in self.raised if rule in one.rules]

    def covers(self, begin: datetime, end: datetime) -> bool:
        """Tell whether it holds all readings of a time of running, which ends with an outcome."""
        early, late = begin + self._max_gap, end - self._max_gap
        return any(one.begin <= early and late <= one.end for one in self.stretches)


@dataclass
class Trial:
    """Two models over the same readings of one machine, by one of their scores.

    Examples
    --------
    Of three readings the models agree on two, and on the order of all.

    >>> from datetime import UTC
    >>> t = lambda minute: datetime(2026, 11, 22, 3, minute, tzinfo=UTC)
    >>> trial = Trial.of(timedelta(minutes=3))
    >>> for minute, one, other in [(0, 1.0, 2.0), (2, 3.0, 3.0), (4, 2.0, 2.5)]:
    ...     trial.take(
    ...         Told(t(minute), one, one > 2.2, (), alarm=False),
    ...         Told(t(minute), other, other > 2.2, (), alarm=False),
    ...     )
    >>> trial.n_agreed, trial.rank_correlation
    (2, 1.0)
    """

    active: Course
    candidate: Course
    n_scored_by_active: int = 0
    n_scored_by_both: int = 0
    n_agreed: int = 0
    """Of those that both scored: above the threshold of each, or of neither."""
    cells: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Readings by the ranks of both scores, coarsely."""

    @classmethod
    def of(cls, max_gap: timedelta) -> "Trial":
        """Begin one."""
        return cls(Course(max_gap), Course(max_gap))

    @property
    def rank_correlation(self) -> float | None:
        """Spearman's, of the scores; None where all of one model have one rank."""
        return rank_correlation(self.cells)

    def take(self, active: Told, candidate: Told) -> None:
        """Take in what both said of one reading."""
        self.active.take(active.time, raised=active.raised, alarm=active.alarm)
        self.candidate.take(active.time, raised=candidate.raised, alarm=candidate.alarm)
        self.n_scored_by_active += active.score is not None
        if active.score is not None and candidate.score is not None:
            self.n_scored_by_both += 1
            self.n_agreed += active.above == candidate.above
            self.cells[_cell(active.score), _cell(candidate.score)] += 1

    def break_off(self) -> None:
        """Say that readings are missing here that not both told of."""
        self.active.break_off()
        self.candidate.break_off()


def rank_correlation(cells: Counter[tuple[int, int]]) -> float | None:
    """Correlate the ranks of two scores (Spearman), ties at their mean rank.

    Parameters
    ----------
    cells : Counter of (int, int)
        Readings by the classes of both scores; a higher class is a higher score.

    Returns
    -------
    float or None
        From -1 to 1; None where one of the scores has one class alone.

    Examples
    --------
    >>> rank_correlation(Counter({(0, 0): 2, (1, 1): 2})), rank_correlation(Counter({(0, 0): 3}))
    (1.0, None)
    """
    one, other = Counter[int](), Counter[int]()
    for (a, b), n in cells.items():
        one[a] += n
        other[b] += n
    if min(len(one), len(other)) <= 1:
        return None
    rank_of_one, rank_of_other = _centred_ranks(one), _centred_ranks(other)
    together = math.fsum(n * rank_of_one[a] * rank_of_other[b] for (a, b), n in cells.items())
    spread = math.fsum(n * rank_of_one[a] ** 2 for a, n in one.items())
    spread_of_other = math.fsum(n * rank_of_other[b] ** 2 for b, n in other.items())
    return round(together / math.sqrt(spread * spread_of_other), 6)


def _centred_ranks(classes: Counter[int]) -> dict[int, float]:
    """Give the mean rank of each class, less that of all."""
    order = sorted(classes)
    ends = accumulate(classes[one] for one in order)
    middle = classes.total() / 2
    return {one: end - classes[one] / 2 - middle for one, end in zip(order, ends, strict=True)}


def _cell(score: float) -> int:
    return round(_CELLS_PER_OCTAVE * math.log2(score + _LEAST_SCORE))
