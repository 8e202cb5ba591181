"""What the rows kept back showed, and what not to believe of it, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from trainer.measures import Measures

_FEW_OUTCOMES = 30
_SHORT_DAYS = 2.0
_OFTEN_IN_ALARM = 0.2
_FAR_OVER_BUDGET = 1.5
_MANY_OVER = 0.1
_MOST_NAMED = 5

CHANCE_AUC = 0.5
"""Area under the ROC curve of a score that knows nothing."""

FAR_SPREADS = 3.0
"""Training spreads that a sensor's median is away from where it was, to be far."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Say how many; the plural of most nouns has an s.

    >>> counted(1, "alert"), counted(3300, "row"), counted(2, "stretch", "stretches")
    ('1 alert', '3,300 rows', '2 stretches')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Say a share in two digits.

    >>> percent(0.01634), percent(0.222), percent(1.0)
    ('1.6 %', '22 %', '100 %')
    """
    return f"{float(f'{100 * share:.2g}'):g} %"


def minute(time: datetime) -> str:
    """Say a time to the minute."""
    return f"{time:%Y-%m-%d %H:%M}"


def lasting(span: timedelta) -> str:
    """Say a span of time in the unit that suits it.

    >>> lasting(timedelta(minutes=4)), lasting(timedelta(days=3))
    ('4 min', '3 days')
    """
    seconds = span.total_seconds()
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def model_in_words(network: Mapping[str, Any]) -> str:
    """Say which model, by kind and sizes.

    >>> model_in_words({"kind": "lstm", "layers": [32], "code": 16})
    'an LSTM autoencoder (32-16-32 units) beside a linear model'
    """
    kind = network.get("kind")
    if kind not in ("dense", "lstm"):
        return "a linear model (Mahalanobis distance, no network)"
    back = network.get("decoder", network["layers"][::-1])
    sizes = "-".join(map(str, (*network["layers"], network["code"], *back)))
    what = "an LSTM" if kind == "lstm" else "a dense"
    if "variational" in network:
        what = "a variational"
    elif {"noise", "dropout"} & network.keys():
        what = "a denoising"
    if "plain" in network:
        return f"{what} autoencoder ({sizes} units) as published, alone"
    return f"{what} autoencoder ({sizes} units) beside a linear model"


def threshold_in_words(limit: float, *, is_fixed: bool, is_plain: bool) -> str:
    """Say what the default threshold is, and where it comes from."""
    over = "A row is anomalous when its score is over"
    if is_fixed:
        return f"{over} {limit:.4g}, which never changes, however the machine drifts."
    measured = "the training rows that validated" if is_plain else "the training rows"
    return (
        f"{over} the threshold, {limit:.2f} to begin with: on {measured}, each scored by a model "
        "that had not seen it, that kept to the budget of alerts. Live, the threshold follows "
        "the machine's drift."
    )


def fit_in_words(name: str) -> str:
    """Say which rows a fit of the network learns from, by its name.

    >>> [fit_in_words(name) for name in ("block-1-of-3", "final", "validation")]
    ['all but block 1 of 3', 'all rows', 'rows that validate']
    """
    if name in ("training", "validation"):
        return f"rows that {'train' if name == 'training' else 'validate'}"
    return "all rows" if name == "final" else f"all but {name.replace('-', ' ')}"


def what_it_showed(measures: Measures) -> Iterator[str]:
    """Say what the alerts on the rows kept back were worth, always beside chance."""
    evaluation = measures.evaluation
    span, n_alerts, n_false = evaluation.span, len(evaluation.alerts), evaluation.n_false
    yield (
        f"{counted(len(evaluation.scores), 'row')} that training never saw "
        f"({lasting(evaluation.running)} of readings, {minute(span[0])} to {minute(span[1])} UTC) "
        "went through the code that runs live. They raised "
        f"{counted(n_alerts, 'alert') if n_alerts else 'no alert'}; an alert was open during "
        f"{percent(evaluation.card.alarm_share)} of the time that the machine ran."
    )
    asked = f"{evaluation.asked_per_day:g} false ones a day were asked for."
    if n_false is None or not n_alerts:
        yield f"That is {evaluation.per_day:.1f} alerts a day; {asked}"
    else:
        why = f"no outcome followed within {lasting(evaluation.card.horizon)}"
        if evaluation.label_kind == "rows":
            why = "raised on rows that are not labelled anomalous"
        yield (
            f"{n_false:,} of {counted(n_alerts, 'alert')} {_were(n_false)} false ({why}), "
            f"{evaluation.per_day:.1f} a day; {asked}"
        )
    yield from _recall(measures)


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
                "copies of each other. The threshold of the best F1 was chosen on the rows that it "
                "judges: it is not to be believed."
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


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _recall(measures: Measures) -> Iterator[str]:
    card, confusion = measures.evaluation.card, measures.confusion
    if card.recall is not None and measures.recall_interval is not None:
        low, high = measures.recall_interval
        yield (
            f"{len(card.leads)} of {counted(card.n_outcomes, 'outcome')} "
            f"{_were(len(card.leads))} warned of: a recall "
            f"of {percent(card.recall)} (95 % interval {percent(low)} to {percent(high)}). "
            f"As many alerts at random times would reach {percent(card.recall_by_chance)}."
        )
        if card.median_lead is not None:
            yield f"The median warning came {lasting(card.median_lead)} ahead."
    elif confusion is not None and confusion.recall is not None:
        n_positives = confusion.true_positives + confusion.false_negatives
        n_normal = confusion.true_negatives + confusion.false_positives
        yield (
            f"{confusion.true_positives:,} of {counted(n_positives, 'anomalous row')} were over "
            f"the threshold: a recall of {percent(confusion.recall)}. So were "
            f"{confusion.false_positives:,} of {counted(n_normal, 'normal row')}: as many rows "
            f"drawn at random would reach {percent(confusion.share_over)}."
        )
    if measures.evaluation.label_kind == "rows" and measures.found.n_to_find:
        found, (low, high) = measures.found, measures.found.interval
        yield (
            f"An alert was raised in {found.n_found} of "
            f"{counted(found.n_to_find, 'labelled stretch', 'labelled stretches')}: "
            f"{percent(found.share)} (95 % interval {percent(low)} to {percent(high)}). As many "
            f"alerts at random times would find {percent(found.by_chance)}."
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
    if not card.readings_ahead:
        yield (
            f"The recall says nothing: with a reading every {lasting(card.cadence)} no alert can "
            f"come at most {lasting(card.horizon)} ahead. Set the rule's horizon_seconds to "
            f"{card.cadence.total_seconds():g} or more."
        )
        return
    low, high = interval
    if card.recall_by_chance >= low:
        yield (
            "It is not shown that the alerts do better than chance: the recall may really be as "
            f"low as {percent(low)}, and random alerts reach {percent(card.recall_by_chance)}."
        )
    if card.n_outcomes < _FEW_OUTCOMES:
        yield (
            f"With {counted(card.n_outcomes, 'outcome')} the true recall may be anything from "
            f"{percent(low)} to {percent(high)}. Between two models, a difference of fewer "
            "than 3 outcomes is noise."
        )


def _doubts_of_rows(measures: Measures) -> Iterator[str]:
    """Doubt a recall of labelled rows: rows in a stretch are one case, not many."""
    confusion, curves, interval = (
        measures.confusion,
        measures.curves,
        measures.interval_of_rows,
    )
    if confusion is None or interval is None:
        return
    low, _ = interval
    if confusion.share_over >= low:
        yield (
            "Row by row it is not shown that the threshold does better than chance: these are "
            f"{counted(measures.n_stretches, 'stretch', 'stretches')}, so the recall may really "
            f"be as low as {percent(low)}, and rows drawn at random reach "
            f"{percent(confusion.share_over)}."
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
    if evaluation.days < _SHORT_DAYS:
        yield f"{lasting(evaluation.running)} are short: alerts per day are a rough guess."
