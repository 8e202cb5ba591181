"""``python -m trainer``: the trainer's command line."""

import sys
from importlib import import_module

from stream_detector.command_line import check_installed, run, signals_stop
from stream_detector.errors import SettingsError


def _main() -> None:
    """Run the command line; where only the worker is installed, say so."""
    try:
        check_installed("the trainer", ("onnx", "pandas", "tensorflow"), extra="train")
    except SettingsError as error:
        sys.exit(f"trainer: {error}")
    with signals_stop():
        commands = import_module("trainer.commands")
    run(commands.main, name="trainer")


_main()
