"""What the trainer is told: to learn from the history just as the demo has read it."""

from dataclasses import fields
from datetime import datetime
from pathlib import Path

from stream_detector.replay.recording import RecordingOptions
from stream_detector.sandbox.demo.recording import STREAMED_SHARE, DemoRecording


def fit_arguments(
    data: DemoRecording, *, out: Path, model: str, budget_per_day: float
) -> list[str]:
    """Write the command line of ``python -m trainer`` that fits a model for the demo.

    Parameters
    ----------
    data : DemoRecording
    out : Path
        Where the bundle goes.
    model : str
        Kind of network.
    budget_per_day : float
        False alerts a day that its default threshold is to hold to.
    """
    return [
        *("fit", "--csv", str(data.file), "--out", str(out)),
        # The demo tells of one kind of alert.
        *("--model", model, "--budget", str(budget_per_day), "--no-head"),
        *("--holdout", str(STREAMED_SHARE)),
        *as_arguments(data.options),
    ]


def as_arguments(options: RecordingOptions) -> list[str]:
    """Write options as another command takes them; those that are as always are left out.

    Examples
    --------
    >>> as_arguments(RecordingOptions(cadence=180.0, exclude=("flow", "level, upper")))
    ['--cadence', '180', '--exclude', '"flow"', '--exclude', '"level, upper"']
    """
    arguments = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value != field.default:
            name = f"--{field.name.replace('_', '-')}"
            for text in _texts(value):
                arguments += [name, text]
    return arguments


def _texts(value: object) -> list[str]:
    match value:
        case tuple():
            # Each is a line of CSV to its reader, so a comma in a name needs quotes.
            return ['"{}"'.format(name.replace('"', '""')) for name in value]
        case datetime():
            return [value.isoformat()]
        case float():
            return [f"{value:.6f}".rstrip("0").rstrip(".")]
    return [str(value)]
