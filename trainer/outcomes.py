"""Whether a history is worth a head: how many labelled outcomes it tells of, and who asks."""

from typing import NamedTuple

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.errors import SettingsError, TrainingError, counted
from stream_detector.replay.outcomes import outcome_starts
from stream_detector.replay.recording import Recording

USUAL_OUTCOMES = 45
"""Labelled outcomes from which on a head is fitted unasked: with fewer it learns their chances."""


LEAST_OUTCOMES = 15
"""Without as many there is no head, whoever asks for one: the first fold would know of six."""


class WishForHead(NamedTuple):
    """Whether a head is to be fitted.

    Parameters
    ----------
    rule : Rule or None
        What it is to be fitted for; None is no head.
    n_outcomes : int
    notes : tuple of str
        What is to be said of that.
    """

    rule: Rule | None
    n_outcomes: int
    notes: tuple[str, ...] = ()


def wish_for_head(recording: Recording, asked: bool | None, rules: Rules) -> WishForHead:  # noqa: FBT001
    """Decide on a head.

    Parameters
    ----------
    recording : Recording
        The rows that train.
    asked : bool or None
        Whether people want one; None leaves it to the number of outcomes.
    rules : Rules

    Raises
    ------
    SettingsError
        If people want one, but there is no rule for it.
    TrainingError
        If people want one, but there are too few outcomes for it.
    """
    n_outcomes, rule = int(outcome_starts(recording).sum()), rules.of_head
    if rule is None and asked:
        raise SettingsError(
            "a head is asked for, but no rule of the rules file is judged by its score; add a rule "
            'with score = "head", or leave --head out'
        )
    if asked is False or (asked is None and n_outcomes == 0):
        return WishForHead(None, n_outcomes)
    if asked and n_outcomes < LEAST_OUTCOMES:
        raise TrainingError(
            f"a head needs {LEAST_OUTCOMES} labelled outcomes in the rows that train, and these "
            f"have {n_outcomes}: bring more history, keep fewer rows back (--holdout), or leave "
            "--head out"
        )
    told = f"{counted(n_outcomes, 'labelled outcome')} in the rows that train"
    if rule is None:
        enough = (
            f"{told}, enough for a head, but no rule of the rules file is judged by its score, so "
            'there is none; a rule with score = "head" brings one',
        )
        return WishForHead(None, n_outcomes, enough if n_outcomes >= USUAL_OUTCOMES else ())
    if asked or n_outcomes >= USUAL_OUTCOMES:
        note = f"{told}: a head is fitted on them, for rule {rule.name!r}"
        return WishForHead(rule, n_outcomes, (note,))
    return WishForHead(
        None, n_outcomes, (f"{told}: a head takes {USUAL_OUTCOMES}, so there is none",)
    )
