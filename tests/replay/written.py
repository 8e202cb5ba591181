"""A recording as somebody would write it, read."""

from pathlib import Path
from typing import Any

import numpy as np

from stream_detector.replay.recording import Recording, RecordingOptions, read_recording


def read(folder: Path, text: str, **options: Any) -> Recording:
    """Write a file of this text, and read it."""
    path = folder / "pm3.csv"
    path.write_text(text, encoding="utf-8")
    return read_recording(path, RecordingOptions(**options))


def times(*texts: str) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Times as a recording has them."""
    return np.array(texts, dtype="datetime64[us]")
