"""What was missed by little: found by alerts that came sooner, or under a larger budget."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median_low

from trainer.evaluation import Evaluation
from trainer.found import LONGEST, UNLIKELY, Found, Timeliness
from trainer.plain_words import counted, lasting, percent

CLEARLY_MORE = 3
"""Found more; a difference of fewer is noise."""


def found_sooner(found: Timeliness, evaluation: Evaluation) -> Iterator[str]:
    """Say that alerts came too soon for the rule's horizon, if clearly more did than chance has."""
    n_sooner = len(found.of_each)
    within_an_hour = Found(n_sooner, found.n_to_find, found.by_chance[-1].item())
    if (
        evaluation.label_kind == "event"
        and evaluation.card.horizon < LONGEST
        and n_sooner - len(evaluation.card.leads) >= CLEARLY_MORE
        and within_an_hour.by_luck < UNLIKELY
    ):
        span, ahead = (
            lasting(timedelta(minutes=minutes))
            for minutes in (found.minutes[-1].item(), median_low(found.of_each.tolist()))
        )
        yield (
            f"{n_sooner} of {counted(found.n_to_find, 'outcome')} had an alert at most {span} "
            f"before them, half of these {ahead} ahead or more (as many alerts at random times "
            f"would reach {percent(within_an_hour.by_chance)}): a rule with a longer "
            "horizon_seconds would count them as warned of."
        )
