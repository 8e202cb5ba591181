"""What is learned from and streamed: a simulated machine, or the recording somebody brought."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np

from stream_detector.errors import RecordingError
from stream_detector.replay.recording import Recording, RecordingOptions, read_recording
from stream_detector.sandbox.simulate import write_simulation

STREAMED_SHARE: Final = 0.2
"""The latest share of the rows: the trainer keeps it back, and the machine sends it live."""

_MACHINE: Final = "simulated-paper-machine"  # so that every alert says it, too


@dataclass(frozen=True, eq=False)
class DemoRecording:
    """A recording, and how it was read.

    Parameters
    ----------
    title : str
        What people read wherever its data is shown.
    file : Path
    options : RecordingOptions
    recording : Recording
    """

    title: str
    file: Path
    options: RecordingOptions
    recording: Recording

    @property
    def history(self) -> Recording:
        """The earlier rows, to train on."""
        return self.recording.slice(0, self._cut)

    @property
    def streamed(self) -> Recording:
        """The later rows, to send live."""
        return self.recording.slice(self._cut, self.recording.n_rows)

    @property
    def cadence(self) -> timedelta:
        """The usual step from reading to reading, as the trainer measures it."""
        steps = np.diff(self.recording.times)
        forward = steps[steps > np.timedelta64(0)]
        usual = np.median(forward) if len(forward) else np.timedelta64(1, "s")
        cadence: timedelta = usual.astype("timedelta64[us]").item()
        return cadence

    @property
    def _cut(self) -> int:
        n_rows = self.recording.n_rows
        return n_rows - round(n_rows * STREAMED_SHARE)


def simulated(folder: Path, *, days: float, seed: int) -> DemoRecording:
    """Run the simulated paper machine, and put its recording and tags into a folder.

    Raises
    ------
    RecordingError
        If they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(f"{str(folder)!r} cannot be made: {error.strerror}") from error
    file, tags = folder / f"{_MACHINE}.csv", folder / "tags.csv"
    write_simulation(days=days, seed=seed, csv=file, tags=tags)
    options = RecordingOptions(label_column="break", mode_column="grade", tags=tags)
    title = f"SIMULATED paper machine (seed {seed}, no real data)"
    return DemoRecording(title, file, options, read_recording(file, options))


def from_file(file: Path, options: RecordingOptions) -> DemoRecording:
    """Read somebody's own recording.

    Raises
    ------
    RecordingError
        If it cannot be read as told.
    """
    recording = read_recording(file, options)
    return DemoRecording(f"{recording.machine}, from {file.name}", file, options, recording)
