"""What was trained, and what the rows kept back showed of it, in plain words."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from trainer.evaluation import Evaluation
from trainer.found import Found
from trainer.measures import Measures

CHANCE_AUC = 0.5
"""Area under the ROC curve of a score that knows nothing."""


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


def a_day(rate: float) -> str:
    """Say how many a day: to a tenth, less than one in two digits.

    >>> a_day(0.0694), a_day(0.9), a_day(0.99712), a_day(12.34), a_day(0.0)
    ('0.069', '0.9', '1.0', '12.3', '0.0')
    """
    return f"{rate:.1f}" if round(rate, 1) >= 1 or not rate else f"{float(f'{rate:.2g}'):g}"


def luck_in_words(found: Found, noun: str, plural: str = "") -> str:
    """Say how easily chance finds as much.

    >>> luck_in_words(Found(1, 7, 0.022), "outcome")
    'as many alerts at random times would find 1 or more of 7 outcomes with a probability of 14 %'
    >>> luck_in_words(Found(0, 7, 0.022), "outcome")
    'they found none of 7 outcomes'
    """
    to_find = counted(found.n_to_find, noun, plural)
    if not found.n_found:
        return f"they found none of {to_find}"
    at_least = f"{found.n_found}{' or more' if found.n_found < found.n_to_find else ''}"
    return (
        f"as many alerts at random times would find {at_least} of {to_find} with a probability of "
        f"{percent(found.by_luck)}"
    )


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
        return (
            f"{over} {limit:.4g}, which was chosen without the rows kept back, and never changes, "
            "however the machine drifts."
        )
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


def what_it_showed(measures: Measures, *, is_fixed: bool) -> Iterator[str]:
    """Say what the alerts on the rows kept back were worth, always beside chance."""
    evaluation = measures.evaluation
    span, n_raises, n_false = evaluation.span, len(evaluation.alerts), evaluation.n_false
    noun = "alert" if evaluation.n_distinct == n_raises else "raise"
    yield (
        f"{counted(len(evaluation.scores), 'row')} that training never saw "
        f"({lasting(evaluation.running)} of readings, {minute(span[0])} to {minute(span[1])} UTC) "
        "went through the code that runs live. They raised "
        f"{alerts_in_words(evaluation) or 'no alert'}; an alert was open during "
        f"{percent(evaluation.card.alarm_share)} of the time with readings."
    )
    if evaluation.n_distinct < n_raises:
        yield (
            f"One that returns within {lasting(evaluation.cooldown)} is the same alert, and counts "
            "again because it calls again."
        )
    asked = f"{asked_in_words(evaluation.asked_per_day)}."
    if is_fixed:
        asked = "the fixed threshold keeps to no budget."
    if n_false is None or not n_raises:
        yield f"That is {a_day(evaluation.per_day)} {noun}s a day; {asked}"
    else:
        why = f"no outcome followed within {lasting(evaluation.card.horizon)}"
        if evaluation.label_kind == "rows":
            why = "raised on rows that are not labelled anomalous"
        yield (
            f"{n_false:,} of {counted(n_raises, noun)} {_were(n_false)} false ({why}), "
            f"{a_day(evaluation.per_day)} a day; {asked}{undecided_in_words(evaluation)}"
        )
    yield from _recall(measures)


def alerts_in_words(evaluation: Evaluation) -> str:
    """Say how many alerts were raised, and how often if some returned; nothing without one."""
    n_alerts, n_raises = evaluation.n_distinct, len(evaluation.alerts)
    if not n_raises:
        return ""
    if n_alerts == n_raises:
        return counted(n_alerts, "alert")
    return f"{counted(n_alerts, 'alert')}, {n_raises:,} times with returns"


def asked_in_words(per_day: float) -> str:
    """Say how many false alerts were asked for.

    >>> asked_in_words(1.0), asked_in_words(0.5)
    ('1 false one a day was asked for', '0.5 false ones a day were asked for')
    """
    ones = "one a day was" if per_day == 1 else "ones a day were"
    return f"{per_day:g} false {ones} asked for"


def undecided_in_words(evaluation: Evaluation) -> str:
    """Say, as a further sentence, how many alerts are neither false nor right."""
    n_alerts = evaluation.n_undecided
    if not n_alerts:
        return ""
    of_which = "it" if n_alerts == 1 else "them"
    return (
        f" Of {n_alerts:,} more nobody knows: the rows end within "
        f"{lasting(evaluation.card.horizon)} of {of_which}."
    )


def raised_in_words(evaluation: Evaluation, threshold: str) -> Iterator[str]:
    """Say that a threshold kept to its budget by rising far, if it did."""
    if evaluation.share_raised:
        yield (
            f"{threshold} rose far, from {evaluation.thresholds[0]:.2f} to "
            f"{evaluation.thresholds.max():.2f} at most: in {percent(evaluation.share_raised)} of "
            f"the rows kept back it was over {evaluation.thresholds[0] + evaluation.unit:.2f}. "
            "There, few alerts do not mean that all was normal."
        )


def warned_in_words(measures: Measures) -> Iterator[str]:
    """Say how many outcomes were warned of within the rule's horizon, and how far ahead."""
    card = measures.evaluation.card
    if card.recall is None or measures.recall_interval is None:
        return
    low, high = map(percent, measures.recall_interval)
    yield (
        f"{len(card.leads)} of {counted(card.n_outcomes, 'outcome')} {_were(len(card.leads))} "
        f"warned of, at most {lasting(card.horizon)} ahead: a recall of {percent(card.recall)} "
        f"(95 % interval {low} to {high}). As many alerts at random times would reach "
        f"{percent(card.recall_by_chance)}."
    )
    if card.median_lead is not None:
        yield f"The median warning came {lasting(card.median_lead)} ahead."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _recall(measures: Measures) -> Iterator[str]:
    confusion, warned = measures.confusion, tuple(warned_in_words(measures))
    yield from warned
    if not warned and confusion is not None and confusion.recall is not None:
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
