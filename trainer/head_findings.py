"""What is known of a fitted head: how it did on rows it had not seen, in words and numbers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.horizons import HORIZONS
from stream_detector.alerting.recorded import Fate, close_alerts
from trainer.budgets import Point
from trainer.doubts import doubts_of_perfection
from trainer.evaluation import Evaluation
from trainer.followed import Followed
from trainer.found import UNLIKELY
from trainer.measures import Curves, Measures, curves, measure
from trainer.plain_words import (
    CHANCE_AUC,
    a_day,
    alerts_in_words,
    asked_in_words,
    counted,
    lasting,
    luck_in_words,
    percent,
    raised_in_words,
    undecided_in_words,
    warned_in_words,
)

if TYPE_CHECKING:
    from trainer.head import FittedHead


@dataclass(frozen=True, eq=False)
class HeadFindings:
    """What the report of a training run shows of the head.

    Parameters
    ----------
    n_outcomes : int
        Labelled outcomes it was fitted on.
    label : timedelta
        Rows at most so long before an outcome were to be found.
    fold_positives : bool array, shape (m,)
        Whether the rows of the folds were such.
    fold_ratings : float64 array, shape (m,)
        By trees fitted on earlier rows only.
    evaluation : Evaluation or None
        The rows kept back, as the live code judged them by the head's score; None where
        none could be.
    """

    n_outcomes: int
    label: timedelta
    fold_positives: NDArray[np.bool_]
    fold_ratings: NDArray[np.float64]
    evaluation: Evaluation | None
    points: tuple[Point, ...] = ()

    @classmethod
    def of(
        cls, head: "FittedHead", evaluation: Evaluation | None, points: tuple[Point, ...]
    ) -> Self:
        """Gather what is known of a head."""
        return cls(
            n_outcomes=len(head.rows.outcomes),
            label=head.label,
            fold_positives=head.rows.positives[head.folds.numbers],
            fold_ratings=head.folds.ratings,
            evaluation=evaluation,
            points=points,
        )

    @cached_property
    def measures(self) -> Measures | None:
        """What the rows kept back measure of it; None where none was judged."""
        return None if self.evaluation is None else measure(self.evaluation)

    @cached_property
    def fold_curves(self) -> Curves | None:
        """How the trees of the folds rank their rows; None without both classes."""
        return curves(self.fold_positives, self.fold_ratings)

    @cached_property
    def fold_auc(self) -> float | None:
        """Area under the ROC curve over all folds; 0.5 is chance. None without both classes."""
        return None if self.fold_curves is None else self.fold_curves.auc

    @cached_property
    def followed(self) -> dict[timedelta, Followed]:
        """What came of the alerts on the rows kept back, for several spans."""
        if self.evaluation is None:
            return {}
        return {within: followed(self.evaluation, within=within) for within in HORIZONS}

    @property
    def words(self) -> tuple[str, ...]:
        """What it showed, a sentence or a few each."""
        return tuple(self._words())

    @property
    def doubts(self) -> tuple[str, ...]:
        """Where it is too good to be true, or not shown to be worth anything."""
        of_folds = doubts_of_perfection(
            "the head", self.fold_auc or 0.0, n_outcomes=self.n_outcomes
        )
        return (*of_folds, *([] if self.measures is None else _doubts(self.measures)))

    def _words(self) -> Iterator[str]:
        ahead = lasting(self.label)
        yield (
            f"A supervised head was fitted on {counted(self.n_outcomes, 'outcome')}: to find the "
            f"rows at most {ahead} before one."
        )
        if self.fold_auc is not None:
            yield (
                f"Trees fitted on earlier rows only tell those from the others with a ROC-AUC of "
                f"{self.fold_auc:.2f} (chance is 0.50; {percent(self.fold_positives.mean())} of "
                "the rows are such)."
            )
        if self.measures is None:
            return
        evaluation, it = self.measures.evaluation, "On the rows kept back it"
        for number, sentence in enumerate(warned_in_words(self.measures)):
            yield sentence if number else f"On the rows kept back {sentence}"
            it = "It"
        yield (
            f"{it} raised {alerts_in_words(evaluation) or 'none'}"
            f", {a_day(evaluation.per_day)} false ones a day; "
            f"{asked_in_words(evaluation.asked_per_day)}. "
            f"One is false when no outcome follows within {lasting(evaluation.card.horizon)}."
            f"{undecided_in_words(evaluation)}"
        )
        for within, one in self.followed.items():
            if one.n_alerts:
                yield (
                    f"{one.n_followed} of {one.n_alerts} were followed by an outcome within "
                    f"{lasting(within)} ({percent(one.share)}; of moments drawn at random "
                    f"{percent(one.by_chance)})."
                )
        yield (
            "It tells a machine that is unstable more than the last minutes before an outcome: "
            "take its alerts as a warning for the next half hour or hour."
        )

    @property
    def numbers(self) -> dict[str, Any]:
        """The same as plain numbers."""
        evaluation = self.evaluation
        return {
            "outcomes": self.n_outcomes,
            "label_seconds": self.label.total_seconds(),
            "walk_forward": {
                "rows": len(self.fold_positives),
                "positive": int(self.fold_positives.sum()),
                "auc": None if self.fold_auc is None else round(self.fold_auc, 6),
            },
            "holdout": None
            if evaluation is None
            else {
                "alerts": len(evaluation.alerts),
                "distinct": evaluation.n_distinct,
                "false_per_day": round(evaluation.per_day, 6),
                "asked_per_day": evaluation.asked_per_day,
                "recall": evaluation.card.recall,
                "recall_by_chance": round(evaluation.card.recall_by_chance, 6),
                "share_of_time": round(evaluation.card.alarm_share, 6),
                "followed": [
                    {
                        "within_seconds": within.total_seconds(),
                        "alerts": one.n_alerts,
                        "followed": one.n_followed,
                        "base_rate": round(one.by_chance, 6) if one.n_rows else None,
                    }
                    for within, one in self.followed.items()
                ],
            },
        }


def _doubts(measures: Measures) -> Iterator[str]:
    if measures.recall_interval is not None and measures.found.by_luck >= UNLIKELY:
        yield (
            "It is not shown that the alerts of the head do better than chance: "
            f"{luck_in_words(measures.found, 'outcome')}."
        )
    if measures.curves is not None and measures.curves.auc <= CHANCE_AUC:
        yield (
            "On the rows kept back the head does not tell rows before an outcome from others: it "
            f"is higher for the former in {percent(measures.curves.auc)} of all pairs, and 50 % is "
            "chance. What it showed on earlier folds did not last."
        )
    yield from raised_in_words(measures.evaluation, "The threshold of the head's score")


def followed(evaluation: Evaluation, *, within: timedelta) -> Followed:
    """Count the alerts that an outcome followed within a span, and the rows.

    A row is held against the outcomes as an alert is that was raised on it.
    """
    alerts = [(alert.raised, alert.cleared) for alert in evaluation.alerts]
    moments = [time.replace(tzinfo=UTC) for time in evaluation.times.tolist()]
    fates_of_alerts, fates_of_rows = (
        Counter(
            closed.fate
            for closed in close_alerts(
                raised,
                evaluation.outcomes,
                horizon=within,
                end=evaluation.span[1],
                stood_still=evaluation.stood_still,
            )
        )
        for raised in (alerts, [(moment, moment) for moment in moments])
    )
    return Followed(
        n_followed=fates_of_alerts[Fate.EARLY],
        n_alerts=fates_of_alerts.total() - fates_of_alerts[Fate.UNLABELLED],
        n_near=fates_of_rows[Fate.EARLY],
        n_rows=fates_of_rows.total() - fates_of_rows[Fate.UNLABELLED],
    )
