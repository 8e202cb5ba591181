"""The commands ``python -m trainer evaluate`` and ``compare``."""

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec.structs import replace
from rich.console import Console

from stream_detector.command_line import FiniteRange, Parsed, check_different
from stream_detector.connections.rules_file import load_rules
from stream_detector.errors import SettingsError
from stream_detector.replay.options import csv_option, recording_options, rules_option
from stream_detector.replay.output import OutputFile
from stream_detector.replay.recording import RecordingOptions, read_recording
from trainer.backtest.folds import CUTS
from trainer.backtest.named_models import HOW_TO_NAME, Model, budget_of_files, read_model
from trainer.config import TrainingConfig

if TYPE_CHECKING:
    from stream_detector.alerting.rules import Rules
    from stream_detector.replay.recording import Recording


@dataclass(frozen=True)
class _Given:
    """The options of both commands."""

    path: Path
    budget: float | None
    cuts: tuple[float, ...]
    n_seeds: int
    rules_file: Path | None
    out: Path | None
    random_split: bool
    options: RecordingOptions


def _cuts(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in text.split(","))
    except ValueError:
        raise SettingsError(f"{text!r} are no shares of the rows, such as {_told(CUTS)}") from None


def _told(cuts: Sequence[float]) -> str:
    return ",".join(f"{share:g}" for share in cuts)


_OPTIONS = (
    csv_option(required=True),
    click.option(
        "--budget",
        type=FiniteRange(min=0, min_open=True),
        help="False alerts a day to look at most closely, a head at its own; 1, 3, 6 and 12 are "
        "always beside.  [default: what a model's file says, else 6; a head 3]",
    ),
    click.option(
        "--folds",
        "cuts",
        type=Parsed(_cuts),
        metavar="SHARE,...",
        default=_told(CUTS),
        show_default=True,
        help="Shares of the rows at which the folds are cut; all before a fold trains.",
    ),
    click.option(
        "--seeds",
        "n_seeds",
        type=click.IntRange(min=1, max=100),
        default=1,
        show_default=True,
        help="Train each network so often, from other first weights; figures are averaged.",
    ),
    rules_option,
    click.option("--out", type=click.Path(path_type=Path), help="Write all figures here (JSON)."),
    click.option(
        "--random-split",
        is_flag=True,
        help="Also judge rows drawn at random, as published results were: the numbers are "
        "worthless, and it says why.",
    ),
    recording_options,
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all options of both, as one argument ``given``."""

    @functools.wraps(command)
    def with_options(**parameters: Any) -> None:
        given = _Given(**{field.name: parameters.pop(field.name) for field in fields(_Given)})
        command(**parameters, given=given)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options


@click.command(
    epilog="Example: python -m trainer evaluate --csv history.csv --label-column break --out e.json"
)
@click.option(
    "--model",
    type=Parsed(read_model),
    default="dense",
    show_default=True,
    help=f"{HOW_TO_NAME}.",
)
@_options
def evaluate(*, model: Model, given: _Given) -> None:
    """Judge a model on later rows than it was trained on, fold by fold.

    Thresholds come from the rows before each fold, and the code that runs live judges it. Beside
    the model stand its linear part alone, chance, a clock, an alarm that is always on, principal
    components and a Mahalanobis distance: judged in the same way, by the same policy. From 45
    labelled outcomes on a supervised head stands beside them, judged by its own rule.
    """
    _evaluate([model], given, slow_references=False)


@click.command(
    epilog="Example: python -m trainer compare --csv history.csv --label-column break "
    "--model dense --model lstm"
)
@click.option(
    "--model",
    "models",
    type=Parsed(read_model),
    multiple=True,
    default=("dense", "plain:dense-32-16-16-32", "plain:lstm"),
    show_default=True,
    help=f"{HOW_TO_NAME}; may be repeated.",
)
@_options
def compare(*, models: tuple[Model, ...], given: _Given) -> None:
    """Judge several models side by side, as `evaluate` judges one, beside more references.

    Those are a one-class support vector machine and an isolation forest; and beside a head a random
    forest and a support vector machine that learn from the labels too. A model as published is
    held to the same false alarms a day as the others, not to a threshold of its own.
    """
    names = [one.name for one in models]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise click.UsageError(f"two models are called {', '.join(sorted(repeated))}")
    _evaluate(models, given, slow_references=True)


def _evaluate(models: Sequence[Model], given: _Given, *, slow_references: bool) -> None:
    check_different(csv=given.path, rules=given.rules_file, out=given.out)
    rules = load_rules(given.rules_file, with_head=True)
    closely = budget_of_files(models) if given.budget is None else given.budget
    # Opened first: that it cannot be written is told before minutes of work, not after them.
    with OutputFile(given.out) if given.out else nullcontext() as file:
        recording = read_recording(given.path, given.options)
        numbers = _judge(
            recording, models, given, rules, closely=closely, slow_references=slow_references
        )
        if file is not None:
            file.write(msgspec.json.format(msgspec.json.encode(numbers), indent=1).decode() + "\n")


def _judge(
    recording: "Recording",
    models: Sequence[Model],
    given: _Given,
    rules: "Rules",
    *,
    closely: float,
    slow_references: bool,
) -> dict[str, Any]:
    """Judge the models, show how they did, and give the figures."""
    console = Console(stderr=True)
    # These load scikit-learn and pandas: only now, when everything else is in order.
    from trainer.backtest.counting import Asked
    from trainer.backtest.run import evaluate as run
    from trainer.backtest.run import is_worth_a_head
    from trainer.backtest.table import table
    from trainer.fitters import make_fitter

    with_head = is_worth_a_head(recording, rules, cuts=given.cuts)
    closely_head = budget_of_files(models, "head_budget") if with_head else Asked.closely_head
    asked = Asked(
        {one.name: _with_seeds(one.config, given.n_seeds) for one in models},
        rules,
        closely=closely,
        closely_head=closely_head,
        slow_references=slow_references,
        with_head=with_head,
    )
    result = run(
        recording,
        asked,
        cuts=given.cuts,
        make_fitter=make_fitter,
        tell=lambda what: console.print(
            f"{what} ...", markup=False, highlight=False, soft_wrap=True
        ),
    )
    numbers = result.as_json()
    click.echo(table(result))
    if given.random_split:
        numbers["random_split"] = _split_at_random(recording, models, rules)
    return numbers


def _with_seeds(config: TrainingConfig, n_seeds: int) -> list[TrainingConfig]:
    if config.network.kind == "linear":
        return [config]
    return [replace(config, seed=config.seed + more) for more in range(n_seeds)]


def _split_at_random(
    recording: "Recording", models: Sequence[Model], rules: "Rules"
) -> dict[str, Any]:
    """Judge the models in the wrong way too, say why it is wrong, and give the figures."""
    from trainer.backtest.random_split import WHY_WORTHLESS, split_at_random, split_by_time
    from trainer.fitters import make_fitter

    click.echo(f"\n== random split ==\n{WHY_WORTHLESS}")
    found = {}
    for name, config, _ in models:
        wrong, right = (
            split(recording, config, rules=rules, make_fitter=make_fitter)
            for split in (split_at_random, split_by_time)
        )
        found[name] = {"at_random": wrong.as_json(), "by_time": right.as_json()}
        click.echo(
            f"{name}: ROC-AUC {wrong.auc:.3f} on a fifth of the rows drawn at random, "
            f"{right.auc:.3f} on the latest fifth"
        )
    return found
