"""The published results on the paper machine, rebuilt, and what is left of them on later days.

Ranjan et al. (2018), "Dataset: rare event classification in multivariate time series",
arXiv:1809.10717, and the articles that came with it drew the rows that judge at random. The same
models are judged here in that way and by time, beside the default recipe, each at the published
share of false positives. Counts differ: the public recording is longer than its first part, and
rows are drawn anew.

    python -m tests.benchmarks.published
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from tests.benchmarks.progress import tell
from tests.requirements import recordings_folder

if TYPE_CHECKING:
    from trainer.backtest.random_split import RowScores
    from trainer.config import TrainingConfig


@dataclass(frozen=True)
class Published:
    """A published result: so many of the rows to be warned at were, at so many false positives."""

    model: str
    auc: float
    warned: int
    positives: int
    false_positives: float

    def __str__(self) -> str:
        return _line(self.auc, self.warned, self.positives, self.false_positives)


DENSE = Published("dense-32-16-16-32", 0.69, 8, 41, 0.06)
LSTM = Published("lstm", 0.706, 13, 49, 0.079)


@click.command()
@click.option(
    "--recordings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=recordings_folder,
    help="Their folder.  [default: STREAM_DETECTOR_RECORDINGS]",
)
@click.option("--epochs", default=200, show_default=True, help="Of the published models.")
def main(*, recordings: Path, epochs: int) -> None:
    """Judge the published models by rows drawn at random, as published, and by later rows."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from stream_detector.replay.recording import read_recording
    from tests.benchmarks.detection_measuring import PAPER_OPTIONS, RULES
    from trainer.backtest.random_split import WHY_WORTHLESS, split_at_random, split_by_time
    from trainer.config import NetworkSettings, PlainSettings, TrainingConfig
    from trainer.fitters import make_fitter

    recording = read_recording(recordings / "paper-breaks" / "paper-breaks.csv.gz", PAPER_OPTIONS)

    def judge(name: str, config: "TrainingConfig", share: float) -> None:
        for way, split in (("at random", split_at_random), ("by time", split_by_time)):
            tell(f"{name}, {way}")
            found = split(recording, config, rules=RULES, make_fitter=make_fitter)
            click.echo(f"  {name + ', ' + way:32}{_found(found, share)}")

    click.echo(f"{WHY_WORTHLESS}\n")
    for one in (DENSE, LSTM):
        click.echo(f"{one.model}\n  {'published, at random':32}{one}")
        network = NetworkSettings(kind=one.model)
        plain = TrainingConfig(network=network, plain=PlainSettings(epochs=epochs))
        judge("rebuilt", plain, one.false_positives)
        judge("default recipe", TrainingConfig(), one.false_positives)


def _found(scores: "RowScores", share: float) -> str:
    warned, positives = _warned_at(scores, share), int(scores.positives.sum())
    rows = f"{len(scores.scores):,} rows, after {scores.n_trained:,} that trained"
    return f"{_line(scores.auc, warned, positives, share)}; {rows}"


def _warned_at(scores: "RowScores", share: float) -> int:
    """Count the positives over the threshold, chosen in hindsight, with so many false ones."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(scores.positives, scores.scores, drop_intermediate=False)
    warned = true[np.searchsorted(false, share, side="right") - 1]
    return round(float(warned) * int(scores.positives.sum()))


def _line(auc: float, warned: int, positives: int, share: float) -> str:
    return f"AUC {auc:.3f}, {warned:2} of {positives} at {100 * share:.1f} % false positives"


if __name__ == "__main__":
    main()
