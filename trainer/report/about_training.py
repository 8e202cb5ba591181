"""The section of training: how it went, and what was trained."""

from trainer.findings import Findings
from trainer.plain_words import counted, fit_in_words
from trainer.report import score_charts
from trainer.report.layout import Chart, Section, Table

_NO_NETWORK = "A linear model has no network: nothing is learned step by step."


def training(findings: Findings) -> Section:
    """Show how training went."""
    losses = Chart("Training loss", _NO_NETWORK)
    if findings.losses:
        last = ", ".join(
            f"{fit_in_words(name)} {values[-1]:.3f}" for name, values in findings.losses.items()
        )
        losses = Chart(
            "Training loss",
            "One fit per block that was left out, and one, in use, on all rows. Means over "
            "equal stretches of steps; their number is fixed, so there is no early stopping.",
            score_charts.loss_curves(findings.losses),
            f"{counted(len(findings.losses), 'fit')}; they end at {last}.",
        )
    network = tuple((name, _setting(value)) for name, value in findings.network.items())
    seconds = tuple((name, f"{value:.1f} s") for name, value in findings.seconds.items())
    sensors = (str(len(findings.sensors)), ", ".join(findings.sensors))
    return Section(
        "Training",
        "training",
        (
            losses,
            Table("Network", ("Setting", "Value"), network),
            Table("Durations", ("Step", "Took"), seconds),
            Table("Sensors", ("Number", "Names"), (sensors,)),
        ),
    )


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
