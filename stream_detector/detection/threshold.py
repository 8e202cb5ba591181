"""The level above which a score is anomalous, and the controller that keeps to an alarm budget.

People ask for a threshold in one of three ways: a number (:class:`Fixed`), a share
of normal readings above it (:class:`Rate`), or false alerts a day (:class:`Budget`).
A model's :class:`Limits`, measured on cross-fitted training scores, turn the last
two into numbers. A frozen limit does not survive the drift of a real machine, so a
budget is kept by a controller (:func:`controlled`), one number of state per machine.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass

CONTROLLER_STEP = 0.2
"""What an alert raises the threshold by, in powers of ten of a score's rarity."""

LOWEST_SHIFT, HIGHEST_SHIFT = -1.0, 2.0
"""Bounds of the controller's shift: it may follow drift, not unlearn a fault."""

HIGHEST_PER_DAY = 86_400.0
"""More false alerts a day, one a second, are a slip of the pen: nobody works on them."""


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} is {value!r}, expected a positive number")


@dataclass(frozen=True)
class Fixed:
    """A threshold set as a number, in units of the score."""

    value: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_positive("value", self.value)


@dataclass(frozen=True)
class Rate:
    """A threshold that a share of normal readings exceeds (0.01 is one in a hundred)."""

    share: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_positive("share", self.share)
        if self.share >= 1:
            raise ValueError(f"share is {self.share!r}, expected less than 1")


@dataclass(frozen=True)
class Budget:
    """A threshold that holds to so many false alerts a day."""

    per_day: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_positive("per_day", self.per_day)
        if self.per_day > HIGHEST_PER_DAY:
            raise ValueError(
                f"per_day is {self.per_day!r}, expected at most {HIGHEST_PER_DAY:g}, one a second"
            )


Threshold = Fixed | Rate | Budget


@dataclass(frozen=True)
class Curve:
    """A decreasing curve through measured points, linear between them in log x, flat outside.

    Examples
    --------
    >>> curve = Curve(x=(1.0, 100.0), y=(4.0, 2.0))
    >>> curve(10.0), curve(0.1)
    (3.0, 4.0)
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not self.x or len(self.x) != len(self.y) or list(self.x) != sorted(set(self.x)):
            raise ValueError("a curve needs as many y as x, and x rising")

    def __call__(self, x: float) -> float:
        """Read the curve at x > 0."""
        i = bisect_left(self.x, x)
        if i == 0:
            return self.y[0]
        if i == len(self.x):
            return self.y[-1]
        (x0, x1), (y0, y1) = self.x[i - 1 : i + 1], self.y[i - 1 : i + 1]
        return y0 + (y1 - y0) * math.log(x / x0) / math.log(x1 / x0)


@dataclass(frozen=True)
class Limits:
    """What a model's cross-fitted training scores say of thresholds.

    Parameters
    ----------
    by_budget : Curve
        False alerts a day -> the lowest score limit that kept to them.
    by_rate : Curve
        Share of normal readings -> the score they exceed.
    readings_per_day : float
        At the model's cadence.
    unit : float
        What a score rises by when it becomes ten times as rare: what the controller's
        shift counts in. The joined score is made so that it is 1.
    """

    by_budget: Curve
    by_rate: Curve
    readings_per_day: float
    unit: float = 1.0

    def limit(self, threshold: Threshold) -> float:
        """Give the score that a threshold stands for, in a machine that does not drift."""
        if isinstance(threshold, Fixed):
            return threshold.value
        if isinstance(threshold, Rate):
            return rounded(self.by_rate(threshold.share))
        return self.by_budget(threshold.per_day)


def rounded(level: float) -> float:
    """Round a threshold, not negative, to six decimals, as ``scoring.join`` rounds scores.

    A seventh of the time that ``round`` takes, and it is called for every reading.

    Examples
    --------
    >>> rounded(2.71828183), rounded(0.0)
    (2.718282, 0.0)
    """
    return math.floor(level * 1e6 + 0.5) / 1e6


def shifted(limit: float, shift: float) -> float:
    """Give a budget's limit with the controller's shift: never below half of it.

    Rounded, like the score.

    Examples
    --------
    >>> shifted(1.5, 0.2), shifted(1.5, -1.0)
    (1.7, 0.75)
    """
    level, lowest = limit + shift, limit / 2
    return rounded(level if level > lowest else lowest)


def controlled(shift: float, *, raised: bool, alarm: bool, budget_per_reading: float) -> float:
    """Give the controller's shift after one more judged reading.

    Each alert raised lifts the threshold by 0.2, and each quiet reading takes back as much as
    is due to one: with as many alerts as were asked for, both balance. An open alert holds it,
    however long, so a fault that lasts is not learned away.

    The lift counts from the next reading on, so an alert barely over the threshold soon clears
    under the higher one, and comes back when it gets worse. Held back until the alert ended, on
    a paper machine alerts stood open for two to three times as long, and newly warned of fewer
    breaks.

    Parameters
    ----------
    shift : float
        Before it.
    raised : bool
        It raised an alert.
    alarm : bool
        An alert is open after it.
    budget_per_reading : float
        Alerts asked for, per reading.

    Examples
    --------
    >>> controlled(0.0, raised=True, alarm=True, budget_per_reading=0.01)
    0.2
    >>> round(controlled(0.2, raised=False, alarm=False, budget_per_reading=0.01), 6)
    0.198
    """
    if raised:
        return min(shift + CONTROLLER_STEP, HIGHEST_SHIFT)
    if alarm:
        return shift
    return max(shift - CONTROLLER_STEP * budget_per_reading, LOWEST_SHIFT)
