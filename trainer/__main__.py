"""``python -m trainer``: the trainer's command line."""

from stream_detector.command_line import run
from trainer.commands import main

run(main, name="trainer")
