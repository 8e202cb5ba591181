"""What there was to be warned of, and the rows at which a warning of it counts.

Of an outcome (a break): the rows of the same run at most a horizon before it. Of a labelled
stretch: its own rows at most a horizon after its begin, for nobody labelled what came before.
Either way the rows follow each other, so a window is the first of them and the one after the last.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.horizons import reach
from stream_detector.replay.recording import LabelKind
from trainer.backtest.judging import Judged
from trainer.history import stretches


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of m events among n judged rows.

    Parameters
    ----------
    begins, ends : int arrays, shape (m,)
        First row of each, and the one after its last; equal where it has none.
    at : int array, shape (m,)
        Row of each event: the outcome's, or the first of a stretch.
    """

    begins: NDArray[np.intp]
    ends: NDArray[np.intp]
    at: NDArray[np.intp]

    def holding(self, marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which windows hold a marked row, shape (m,)."""
        total = _running_total(marks)
        return total[self.ends] > total[self.begins]

    def first_held(self, marks: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Give the first marked row of each window that holds one, in order."""
        rows, held = np.flatnonzero(marks), self.holding(marks)
        return rows[np.searchsorted(rows, self.begins[held])]

    def by_chance(self, marks: NDArray[np.bool_]) -> float:
        """Share of windows that would hold a marked row if each lay at a random place.

        As many rows in each. This is the recall of an alarm that has nothing to do with the
        events, but is as frequent and as long as this one. NaN without an event.
        """
        total, n_rows = _running_total(marks), len(marks)
        lengths = self.ends - self.begins
        chances = {
            size: float((total[size:] > total[: n_rows + 1 - size]).mean()) if size else 0.0
            for size in set(lengths.tolist())
        }
        return (
            float(np.mean([chances[size] for size in lengths.tolist()])) if len(lengths) else np.nan
        )

    def rows(self, n_rows: int) -> NDArray[np.bool_]:
        """Mark the rows that lie in any window, shape (n_rows,)."""
        edges = np.zeros(n_rows + 1, np.intp)
        np.add.at(edges, self.begins, 1)
        np.add.at(edges, self.ends, -1)
        return edges.cumsum()[:-1] > 0


def windows_of(judged: Judged, kind: LabelKind, horizon: timedelta) -> Windows:
    """Find the events of a fold, and the rows at which a warning counts."""
    ahead = np.timedelta64(reach(horizon))
    if kind == "event":
        at = np.flatnonzero(judged.outcomes)
        run_begins = np.searchsorted(judged.run_numbers, judged.run_numbers[at])
        begins = np.maximum(np.searchsorted(judged.times, judged.times[at] - ahead), run_begins)
        return Windows(begins, at, at)
    whole = stretches_of(judged)
    last = np.searchsorted(judged.times, judged.times[whole.at] + ahead, side="right")
    return Windows(whole.begins, np.minimum(whole.ends, last), whole.at)


def stretches_of(judged: Judged) -> Windows:
    """Find the labelled stretches of a fold, each with all of its rows."""
    begins, ends = stretches(judged.labelled)
    return Windows(begins, ends, begins)


def _running_total(marks: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(marks, dtype=np.intp)])
