"""From a recording to a result, fold by fold."""

from collections.abc import Callable, Sequence
from functools import partial

from stream_detector.alerting.rules import Rules
from stream_detector.errors import TrainingError
from stream_detector.replay.outcomes import outcome_starts
from stream_detector.replay.recording import Recording
from trainer.backtest.counting import HEAD, Asked, judge_fold, pool
from trainer.backtest.folds import CUTS, Fold, walk_forward
from trainer.backtest.held import hold
from trainer.backtest.result import FoldSpan, Result
from trainer.backtest.scoring import FitterMaker
from trainer.history import notes_on_outcomes
from trainer.outcomes import LEAST_OUTCOMES, wish_for_head


def evaluate(
    recording: Recording,
    asked: Asked,
    *,
    cuts: Sequence[float] = CUTS,
    make_fitter: FitterMaker,
    tell: Callable[[str], None] = lambda _: None,
) -> Result:
    """Walk forward through a recording: as it was delivered, and held where lines were drawn.

    Raises
    ------
    SettingsError
        If the cuts are wrong, or the rules do not say which event a label stands for.
    TrainingError
        If the rows before the first cut cannot give a model that could be trusted, or no row
        after it can be scored.
    """
    held, folds = hold(recording), walk_forward(recording, cuts)
    ways = {"as delivered": recording}
    if held.n_drawn:
        ways["held"] = held.recording
    found = {}
    for way, one in ways.items():
        counts = []
        for number, fold in enumerate(walk_forward(one, cuts), start=1):
            say = partial(_say, tell, f"{way}, fold {number}")
            counts.append(judge_fold(fold, number, asked, make_fitter=make_fitter, tell=say))
        found[way] = pool(counts)
        if not any(one.days for count in counts for one in count.values()):
            raise TrainingError(
                f"none of the {sum(fold.judged.n_rows for fold in folds)} rows to judge could be "
                "scored: they are of a frozen feed, or lack half of the sensors; judge others"
            )
    return Result(
        machine=recording.machine,
        sensors=recording.sensors,
        n_rows=recording.n_rows,
        label_kind=None if recording.labels is None else recording.label_kind,
        horizon=asked.rules.rules[0].horizon,
        asked_per_day=asked.closely,
        models=(*asked.all_models, *([HEAD] if asked.with_head else [])),
        folds=tuple(_span(fold) for fold in folds),
        ways=found,
        drawn=held.shares,
        notes=(*recording.notes, *notes_on_outcomes(recording)),
    )


def is_worth_a_head(recording: Recording, rules: Rules, *, cuts: Sequence[float] = CUTS) -> bool:
    """Tell whether `fit` would fit a head on a recording, and each fold can have one too."""
    if wish_for_head(recording, None, rules).rule is None:
        return False
    first, *_ = walk_forward(recording, cuts)
    return int(outcome_starts(first.history).sum()) >= LEAST_OUTCOMES


def _span(fold: Fold) -> FoldSpan:
    judged = fold.judged
    times = judged.time(0), judged.time(judged.n_rows - 1)
    return FoldSpan(fold.history.n_rows, judged.n_rows, *times)


def _say(tell: Callable[[str], None], where: str, what: str) -> None:
    tell(f"{where}: {what}")
