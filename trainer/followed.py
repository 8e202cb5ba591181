"""How many alerts an outcome followed, beside moments drawn at random."""

from typing import NamedTuple

import numpy as np


class Followed(NamedTuple):
    """Alerts that an outcome followed within a span, beside scored rows that one followed as soon.

    Of both only those count of which it is known. Where stretches are labelled, not outcomes:
    those that lie in one, at most so long after its begin.
    """

    n_followed: int
    n_alerts: int
    n_near: int
    n_rows: int

    @property
    def share(self) -> float:
        """How many of the alerts; NaN without one."""
        return self.n_followed / self.n_alerts if self.n_alerts else np.nan

    @property
    def by_chance(self) -> float:
        """How many of as many moments drawn at random; NaN without a row."""
        return self.n_near / self.n_rows if self.n_rows else np.nan
