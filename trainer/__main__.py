"""``python -m trainer``: the trainer's command line."""

import sys
from importlib import import_module

from stream_detector.command_line import check_installed, run
from stream_detector.errors import SettingsError


def _main() -> None:
    """Run the command line; where only the worker is installed, say so."""
    try:
        check_installed("the trainer", ("onnx", "pandas", "tensorflow"), extra="train")
    except SettingsError as error:
        sys.exit(f"trainer: {error}")
    run(import_module("trainer.commands").main, name="trainer")


_main()
