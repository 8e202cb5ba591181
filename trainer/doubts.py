"""What not to believe of what the rows kept back showed, in plain words."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.replay.pace import OtherPace, other_paces
from stream_detector.replay.recording import Recording
from trainer.explained import Over
from trainer.found import UNLIKELY
from trainer.giveaways import ENOUGH_CASES, TOO_GOOD_AUC, Giveaway
from trainer.measures import Measures
from trainer.plain_words import (
    CHANCE_AUC,
    counted,
    lasting,
    luck_in_words,
    percent,
    raised_in_words,
)

_FEW_OUTCOMES = 30
_SHORT_DAYS = 2.0
_OFTEN_IN_ALARM = 0.2
_FAR_OVER_BUDGET = 1.5
_MANY_OVER = 0.1
_MOST_NAMED = 5
_MOST_OF_A_SCORE = 0.8
_FEW_ROWS = 10
_MOST_ROWS = 0.5

FAR_SPREADS = 3.0
"""Training spreads that a sensor's median is away from where it was, to be far."""


def what_not_to_believe(
    measures: Measures | None,
    *,
    training_share_over: float,
    n_drawn: int = 0,
    wandered: Sequence[str] = (),
) -> Iterator[str]:
    """Say where the figures are weak, or tell nothing.

    ``n_drawn`` sensors were drawn between readings; those that ``wandered`` stand, in the rows
    kept back, far from where they trained.
    """
    if training_share_over > _MANY_OVER:
        yield (
            f"{percent(training_share_over)} of the training rows are over the default threshold. "
            "Their alerts are few because each is long: the budget counts alerts, not their time."
        )
    if measures is not None:
        yield from _doubts_of_recall(measures)
        yield from _doubts_of_alerts(measures)
        if measures.curves is not None:
            yield (
                "Figures that count rows (ROC, precision) flatter: neighbouring rows are near "
                "copies of each other. The best F1 that the curves mark is at a threshold chosen "
                "on the rows that it judges: it is not to be believed. It is not the one in force."
            )
    if n_drawn:
        yield (
            f"{counted(n_drawn, 'sensor')} {'lies' if n_drawn == 1 else 'lie'} on exactly straight "
            "lines in a tenth or more of the rows, as if drawn between two readings. Such a value "
            "tells of a later one, so live the figures may be worse."
        )
    if wandered:
        yield (
            f"In the rows kept back {', '.join(wandered[:_MOST_NAMED])}"
            + (f" and {len(wandered) - _MOST_NAMED} more" if len(wandered) > _MOST_NAMED else "")
            + f" stood more than {FAR_SPREADS:g} spreads from where they trained: the model may be "
            "asked about a machine that it has not seen."
        )
    yield (
        "Nothing here tells of what the recording does not hold: another grade, another season, "
        "a sensor that was replaced."
    )


def doubts_of_pace(
    *,
    trained: NDArray[np.datetime64],
    kept_back: NDArray[np.datetime64] | None,
    cadence: timedelta,
) -> Iterator[str]:
    """Say which rows came at another pace than the model's; given are the times of the rows."""
    for one in other_paces(trained, cadence):
        yield (
            f"{_at_another_pace('rows that train', one, cadence)} The model learnt from them "
            + (
                "as if each began a run: nothing of what goes on from reading to reading."
                if one.is_slow
                else "what goes on from reading to reading as if it were that of its own pace."
            )
        )
    for one in () if kept_back is None else other_paces(kept_back, cadence):
        yield (
            f"{_at_another_pace('rows kept back', one, cadence)} "
            + (
                "Each was judged as a run of its own, which raises no alert"
                if one.is_slow
                else "They were judged as if they came at the pace of the model"
            )
            + ": believe no figure of theirs. Bring all rows at one pace."
        )


def _at_another_pace(rows: str, one: OtherPace, cadence: timedelta) -> str:
    return (
        f"{one.n_rows:,} of the {rows} came every {lasting(one.step)}, and the model is of one "
        f"every {lasting(cadence)}."
    )


def doubts_of_labels(recording: Recording) -> Iterator[str]:
    """Doubt a label that most rows have: it may mark the normal ones."""
    if recording.labels is None or (share := recording.labels.mean()) <= _MOST_ROWS:
        return
    of_events = recording.label_kind == "event"
    marked = "the event to warn of" if of_events else "an anomalous row"
    yield (
        f"{percent(share)} of all rows are labelled, so the label may be the wrong way round: a 1 "
        f"marks {marked}. If here it marks a normal row, believe no figure: swap 0 and 1, and "
        "begin anew."
    )


def doubts_of_giveaways(found: Sequence[Giveaway]) -> Iterator[str]:
    """Name the sensors that by themselves tell the rows to be warned at from the others."""
    if not found:
        return
    named = [f"{one.sensor} ({percent(one.auc)} of all pairs)" for one in found[:_MOST_NAMED]]
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    yield (
        "One sensor by itself tells the rows to be warned at from the others: "
        f"{', '.join(named)}{more}. If it is written when the outcome is known, believe no figure "
        "here: --exclude it, and train again."
    )


