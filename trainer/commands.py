"""The command ``python -m trainer fit``, and the group of all."""

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from stream_detector.command_line import EXISTING_FILE
from stream_detector.connections.rules_file import load_rules
from stream_detector.errors import SettingsError
from stream_detector.replay.options import csv_option, recording_options, rules_option
from stream_detector.replay.recording import RecordingOptions, read_recording
from trainer.architectures import STACKED_READINGS
from trainer.backtest.commands import compare, evaluate
from trainer.code_commands import decode, encode
from trainer.config import Holdout, PerDay, Seed, TrainingConfig, Window, known_names, read_config
from trainer.fitters import make_fitter
from trainer.models import MODELS
from trainer.refit_commands import refit


class _Bounded(click.ParamType):
    """A number within the bounds that the configuration file holds to as well.

    Parameters
    ----------
    number : click.INT or click.FLOAT
    bounds : type
        As msgspec knows it.
    """

    def __init__(self, number: click.ParamType, bounds: Any) -> None:
        self.name = number.name
        self._number = number
        self._bounds = bounds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = self._number.convert(value, param, ctx)
        try:
            return msgspec.convert(number, self._bounds)
        except msgspec.ValidationError as error:
            self.fail(f"{value}: {error}", param, ctx)


@click.group()
def main() -> None:
    """Turn a machine's history into a bundle that the worker scores with."""


@main.command(epilog="Example: python -m trainer fit --csv history.csv --out model")
@csv_option("History", required=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Bundle folder."
)
@click.option(
    "--config",
    "config_file",
    type=EXISTING_FILE,
    help=f"Configuration (TOML): {known_names()}. Options win.",
)
@click.option(
    "--model",
    type=click.Choice(list(MODELS)),
    help="Network; trainer/README.md says which to take when.  [default: dense]",
)
@click.option(
    "--plain",
    is_flag=True,
    default=None,
    help="As published: standardised readings, and the mean squared residual as the score.",
)
@click.option(
    "--window",
    type=_Bounded(click.INT, Window),
    help=f"Readings an LSTM sees, at least {STACKED_READINGS}, or a plain model, which may see "
    f"fewer.  [default: {STACKED_READINGS}; a plain dense one 1]",
)
@click.option(
    "--one-hot-mode",
    is_flag=True,
    default=None,
    help="Let the model see the mode that --mode-column names, a column for each.",
)
@click.option(
    "--budget",
    type=_Bounded(click.FLOAT, PerDay),
    help="False alerts a day to hold to.  [default: 6]",
)
@click.option(
    "--head/--no-head",
    default=None,
    help="With or without a supervised head, which learns from labelled outcomes.  [default: with "
    "one from 45 outcomes on]",
)
@click.option(
    "--head-budget",
    type=_Bounded(click.FLOAT, PerDay),
    help="False alerts a day for the head's score.  [default: 3]",
)
@click.option(
    "--holdout",
    type=_Bounded(click.FLOAT, Holdout),
    help="Latest share kept back for the report.  [default: 0.2]",
)
@click.option("--seed", type=_Bounded(click.INT, Seed), help="Of everything random.  [default: 0]")
@rules_option
@click.option(
    "--tensorboard",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write TensorBoard logs here.",
)
@recording_options
def fit(
    *,
    path: Path,
    out: Path,
    config_file: Path | None,
    rules_file: Path | None,
    tensorboard: Path | None,
    options: RecordingOptions,
    **given: Any,
) -> None:
    """Learn a machine's normal behaviour from its history.

    The earlier part of the rows trains, the later part is kept back and judged by the live code
    for the report. With labels, rows shortly before an outcome are left out of training.
    """
    config = _configure(
        read_config(config_file) if config_file else TrainingConfig(),
        {name: value for name, value in given.items() if value is not None},
    )
    if tensorboard and config.network.kind == "linear":
        raise click.UsageError("a linear model has no loss to log: leave --tensorboard out")
    if config.head is False and given["head_budget"] is not None:
        raise click.UsageError("without a head there is nothing to hold to --head-budget")
    rules = load_rules(rules_file, with_head=True)
    console = Console(stderr=True)
    recording = read_recording(path, options)
    # Plots and TensorFlow take seconds to load: only now, when everything else is in order.
    from trainer.doubts import doubts_of_labels
    from trainer.progress import FitProgress
    from trainer.run import first_notes
    from trainer.run import fit as run

    notes = first_notes(recording, rules)
    _say(console, (*doubts_of_labels(recording), *notes))
    with FitProgress(console) as progress:
        findings = run(
            recording,
            out,
            config,
            rules=rules,
            make_fitter=make_fitter(config, progress=progress, tensorboard=tensorboard),
            tell=progress.tell,
        )
    _say(console, findings.notes[len(notes) :])
    for line in findings.summary:
        click.echo(line, err=True)
    click.echo(
        f"bundle {findings.bundle_id} in {out}, its report in {out / 'report.html'}", err=True
    )


main.add_command(evaluate)
main.add_command(compare)
main.add_command(encode)
main.add_command(decode)
main.add_command(refit)


def _say(console: Console, notes: tuple[str, ...]) -> None:
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)


def _configure(config: TrainingConfig, given: dict[str, Any]) -> TrainingConfig:
    """Let what was given as an option win over the file, and check that it goes together."""
    merged = msgspec.to_builtins(config)
    of_network = {"model": "kind", "window": "window"}
    for name, value in given.items():
        if name in of_network:
            merged["network"][of_network[name]] = value
        elif name == "plain":
            merged["plain"] = merged["plain"] or {}
        else:
            merged[name] = value
    config = msgspec.convert(merged, TrainingConfig)
    try:
        config.network_config  # noqa: B018 - raises where it does not go together
    except SettingsError as error:
        if given.keys() & {"plain", *of_network}:
            raise click.UsageError(str(error)) from error
        raise
    return config
