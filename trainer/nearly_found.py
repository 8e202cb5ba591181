"""What was missed by little: found by alerts that came sooner, or under a larger budget."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from trainer.budgets import Point
from trainer.evaluation import Evaluation
from trainer.found import LONGEST, UNLIKELY, Found, Timeliness
from trainer.plain_words import a_day, counted, lasting, percent

CLEARLY_MORE = 3
"""Found more; a difference of fewer is noise."""

MUCH_LARGER = 4
"""Times the budget that was asked for: from there on it is another question."""


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
            for minutes in (found.minutes[-1].item(), median(found.of_each.tolist()))
        )
        yield (
            f"{n_sooner} of {counted(found.n_to_find, 'outcome')} had an alert at most {span} "
            f"before them, half of these {ahead} ahead or more (as many alerts at random times "
            f"would reach {percent(within_an_hour.by_chance)}): a rule with a longer "
            "horizon_seconds would count them as warned of."
        )


def found_by_a_larger_budget(points: Sequence[Point], evaluation: Evaluation) -> Iterator[str]:
    """Say that the budget is what blinds the model, if one not much larger finds clearly more."""
    asked = next((one for one in points if one.asked_per_day == evaluation.asked_per_day), None)
    if asked is None:
        return
    most = MUCH_LARGER * asked.asked_per_day
    larger = (one for one in points if asked.asked_per_day < one.asked_per_day < most)
    one = next((one for one in larger if _finds_clearly_more(one, than=asked)), None)
    if one is None:
        return
    is_rows = evaluation.label_kind == "rows"
    noun = ("labelled stretch", "labelled stretches") if is_rows else ("outcome",)
    yield (
        f"A larger budget would have found more: at {one.asked_per_day:g} false alerts a day "
        f"instead of {asked.asked_per_day:g}, {one.n_found} of {counted(one.n_to_find, *noun)} "
        f"instead of {asked.n_found} (as many alerts at random times would find "
        f"{percent(one.by_chance)}); {a_day(one.per_day)} false alerts a day came then instead of "
        f"{a_day(asked.per_day)}. Whoever picks a budget so picks it in hindsight."
    )


def _finds_clearly_more(one: Point, *, than: Point) -> bool:
    """Tell whether it finds so many more than chance adds, or half of all instead of none."""
    n_by_chance = max(one.by_chance - than.by_chance, 0.0) * one.n_to_find
    n_more = one.n_found - than.n_found - n_by_chance
    is_half = n_more > 0 and n_more >= one.n_to_find / 2
    return n_more >= CLEARLY_MORE or (is_half and not than.n_found)
