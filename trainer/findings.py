"""What a training run found, and what that means in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.budgets import Point
from trainer.code_map import CodeMap
from trainer.doubts import (
    FAR_SPREADS,
    doubts_of_giveaways,
    doubts_of_one_sensor,
    doubts_of_pace,
    what_not_to_believe,
)
from trainer.drift import Drift
from trainer.evaluation import Evaluation
from trainer.explained import Explained
from trainer.feed_quality import FeedQuality
from trainer.found import Timeliness, timeliness
from trainer.giveaways import Giveaway
from trainer.head_findings import HeadFindings
from trainer.measures import Measures, measure
from trainer.nearly_found import found_by_a_larger_budget, found_sooner
from trainer.plain_words import (
    counted,
    minute,
    model_in_words,
    threshold_in_words,
    what_it_showed,
)
from trainer.thinning import Histogram, Peaks, histogram, peaks


@dataclass(frozen=True, eq=False)
class Findings:
    """What the report of a training run shows.

    Parameters
    ----------
    machine, bundle_id : str
    sensors : tuple of str
    n_rows : int
        Of the whole recording.
    n_training_rows : int
        Normal rows trained on.
    still : tuple of str
        Sensors that never changed in them.
    n_kept_back : int
        Rows kept back; 0 where all rows trained.
    network : mapping
        Kind and sizes.
    losses : mapping of str to float array
        Loss of every step of every fit; empty without a network.
    training_times : datetime64 array, shape (n_training_rows,)
        Rising.
    scored : slice
        Of the rows trained on, those with a score out of sample: all, or those that validated
        a plain model.
    training_scores : float64 array
        Of these rows.
    default_limit : float
        The default threshold, before it follows any drift.
    is_fixed : bool
        Whether it never does.
    evaluation : Evaluation or None
        None where no row was kept back, or none of them could be scored.
    points : tuple of Point
        What several budgets brought on the rows kept back.
    head : HeadFindings or None
    explained : Explained or None
        None where no row was kept back, or none of them could be scored.
    codes : CodeMap or None
        None without a network.
    of_labels : tuple of str
        What to doubt about the label.
    giveaways : tuple of Giveaway
        Sensors that seem to know the outcome.
    drift : Drift
    quality : FeedQuality
    notes : tuple of str
        What was odd about the recording.
    seconds : mapping of str to float
        What each step took.
    """

    machine: str
    bundle_id: str
    sensors: tuple[str, ...]
    n_rows: int
    n_training_rows: int
    still: tuple[str, ...]
    n_kept_back: int
    network: Mapping[str, Any]
    losses: Mapping[str, NDArray[np.floating[Any]]]
    training_times: NDArray[np.datetime64]
    scored: slice
    training_scores: NDArray[np.float64]
    default_limit: float
    is_fixed: bool
    evaluation: Evaluation | None
    points: tuple[Point, ...]
    head: HeadFindings | None
    explained: Explained | None
    codes: CodeMap | None
    of_labels: tuple[str, ...]
    giveaways: tuple[Giveaway, ...]
    drift: Drift
    quality: FeedQuality
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    @cached_property
    def measures(self) -> Measures | None:
        """What the rows kept back measure; None where none was scored."""
        return None if self.evaluation is None else measure(self.evaluation)

    @cached_property
    def timeliness(self) -> Timeliness | None:
        """How soon things were found; None where there was nothing to find, or no labels."""
        return None if self.evaluation is None else timeliness(self.evaluation)

    @property
    def training_span(self) -> tuple[datetime, datetime]:
        """First and last row trained on."""
        first, last = self.training_times[[0, -1]].tolist()
        return first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)

    @cached_property
    def training_peaks(self) -> Peaks:
        """The highest training scores over time, with the default threshold."""
        times, scores = self.training_times[self.scored], self.training_scores
        return peaks(times, scores, np.full(len(times), self.default_limit), within=times)

    @cached_property
    def histogram(self) -> Histogram:
        """How the scores are spread: ``training``, and ``normal`` and ``positive`` kept back."""
        classes = {"training": self.training_scores}
        if self.evaluation is not None:
            positives = self.evaluation.positives
            classes["normal"] = self.evaluation.scores[~positives]
            classes["positive"] = self.evaluation.scores[positives]
        return histogram({name: scores for name, scores in classes.items() if len(scores)})

    @property
    def class_names(self) -> dict[str, str]:
        """What people call the classes of the histogram."""
        normal, positive = ("", "") if self.measures is None else self.measures.class_names
        training = "rows that validated" if self.is_plain else "training rows"
        return {"training": training, "normal": normal, "positive": positive}

    @property
    def share_over(self) -> float:
        """Share of the training rows over the default threshold."""
        return float((self.training_scores > self.default_limit).mean())

    @property
    def is_plain(self) -> bool:
        """Whether the model is one as it was published."""
        return "plain" in self.network

    @property
    def measure_of_score(self) -> str:
        """What a score is made of."""
        has_network = self.network.get("kind") in ("dense", "lstm")
        return "reconstruction error" if has_network else "Mahalanobis distance"

    @property
    def trained(self) -> tuple[str, ...]:
        """What was trained on what."""
        first, last = self.training_span
        return (
            f"{self.machine}: {model_in_words(self.network)} was trained on "
            f"{counted(self.n_training_rows, 'normal row')} of "
            f"{counted(len(self.sensors), 'sensor')}, {minute(first)} to {minute(last)} UTC "
            f"(the recording has {counted(self.n_rows, 'row')}).",
            threshold_in_words(self.default_limit, is_fixed=self.is_fixed, is_plain=self.is_plain),
        )

    @property
    def showed(self) -> tuple[str, ...]:
        """What the rows kept back showed."""
        if self.measures is not None:
            return (*what_it_showed(self.measures, is_fixed=self.is_fixed), *self._nearly_found)
        if not self.n_kept_back:
            return ("No row was kept back, so nothing shows how the model does on new rows.",)
        return ("None of the rows kept back could be scored, so they show nothing.",)

    @property
    def _nearly_found(self) -> tuple[str, ...]:
        if self.evaluation is None or self.timeliness is None:
            return ()
        sooner = found_sooner(self.timeliness, self.evaluation)
        # A fixed threshold keeps to no budget.
        points = () if self.is_fixed else self.points
        return (*sooner, *found_by_a_larger_budget(points, self.evaluation))

    @property
    def of_head(self) -> tuple[str, ...]:
        """What the head showed; nothing without one."""
        return () if self.head is None else self.head.words

    @property
    def cautions(self) -> tuple[str, ...]:
        """What not to believe."""
        of_head = () if self.head is None else self.head.doubts
        doubts = what_not_to_believe(
            self.measures,
            training_share_over=self.share_over,
            n_drawn=self.quality.n_drawn,
            wandered=self.drift.farther_than(FAR_SPREADS),
        )
        of_pace = doubts_of_pace(
            trained=self.training_times,
            kept_back=None if self.evaluation is None else self.evaluation.times,
            cadence=self.quality.cadence,
        )
        of_giveaways = doubts_of_giveaways(self.giveaways)
        first = (*self.of_labels, *of_giveaways, *of_pace)
        return (*first, *of_head, *self._of_one_sensor, *doubts)

    @property
    def _of_one_sensor(self) -> tuple[str, ...]:
        # Of a single one, all of it: that says nothing, and nobody can leave it out.
        is_single = len(self.drift.sensors) == 1
        if is_single or self.explained is None or self.explained.over is None:
            return ()
        return tuple(doubts_of_one_sensor(self.explained.over, self.sensors, still=self.still))

    @property
    def summary(self) -> tuple[str, ...]:
        """All of that, a sentence or a few each."""
        return (*self.trained, *self.showed, *self.of_head, *self.cautions)
