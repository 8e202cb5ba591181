"""``stream-detector simulate``: the simulated paper machine as a file."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stream_detector.errors import RecordingError
from stream_detector.sandbox.paper_machine import simulate
from stream_detector.sandbox.paper_sensors import write_tags

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def run(*, days: float, seed: int, csv: Path, tags: Path | None = None) -> None:
    """Write the recording, and the tags file if asked; say on stderr what it is.

    Raises
    ------
    RecordingError
        If a file cannot be written.
    """
    recording = simulate(days=days, seed=seed, start=_START)
    try:
        recording.write_csv(csv)
        if tags is not None:
            write_tags(tags)
    except OSError as error:
        raise RecordingError(f"{error.filename!r} cannot be written: {error.strerror}") from error
    sys.stderr.write(
        f"SIMULATED data, no real machine: {len(recording.times)} rows, "
        f"{len(recording.sensors)} sensors, {recording.breaks.sum()} breaks in {csv}\n"
    )
