"""``python -m stream_detector`` is the command ``stream-detector``."""

from stream_detector.cli import main

main()
