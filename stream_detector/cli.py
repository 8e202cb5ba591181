"""The command ``stream-detector``: a table of names, each imported when it is called."""

from typing import NoReturn

import click

from stream_detector.command_line import LazyGroup, run

COMMANDS = {
    "demo": "stream_detector.sandbox.commands:demo",
    "worker": "stream_detector.worker.commands:worker",
    "check": "stream_detector.worker.commands:check",
    "topics": "stream_detector.worker.commands:topics",
    "threshold": "stream_detector.worker.shell.threshold_commands:threshold",
    "model": "stream_detector.worker.shell.model_commands:model",
    "alerts": "stream_detector.worker.shell.alert_commands:alerts",
    "console": "stream_detector.console.commands:console",
    "users": "stream_detector.console.commands:users",
    "replay": "stream_detector.replay.commands:replay",
    "bridge": "stream_detector.bridges.commands:bridge",
    "publish": "stream_detector.replay.commands:publish",
    "simulate": "stream_detector.sandbox.commands:simulate",
}

main_group = click.version_option(package_name="stream-detector")(
    LazyGroup(
        name="stream-detector",
        help="Early warnings from machine sensors, scored live on Kafka.\n\n"
        "Train a model with `python -m trainer fit`; settings are DETECTOR_* variables.",
        table=COMMANDS,
    )
)


def main() -> NoReturn:
    """Run the command line."""
    run(main_group, name="stream-detector")
