"""What a head remembers of each machine: the last rows of its run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.head import HeadRows
from stream_detector.detection.intake import Rows
from stream_detector.detection.packed import cut_rows
from stream_detector.detection.scored import Scored
from stream_detector.detection.state import DetectorState


def follow_runs(
    scored: Sequence[Scored],
    rows: Rows,
    deviations: NDArray[np.float32],
    states: Sequence[DetectorState],
) -> list[HeadRows]:
    """Let the rows of a batch enter the memory of their machines, in order; training does, too.

    A sensor that was left out stays where the reading before had it. Its conditional
    mean, which stands for it elsewhere, follows levels that the machine has drifted away
    from, so the jump there and back would look like unrest.

    Parameters
    ----------
    scored : sequence of Scored
        The batch.
    rows : Rows
        Those n of it that can be scored.
    deviations : float32 array, shape (n, p)
        Scaled and clipped.
    states : sequence of DetectorState
        Of each reading's machine.

    Returns
    -------
    list of HeadRows, length n
    """
    found = []
    levels, deviated = cut_rows(rows.windows[:, -1]), cut_rows(deviations)
    for k, i in enumerate(rows.indices):
        one, state, level = scored[i], states[i], levels[k]
        memory, times = state.head_rows, state.head_times
        if one.first_of_run:
            memory.clear()
            times.clear()
        elif (missing := rows.left_out.get(k)) is not None:
            level = _hold(level, memory[-1], missing)
        memory.append(level + deviated[k])
        times.append(one.reading.time)
        one.head_start = times[0]
        found.append(tuple(memory))
    return found


def _hold(level: bytes, before: bytes, missing: NDArray[np.bool_]) -> bytes:
    now, last = (np.frombuffer(row, np.float32, count=missing.size) for row in (level, before))
    return np.where(missing, last, now).tobytes()
