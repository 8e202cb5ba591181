"""Models and references on the same folds: trained, scored, judged, counted, put together."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from stream_detector.alerting.rules import Rules
from stream_detector.detection.threshold import Budget
from trainer.backtest import references
from trainer.backtest.folds import Fold
from trainer.backtest.judging import (
    Judged,
    judge,
    judge_always_on,
    judge_head,
    judge_reference,
    judge_scores,
    of_head_alone,
)
from trainer.backtest.references import ReferenceScores
from trainer.backtest.scoring import FitterMaker, ScoredFold, score_fold
from trainer.backtest.tally import Counted, Tally, count
from trainer.config import NetworkSettings, TrainingConfig

BUDGETS: Final = (1.0, 3.0, 6.0, 12.0)
"""False alerts a day that are always asked for."""

LINEAR, HEAD = "linear", "head"
RANDOM, CLOCK, ALWAYS_ON = "random", "minutes since restart", "always on"

_RANDOM_SEEDS = range(5)


@dataclass(frozen=True)
class Asked:
    """What is asked of an evaluation.

    Parameters
    ----------
    models : mapping of name to TrainingConfigs
        One for each seed. The linear model need not be among them.
    rules : Rules
        The first rule says what is warned of, how far ahead, and how patiently.
    closely : float
        False alerts a day to look at most closely; others are judged beside.
    closely_head : float
        The same of the head, which has a budget of its own.
    slow_references : bool
        Also those that take longer.
    with_head : bool
        Also a supervised head, by the rules of its own.
    """

    models: Mapping[str, Sequence[TrainingConfig]]
    rules: Rules
    closely: float = 6.0
    closely_head: float = TrainingConfig().head_budget
    slow_references: bool = False
    with_head: bool = False

    @property
    def budgets(self) -> list[float]:
        """False alerts a day to be judged at."""
        return sorted({*BUDGETS, self.closely, self.closely_head})

    @property
    def networks(self) -> list[str]:
        """Names of the models that have one."""
        return [
            name for name, (config, *_) in self.models.items() if config.network.kind != "linear"
        ]

    @property
    def all_models(self) -> dict[str, Sequence[TrainingConfig]]:
        """The models, and the linear one: without it nothing shows what a network is worth.

        A head is the same whatever network is beside it: it is fitted once, with the linear one.
        """
        linear = TrainingConfig(network=NetworkSettings(kind="linear"))
        return {
            name: [replace(one, head=self.with_head and name == LINEAR) for one in configs]
            for name, configs in {LINEAR: [linear], **self.models}.items()
        }


@dataclass(frozen=True)
class Key:
    """What was judged: a model or reference, which of its seeds, at which budget."""

    name: str
    seed: int
    per_day: float


Counts = Mapping[Key, Counted]
"""All that was counted in one fold."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A model or a reference over all folds: for each budget a tally for each of its seeds."""

    name: str
    tallies: Mapping[float, Sequence[Tally]]


def judge_fold(
    fold: Fold, number: int, asked: Asked, *, make_fitter: FitterMaker, tell: Callable[[str], None]
) -> Counts:
    """Train on a fold's earlier rows, judge its own rows, and count.

    Raises
    ------
    TrainingError
        If the earlier rows cannot give a model that could be trusted.
    """
    kind, horizon = fold.judged.label_kind, asked.rules.rules[0].horizon

    def counted(judged: Judged) -> Counted:
        return count(judged, kind, horizon, fold=number)

    found: dict[Key, Counted] = {}
    scored: dict[str, ScoredFold] = {}
    for name, configs in asked.all_models.items():
        for config in configs:
            tell(f"{name}, seed {config.seed}, on {fold.history.n_rows} earlier rows")
            scored[name] = score_fold(fold, config, rules=asked.rules, make_fitter=make_fitter)
            for per_day in asked.budgets:
                judged = judge(scored[name], asked.rules, Budget(per_day))
                found[Key(name, config.seed, per_day)] = counted(judged)
    # All references see the rows as the linear model does.
    linear = scored[LINEAR]
    tell("references")
    for name, seed, scores in _references(linear, slow=asked.slow_references):
        for per_day, judged in judge_reference(linear, asked.rules, asked.budgets, scores):
            found[Key(name, seed, per_day)] = counted(judged)
    always = counted(judge_always_on(linear, asked.rules))
    found |= {Key(ALWAYS_ON, 0, per_day): always for per_day in asked.budgets}
    rule = asked.rules.of_head
    if asked.with_head and rule is not None:
        tell(HEAD)
        for key, judged in _by_labels(linear, asked):
            found[key] = count(judged, kind, rule.horizon, fold=number, to_find=horizon)
    return found


def pool(folds: Sequence[Counts]) -> tuple[Entry, ...]:
    """Put together what was counted in the folds."""
    found: defaultdict[str, defaultdict[float, list[Tally]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for key in folds[0]:
        found[key.name][key.per_day].append(Tally([one[key] for one in folds]))
    return tuple(Entry(name, tallies) for name, tallies in found.items())


def _by_labels(scored: ScoredFold, asked: Asked) -> Iterator[tuple[Key, Judged]]:
    """Judge the head, and what else could have learned from the labels."""
    for per_day in asked.budgets:
        yield Key(HEAD, 0, per_day), judge_head(scored, asked.rules, Budget(per_day))
    if not asked.slow_references:
        return
    # These load LightGBM: only where there is a head to hold them against.
    from trainer.backtest import supervised_references as supervised  # noqa: PLC0415

    alone = of_head_alone(asked.rules)
    for name, learn in supervised.LEARNERS.items():
        scores, limits = supervised.of_labels(learn, scored)
        for per_day in asked.budgets:
            judged = judge_scores(scored, alone, scores, limits, Budget(per_day))
            yield Key(name, 0, per_day), judged


def _references(scored: ScoredFold, *, slow: bool) -> Iterator[tuple[str, int, ReferenceScores]]:
    for seed in _RANDOM_SEEDS:
        yield RANDOM, seed, references.of_chance(seed, scored)
    yield CLOCK, 0, references.of_clock(scored)
    fits = {**references.ALWAYS, **(references.IN_COMPARISONS if slow else {})}
    for name, fit in fits.items():
        yield name, 0, references.of_rows(fit, scored)
