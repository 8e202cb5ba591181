"""What is known of a fitted head: how it did on rows it had not seen, in words and numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.ledger import Fate, close_alerts
from trainer.budgets import Point
from trainer.evaluation import Evaluation
from trainer.measures import Curves, Measures, curves, measure
from trainer.plain_words import CHANCE_AUC, counted, lasting, percent

if TYPE_CHECKING:
    from trainer.head import FittedHead

_FOLLOWED_WITHIN = tuple(timedelta(minutes=minutes) for minutes in (4, 10, 30, 60))


class Followed(NamedTuple):
    """Alerts that an outcome followed within a span, beside moments drawn at random.

    Parameters
    ----------
    within : timedelta
    n_followed, n_alerts : int
        Of the alerts of which that is known.
    base_rate : float
        Share of the scored rows that an outcome followed as soon.
    """

    within: timedelta
    n_followed: int
    n_alerts: int
    base_rate: float


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
    def followed(self) -> tuple[Followed, ...]:
        """What came of the alerts on the rows kept back, for several spans."""
        if self.evaluation is None:
            return ()
        return tuple(followed(self.evaluation, within=within) for within in _FOLLOWED_WITHIN)

    @property
    def words(self) -> tuple[str, ...]:
        """What it showed, a sentence or a few each."""
        return tuple(self._words())

    @property
    def doubts(self) -> tuple[str, ...]:
        """Where the rows kept back do not show that it is worth anything."""
        return () if self.measures is None else tuple(_doubts(self.measures))

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
        if self.evaluation is None:
            return
        evaluation = self.evaluation
        n_alerts = len(evaluation.alerts)
        yield (
            f"On the rows kept back it raised {counted(n_alerts, 'alert') if n_alerts else 'none'}"
            f", {evaluation.per_day:.1f} false ones a day; {evaluation.asked_per_day:g} were asked "
            f"for. One is false when no outcome follows within {lasting(evaluation.card.horizon)}."
        )
        for one in self.followed:
            if one.n_alerts:
                yield (
                    f"{one.n_followed} of {one.n_alerts} were followed by an outcome within "
                    f"{lasting(one.within)} ({percent(one.n_followed / one.n_alerts)}; of moments "
                    f"drawn at random {percent(one.base_rate)})."
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
                "false_per_day": round(evaluation.per_day, 6),
                "asked_per_day": evaluation.asked_per_day,
                "recall": evaluation.card.recall,
                "recall_by_chance": round(evaluation.card.recall_by_chance, 6),
                "share_of_time": round(evaluation.card.alarm_share, 6),
                "followed": [
                    {
                        "within_seconds": one.within.total_seconds(),
                        "alerts": one.n_alerts,
                        "followed": one.n_followed,
                        "base_rate": round(one.base_rate, 6),
                    }
                    for one in self.followed
                ],
            },
        }


def _doubts(measures: Measures) -> Iterator[str]:
    card, interval = measures.evaluation.card, measures.recall_interval
    if interval is not None and card.recall_by_chance >= interval[0]:
        yield (
            "It is not shown that the alerts of the head do better than chance: their recall may "
            f"really be as low as {percent(interval[0])}, and random alerts of its kind reach "
            f"{percent(card.recall_by_chance)}."
        )
    if measures.curves is not None and measures.curves.auc <= CHANCE_AUC:
        yield (
            "On the rows kept back the head does not tell rows before an outcome from others: it "
            f"is higher for the former in {percent(measures.curves.auc)} of all pairs, and 50 % is "
            "chance. What it showed on earlier folds did not last."
        )


def followed(evaluation: Evaluation, *, within: timedelta) -> Followed:
    """Count the alerts that an outcome followed within a span."""
    raised = [(alert.raised, alert.cleared) for alert in evaluation.alerts]
    closed = close_alerts(
        raised,
        evaluation.outcomes,
        horizon=within,
        end=evaluation.span[1],
        stood_still=evaluation.stood_still,
    )
    known = [alert for alert in closed if alert.fate is not Fate.UNLABELLED]
    outcomes = np.array([one.replace(tzinfo=None) for one in evaluation.outcomes], "datetime64[us]")
    following = np.searchsorted(outcomes, evaluation.times, side="right")
    some = following < len(outcomes)
    leads = outcomes[following[some]] - evaluation.times[some]
    n_near = int((leads <= np.timedelta64(within)).sum())
    return Followed(
        within=within,
        n_followed=sum(alert.fate is Fate.EARLY for alert in known),
        n_alerts=len(known),
        base_rate=n_near / len(evaluation.times),
    )
