"""From a recording to a result, fold by fold."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from functools import partial

from stream_detector.alerting.horizons import HORIZONS
from stream_detector.alerting.recorded import readings_within
from stream_detector.alerting.rules import Rules
from stream_detector.errors import TrainingError
from stream_detector.replay.outcomes import outcome_starts
from stream_detector.replay.recording import Recording
from trainer.backtest.counting import HEAD, Asked, Entry, judge_fold, pool
from trainer.backtest.folds import CUTS, Fold, walk_forward
from trainer.backtest.held import hold
from trainer.backtest.result import FoldSpan, Result, mean
from trainer.backtest.scoring import FitterMaker
from trainer.doubts import doubts_of_giveaways, doubts_of_labels, doubts_of_perfection
from trainer.giveaways import giveaways, notes_on_label_likes
from trainer.history import measure_timing, notes_on_horizon, notes_on_outcomes
from trainer.outcomes import LEAST_OUTCOMES, wish_for_head
from trainer.plain_words import lasting


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
    models = (*asked.all_models, *([HEAD] if asked.with_head else []))
    # What a labelled row tells of is there already: it may well be told without a fault.
    doubted = models if recording.label_kind == "event" else ()
    return Result(
        machine=recording.machine,
        sensors=recording.sensors,
        n_rows=recording.n_rows,
        label_kind=None if recording.labels is None else recording.label_kind,
        horizon=asked.rules.rules[0].horizon,
        asked_per_day=asked.closely,
        asked_of_head=asked.closely_head,
        models=models,
        networks=asked.networks,
        folds=tuple(_span(fold) for fold in folds),
        ways=found,
        drawn=held.shares,
        notes=(
            *doubts_of_labels(recording),
            *recording.notes,
            *notes_on_outcomes(recording),
            *_too_short(recording, asked.rules.rules[0].horizon),
            *notes_on_label_likes(recording),
            *doubts_of_giveaways(giveaways(recording, asked.rules.rules[0])),
            *_too_good(found["as delivered"], doubted),
        ),
    )


def is_worth_a_head(recording: Recording, rules: Rules, *, cuts: Sequence[float] = CUTS) -> bool:
    """Tell whether `fit` would fit a head on a recording, and each fold can have one too."""
    if wish_for_head(recording, None, rules).rule is None:
        return False
    first, *_ = walk_forward(recording, cuts)
    return int(outcome_starts(first.history).sum()) >= LEAST_OUTCOMES


def _too_short(recording: Recording, horizon: timedelta) -> Iterator[str]:
    """Tell of horizons, the rule's first, that end before a reading could have warned."""
    if recording.labels is None or recording.label_kind != "event":
        return
    yield from notes_on_horizon(recording, horizon=horizon)
    cadence = measure_timing(recording).cadence
    others = (one for one in HORIZONS if one != horizon)
    short = [lasting(one) for one in others if not readings_within(one, cadence=cadence)]
    if short:
        yield (
            f"rows come every {cadence.total_seconds():g} s: no alert can come within "
            f"{' or '.join(short)} before an outcome"
        )


def _too_good(entries: Sequence[Entry], models: Collection[str]) -> Iterator[str]:
    """Doubt models that tell rows before outcomes nearly perfectly."""
    for entry in entries:
        tallies = next(iter(entry.tallies.values()))
        if entry.name in models:
            auc = mean(tallies, lambda tally: tally.auc)
            yield from doubts_of_perfection(entry.name, auc, n_outcomes=tallies[0].n_events)


def _span(fold: Fold) -> FoldSpan:
    judged = fold.judged
    times = judged.time(0), judged.time(judged.n_rows - 1)
    return FoldSpan(fold.history.n_rows, judged.n_rows, *times)


def _say(tell: Callable[[str], None], where: str, what: str) -> None:
    tell(f"{where}: {what}")
