"""What was measured of detection, held against the goals, as a table and as plain data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tests.benchmarks.detection_measuring import Numbers
from tests.benchmarks.environment import environment
from trainer.backtest.counting import CLOCK, RANDOM

LINEAR, DEFAULT = "linear", "default"
FOREST, SVM = "undersampled forest", "undersampled SVM"
TEP, ASD, PAPER, HELD = "TEP", "ASD", "paper", "paper, held"
HEAD, HEAD_HELD = "paper, head", "paper, head, held"

_COLUMNS = {DEFAULT: DEFAULT, LINEAR: LINEAR, RANDOM: RANDOM, CLOCK: "restart"}
"""Models and references, and how they are headed ..."""

_COLUMNS_OF_HEADS = {DEFAULT: "head", FOREST: "forest", SVM: "SVM", "": ""}
"""... and those that learn from labels."""

_LABEL, _CELL = 58, 11

Measured = Mapping[str, Mapping[str, Sequence[Numbers]]]
"""For each kind of recording and each model or reference the numbers of each of its seeds."""


@dataclass(frozen=True)
class Figure:
    """A line of the table, and between what the default recipe is to be, if that was asked for."""

    name: str
    words: str
    least: float | None = None
    most: float | None = None

    @property
    def has_goal(self) -> bool:
        """Whether something is to be reached."""
        return self.least is not None or self.most is not None

    def is_met(self, found: float) -> bool:
        """Hold the mean over the seeds against the goal; what is equal reaches it."""
        return (self.least is None or found >= self.least) and (
            self.most is None or found <= self.most
        )

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        return f"at least {self.least:g}" if self.most is None else f"at most {self.most:g}"


_RATIO = Figure("over_asked", "realised over asked", 0.3, 2.0)
_RAISED, _OPEN = (
    "breaks with an alert raised within 4 min before",
    "breaks with an alert open within 4 min before",
)
_OPEN_FALSE = "  false alerts a day, one counted anew every 10 min"
"""So do those count who published results: who is always in alarm has 144 a day."""

_RAISED_BY_CHANCE = Figure("recall_by_chance", "  by chance")
_OPEN_BY_CHANCE = Figure("in_alarm_recall_by_chance", "  by chance at that share of time in alarm")
_ROWS_OF_PAPER = (
    Figure("alarm_share", "share of time in alarm"),
    Figure("auc", "ROC-AUC of rows"),
    Figure("pr_auc", "PR-AUC of rows"),
    Figure("base_rate", "  by chance"),
    Figure("events", "breaks judged"),
)
_OF_HEAD = (
    Figure("pr_auc", "PR-AUC of rows"),
    Figure("base_rate", "  by chance"),
    Figure("false_per_day", "false alerts a day, 3 asked"),
    _RATIO,
    Figure("alerts", "alerts"),
    Figure("followed_4", "  that a break followed within 4 min"),
    Figure("followed_4_by_chance", "    by chance"),
    Figure("followed_10", "  within 10 min"),
    Figure("followed_10_by_chance", "    by chance"),
    Figure("followed_30", "  within 30 min"),
    Figure("followed_30_by_chance", "    by chance"),
    Figure("followed_60", "  within 60 min"),
    Figure("followed_60_by_chance", "    by chance"),
    Figure("recall", "breaks with an alert raised within 30 min before"),
    Figure("recall_by_chance", "  by chance"),
    Figure("alarm_share", "share of time in alarm"),
    Figure("events", "breaks judged"),
)
FIGURES: Mapping[str, Sequence[Figure]] = {
    TEP: (
        Figure("detected", "rows of 18 faults above the limit", 0.93),
        Figure("detected_or_stood", "  or unscored while an alert was open"),
        Figure("false", "rows left out of the normal run above the limit", None, 0.02),
    ),
    ASD: (
        Figure("prompt_recall", "anomalies with an alert raised within 1 h", 0.5),
        Figure("prompt_recall_by_chance", "  by chance"),
        Figure("false_per_day", "false alerts a day, 1 asked", 0.3, 1.5),
        _RATIO,
        Figure("alarm_share", "share of time in alarm"),
        Figure("vus_pr", "VUS-PR, mean of the servers", 0.4),
        Figure("vus_pr_held", "  where nothing was scored: the score before it"),
        Figure("base_rate", "  share of anomalous rows"),
        Figure("events", "anomalies judged"),
    ),
    PAPER: (
        Figure("false_per_day", "false alerts a day, 6 asked", 4.0, 8.0),
        Figure("least_of_folds", "  in the calmest fold", 3.0, 10.0),
        Figure("most_of_folds", "  in the busiest fold", 3.0, 10.0),
        _RATIO,
        Figure("in_alarm_recall", _OPEN, 0.18),
        _OPEN_BY_CHANCE,
        Figure("standing_false_per_day", _OPEN_FALSE, 4.0, 8.0),
        Figure("standing_least_of_folds", "    in the calmest fold", 3.0, 10.0),
        Figure("standing_most_of_folds", "    in the busiest fold", 3.0, 10.0),
        Figure("recall", _RAISED, 0.18),
        _RAISED_BY_CHANCE,
        *_ROWS_OF_PAPER,
    ),
    HELD: (
        Figure("false_per_day", "false alerts a day, 6 asked"),
        _RATIO,
        Figure("in_alarm_recall", _OPEN),
        _OPEN_BY_CHANCE,
        Figure("standing_false_per_day", _OPEN_FALSE),
        Figure("recall", _RAISED),
        _RAISED_BY_CHANCE,
        *_ROWS_OF_PAPER,
    ),
    HEAD: (Figure("auc", "ROC-AUC of rows, 4 min before a break", 0.74), *_OF_HEAD),
    HEAD_HELD: (Figure("auc", "ROC-AUC of rows, 4 min before a break", 0.66), *_OF_HEAD),
}


def table(measured: Measured) -> str:
    """Lay the results out, a model or reference a column; of several seeds their mean."""
    return "\n".join(_lines(measured))


def as_json(measured: Measured) -> dict[str, Any]:
    """Give everything as plain data."""
    return {
        "environment": environment(),
        "measured": measured,
        "goals": [
            {
                "data": data,
                "name": figure.name,
                "least": figure.least,
                "most": figure.most,
                "found": _mean(measured[data].get(DEFAULT, ()), figure),
                "linear": _mean(measured[data].get(LINEAR, ()), figure),
                "met": _met(measured[data], figure),
            }
            for data in measured
            for figure in FIGURES[data]
            if figure.has_goal
        ],
    }


def _lines(measured: Measured) -> Iterator[str]:
    for data, by_model in measured.items():
        columns = _COLUMNS_OF_HEADS if data in {HEAD, HEAD_HELD} else _COLUMNS
        heads = [
            f"{words} ({len(by_model[name])})" if name in by_model else ""
            for name, words in columns.items()
        ]
        yield _row(data, heads, "goal")
        for figure in FIGURES[data]:
            cells = [_cell(_mean(by_model.get(name, ()), figure)) for name in columns]
            yield _row(f"  {figure.words}", cells, _judged(by_model, figure))
        yield ""
    yield "In brackets: seeds, whose mean is shown. Goals are those of the default recipe."


def _judged(by_model: Mapping[str, Sequence[Numbers]], figure: Figure) -> str:
    met = _met(by_model, figure)
    return "" if met is None else f"{figure}: {'met' if met else 'NOT MET'}"


def _met(by_model: Mapping[str, Sequence[Numbers]], figure: Figure) -> bool | None:
    """Tell whether the default recipe reaches a goal; None without one, or if it was not run."""
    found = _mean(by_model.get(DEFAULT, ()), figure)
    return figure.is_met(found) if figure.has_goal and found is not None else None


def _mean(seeds: Sequence[Numbers], figure: Figure) -> float | None:
    return round(mean(numbers[figure.name] for numbers in seeds), 4) if seeds else None


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".removesuffix(".000")


def _row(label: str, cells: Sequence[str], goal: str) -> str:
    return f"{label:{_LABEL}}" + "".join(f"{cell:>{_CELL}}" for cell in cells) + f"   {goal}"
