"""The simulated paper machine as files, for the demo and ``stream-detector simulate``."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stream_detector.errors import RecordingError
from stream_detector.sandbox.paper_machine import SimulatedRecording, simulate
from stream_detector.sandbox.paper_sensors import write_tags

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def run(*, days: float, seed: int, csv: Path, tags: Path | None = None) -> None:
    """Write the files, and say on stderr what they are.

    Raises
    ------
    RecordingError
        If a file cannot be written.
    """
    recording = write_simulation(days=days, seed=seed, csv=csv, tags=tags)
    sys.stderr.write(
        f"SIMULATED data, no real machine: {len(recording.times)} rows, "
        f"{len(recording.sensors)} sensors, {recording.breaks.sum()} breaks in {csv}\n"
    )


def write_simulation(
    *, days: float, seed: int, csv: Path, tags: Path | None = None
) -> SimulatedRecording:
    """Run the machine; write its recording, and its units and limits if asked.

    Raises
    ------
    RecordingError
        If a file cannot be written.
    """
    recording = simulate(days=days, seed=seed, start=_START)
    for file, write in ((csv, recording.write_csv), (tags, write_tags)):
        try:
            if file is not None:
                write(file)
        except OSError as error:
            why = error.strerror or error
            raise RecordingError(f"{str(file)!r} cannot be written: {why}") from error
    return recording
