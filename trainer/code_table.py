"""Codes as a table: ``row, time, machine, regime, code_1 ... code_k``."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stream_detector.alerting.life import rfc3339
from stream_detector.errors import RecordingError
from stream_detector.replay.recording import Recording
from trainer.codes import Codes
from trainer.regimes import Regimes


def code_table(recording: Recording, found: Codes, regimes: Regimes) -> pd.DataFrame:
    """Lay out the codes of a recording, a line each."""
    table = pd.DataFrame(
        {
            "row": found.rows,
            "time": [rfc3339(recording.time(row)) for row in found.rows.tolist()],
            "machine": recording.machine,
            "regime": regimes.labels,
        }
    )
    units = [f"code_{n}" for n in range(1, found.codes.shape[1] + 1)]
    return table.join(pd.DataFrame(found.codes, columns=units))


def read_code_table(path: Path) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Read such a table: the other columns, and the codes, shape (n, k).

    Raises
    ------
    RecordingError
        If it is no table of codes.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise RecordingError(f"{str(path)!r} cannot be read: {error}") from error
    found = [name for name in table.columns if re.fullmatch(r"code_[0-9]+", name)]
    units = [f"code_{n}" for n in range(1, len(found) + 1)]
    if not units or set(found) != set(units) or table.empty:
        raise RecordingError(
            f"{str(path)!r} has {len(table)} lines and the columns of codes "
            f"{', '.join(found) or '(none)'}; expected some lines, and code_1, code_2 and so on "
            "without a gap, as `python -m trainer encode` writes them"
        )
    codes = table[units].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
    wrong = np.argwhere(~np.isfinite(codes))
    if len(wrong):
        line, unit = wrong[0]
        raise RecordingError(
            f"{str(path)!r}, line {line + 2}, {units[unit]}: {table[units[unit]][line]!r} is no "
            "number; every code needs all of them"
        )
    return table.drop(columns=units), codes