def doubts_of_perfection(whose: str, auc: float, *, n_outcomes: int) -> Iterator[str]:
    """Doubt a ROC-AUC of rows before outcomes that no honest sensor gives."""
    if auc > TOO_GOOD_AUC and n_outcomes >= ENOUGH_CASES:
        yield (
            f"The ROC-AUC of {whose}, {auc:.2f}, is too good to be true: look for a sensor that "
            "is written when the outcome is known, and --exclude it."
        )


def doubts_of_one_sensor(
    over: Over, sensors: Sequence[str], *, still: Sequence[str]
) -> Iterator[str]:
    """Say which sensor holds most of what is over the threshold, and whether it ever moved."""
    most = int(over.shares.argmax())
    if over.n_rows < _FEW_ROWS or over.shares[most] < _MOST_OF_A_SCORE:
        return
    yield (
        f"One sensor, {sensors[most]}, holds {percent(over.shares[most])} of the scores over the "
        f"threshold ({counted(over.n_rows, 'row')} kept back)"
        + (", and it stood still in all rows that train" if sensors[most] in still else "")
        + ": they tell of it alone. If it was merely used, --exclude it, or train on rows in "
        "which it was."
    )


def _doubts_of_recall(measures: Measures) -> Iterator[str]:
    card, interval = measures.evaluation.card, measures.recall_interval
    if measures.evaluation.label_kind is None:
        yield (
            "The recall is unknown: without labels nobody can say which alerts were right and "
            "what was missed."
        )
    elif interval is None and not measures.evaluation.positives.any():
        yield "The recall is unknown: the rows kept back hold nothing that was to be warned of."
    if interval is None:
        yield from _doubts_of_rows(measures)
        return
    if measures.curves is not None:
        auc = measures.curves.auc
        yield from doubts_of_perfection("the model", auc, n_outcomes=card.n_outcomes)
    if not card.readings_ahead:
        yield (
            f"The recall says nothing: with a reading every {lasting(card.cadence)} no alert can "
            f"come at most {lasting(card.horizon)} ahead. Set the rule's horizon_seconds to "
            f"{card.cadence.total_seconds():g} or more."
        )
        return
    low, high = interval
    if measures.found.by_luck >= UNLIKELY:
        yield (
            "It is not shown that the alerts do better than chance: "
            f"{luck_in_words(measures.found, 'outcome')}."
        )
    if card.n_outcomes < _FEW_OUTCOMES:
        yield (
            f"With {counted(card.n_outcomes, 'outcome')} the true recall may be anything from "
            f"{percent(low)} to {percent(high)}. Between two models, a difference of fewer "
            "than 5 outcomes is noise."
        )


def _doubts_of_rows(measures: Measures) -> Iterator[str]:
    """Doubt a recall of labelled rows: rows in a stretch are one case, not many."""
    found, of_rows, curves = measures.found, measures.found_of_rows, measures.curves
    if of_rows is None:
        return
    stretches = counted(of_rows.n_to_find, "labelled stretch", "labelled stretches")
    if found.n_to_find and found.by_luck >= UNLIKELY:
        yield (
            "It is not shown that the alerts do better than chance: "
            f"{luck_in_words(found, 'labelled stretch', 'labelled stretches')}."
        )
    if of_rows.by_luck >= UNLIKELY:
        yield (
            "Row by row it is not shown that the threshold does better than chance: rows drawn at "
            f"random reach a recall of {percent(of_rows.by_chance)}, and the rows of "
            f"{stretches} are {counted(of_rows.n_to_find, 'case')}, not more: chance alone does "
            f"as well with a probability of {percent(of_rows.by_luck)}."
        )
    if curves is not None and curves.auc <= CHANCE_AUC:
        yield (
            "Row by row the score does not tell anomalous from normal: it is higher for the "
            f"anomalous one of two rows in {percent(curves.auc)} of all pairs, and 50 % is chance."
        )


def _doubts_of_alerts(measures: Measures) -> Iterator[str]:
    evaluation = measures.evaluation
    if evaluation.card.alarm_share > _OFTEN_IN_ALARM:
        yield (
            f"An alert was open during {percent(evaluation.card.alarm_share)} of the time; who is "
            "always in alarm has warned of everything."
        )
    if evaluation.per_day > _FAR_OVER_BUDGET * evaluation.asked_per_day:
        yield (
            "There were far more alerts than asked for: the rows kept back differ from the "
            "training rows. The scores over time show since when."
        )
    yield from raised_in_words(evaluation, "The threshold")
    if evaluation.days < _SHORT_DAYS:
        yield f"{lasting(evaluation.running)} are short: alerts per day are a rough guess."
