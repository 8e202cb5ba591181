"""What a training run means, in plain words: what it showed, and what not to believe."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from trainer.evaluation import Evaluation
from trainer.measures import Measures, has_row_labels, wilson_interval

_FEW_OUTCOMES = 30
_SHORT_DAYS = 2.0
_OFTEN_IN_ALARM = 0.2
_FAR_OVER_BUDGET = 1.5


def counted(number: int, noun: str) -> str:
    """Say how many.

    >>> counted(1, "alert"), counted(3300, "row")
    ('1 alert', '3,300 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
    ('4 min', '72 h')
    """
    seconds = span.total_seconds()
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def in_words(network: Mapping[str, Any]) -> str:
    kind = network.get("kind")
    if kind not in ("dense", "lstm"):
        return "a linear model (Mahalanobis distance, no network)"
    sizes = "-".join(map(str, (*network["layers"], network["code"], *network["layers"][::-1])))
    what = "an LSTM" if kind == "lstm" else "a dense"
    return f"{what} autoencoder of {sizes} units, beside a linear model,"


def _showed(findings: Findings) -> Iterator[str]:
    evaluation, measures = findings.evaluation, findings.measures
    if evaluation is None or measures is None or findings.holdout_span is None:
        if findings.holdout_span is None:
            yield "No row was kept back, so nothing shows how the model does on rows it never saw."
        else:
            yield "None of the rows kept back could be scored, so they show nothing."
        return
    first, last = findings.holdout_span
    card, n_alerts = evaluation.card, len(measures.alerts)
    yield (
        f"{counted(len(evaluation.scores), 'row')} kept back from training, {minute(first)} to "
        f"{minute(last)} UTC ({evaluation.days:.1f} days of readings), went through the code "
        f"that runs live. It raised {counted(n_alerts, 'alert')}, and one was open during "
        f"{percent(card.alarm_share)} of the time."
    )
    false_per_day = measures.n_false / evaluation.days
    if not evaluation.labelled:
        yield (
            f"That is {n_alerts / evaluation.days:.1f} alerts a day; the threshold was asked to "
            f"keep to {evaluation.asked_per_day:g} false ones a day."
        )
        return
    why = f"no outcome followed within {lasting(card.horizon)}"
    if has_row_labels(evaluation):
        why = "raised on rows that are not labelled anomalous"
    yield (
        f"{measures.n_false:,} of {counted(n_alerts, 'alert')} were false: {why}. That is "
        f"{false_per_day:.1f} a day; {evaluation.asked_per_day:g} a day were asked for."
    )
    yield from _recall(evaluation, measures)


def _recall(evaluation: Evaluation, measures: Measures) -> Iterator[str]:
    card = evaluation.card
    if card.n_outcomes:
        low, high = wilson_interval(len(card.leads), card.n_outcomes)
        yield (
            f"{len(card.leads)} of {counted(card.n_outcomes, 'outcome')} were warned of: a recall "
            f"of {percent(card.recall or 0.0)} (95 % interval {percent(low)} to {percent(high)}). "
            f"As many alerts at random times would reach {percent(card.recall_by_chance)}."
        )
        if card.median_lead is not None:
            yield f"The middle warning came {lasting(card.median_lead)} ahead."
    elif measures.confusion is not None and measures.confusion.recall is not None:
        confusion = measures.confusion
        n_positives = confusion.true_positives + confusion.false_negatives
        yield (
            f"{confusion.true_positives:,} of {counted(n_positives, 'anomalous row')} were over "
            f"the threshold: a recall of {percent(measures.confusion.recall)}. As many rows "
            f"drawn at random would reach {percent(confusion.share_over)}."
        )


def _cautions(findings: Findings) -> Iterator[str]:
    evaluation, measures = findings.evaluation, findings.measures
    if evaluation is not None and measures is not None:
        yield from _recall_cautions(evaluation)
        yield from _alert_cautions(evaluation, measures)
        if measures.curves is not None:
            yield (
                "Figures that count rows (ROC, precision) flatter: neighbouring rows are near "
                "copies of each other. The threshold of the best F1 was found in hindsight."
            )
    yield (
        "Nothing here tells of what is not in the recording: another grade, another season, "
        "a sensor that was replaced."
    )


def _recall_cautions(evaluation: Evaluation) -> Iterator[str]:
    card = evaluation.card
    if not evaluation.labelled:
        yield (
            "The recall is unknown: without labels nobody can say which alerts were right, "
            "and what was missed."
        )
    elif not card.n_outcomes and not evaluation.positives.any():
        yield "The recall is unknown: the rows kept back hold nothing that was to be warned of."
    if not card.n_outcomes:
        return
    low, high = wilson_interval(len(card.leads), card.n_outcomes)
    if card.recall_by_chance >= low:
        yield (
            "It is not shown that the alerts do better than chance: what random alerts would "
            "reach lies within the interval of the recall, or above it."
        )
    if card.n_outcomes < _FEW_OUTCOMES:
        yield (
            f"{counted(card.n_outcomes, 'outcome')} are few: the true recall may be anything "
            f"from {percent(low)} to {percent(high)}. Between two models, a difference of "
            "fewer than 3 outcomes is noise."
        )


def _alert_cautions(evaluation: Evaluation, measures: Measures) -> Iterator[str]:
    if evaluation.card.alarm_share > _OFTEN_IN_ALARM:
        yield (
            f"An alert was open during {percent(evaluation.card.alarm_share)} of the time: "
            "whoever is nearly always in alarm is right about every outcome."
        )
    n_false = measures.n_false if evaluation.labelled else len(measures.alerts)
    if n_false / evaluation.days > _FAR_OVER_BUDGET * evaluation.asked_per_day:
        yield (
            "There were many more false alerts than asked for: the rows kept back differ from "
            "the training rows. Look at the scores over time for when that began."
        )
    if evaluation.days < _SHORT_DAYS:
        yield f"{evaluation.days:.1f} days are short: alerts a day are a rough guess."
