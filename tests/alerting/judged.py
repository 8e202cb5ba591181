"""Scores of one machine beside a threshold of 1.0, two minutes apart, as short as a drawing.

``!`` is a score of 4.0, far over the threshold; ``#`` one of 2.0, over it; ``-`` one of 0.9,
neither over it nor low enough to clear; ``.`` one of 0.1; ``|`` starts a new run with the reading
after it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import structs

from stream_detector.alerting.life import AlertLife, Transition
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import Rule

THREE = datetime(2026, 11, 22, 3, tzinfo=UTC)
STEP = timedelta(minutes=2)
SCORES = {"!": 4.0, "#": 2.0, "-": 0.9, ".": 0.1}


def at(minute: float) -> datetime:
    return THREE + timedelta(minutes=minute)


def judgement(time: datetime, sign: str) -> Judgement:
    score = SCORES[sign]
    return Judgement(time, score, threshold=1.0, over=score > 1.0)


def judgements(drawing: str, *, start: datetime = THREE) -> Iterator[Judgement]:
    """What a drawing shows."""
    time, first = start, False
    for sign in drawing.replace(" ", ""):
        if sign == "|":
            first = True
            continue
        yield structs.replace(judgement(time, sign), first_of_run=first)
        time, first = time + STEP, False


def changes(rule: Rule, drawing: str) -> list[tuple[int, Transition]]:
    """The changes of an alert, each with the number of the reading that made it."""
    life = AlertLife(rule, machine="pm3")
    told = [life.follow(one) for one in judgements(drawing)]
    return [(n, change) for n, change in enumerate(told) if change is not None]


def picture(rule: Rule, drawing: str) -> str:
    """The same as a drawing: R raised, u updated, E escalated, C cleared."""
    letters = {"raised": "R", "updated": "u", "escalated": "E", "cleared": "C"}
    life = AlertLife(rule, machine="pm3")
    told = [life.follow(one) for one in judgements(drawing)]
    return "".join(letters[one.change] if one else " " for one in told)
