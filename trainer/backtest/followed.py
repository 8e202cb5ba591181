"""How many alerts an event followed, beside moments drawn at random."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.backtest.judging import Judged


class Followed(NamedTuple):
    """Alerts that an event followed within a horizon, beside rows that one followed as soon.

    Of labelled stretches: that lie in one, at most so long after its begin.
    """

    n_followed: int
    n_alerts: int
    """Those of which it is known."""
    n_near: int
    n_rows: int
    """Scored ones."""

    @property
    def share(self) -> float:
        """How many of the alerts; NaN without one."""
        return self.n_followed / self.n_alerts if self.n_alerts else np.nan

    @property
    def by_chance(self) -> float:
        """How many of as many moments drawn at random."""
        return self.n_near / self.n_rows


def follow(judged: Judged, near: NDArray[np.bool_], *, known: NDArray[np.bool_]) -> Followed:
    """Count the alerts raised on rows that are near enough to an event, and those rows.

    Parameters
    ----------
    judged : Judged
        Of n rows.
    near, known : bool arrays, shape (n,)
        An event follows soon enough; whether one does is known.
    """
    alerts = judged.raised & known
    return Followed(
        n_followed=int((alerts & near).sum()),
        n_alerts=int(alerts.sum()),
        n_near=int((near & judged.scored).sum()),
        n_rows=int(judged.scored.sum()),
    )
