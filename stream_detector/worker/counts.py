"""What is counted while readings are judged: plain numbers, written once per batch.

Nothing here has a label per machine: 1,000 machines would be 1,000 series of each figure, and
some ten thousand for a distribution. What is told of all machines together is what an alarm or a
sizing needs; a machine's own scores are on the scores topic.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from stream_detector.pipeline.machine import Refusal, Verdict

_BATCH_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_SCORING_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
_DELAY_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600)
_RATIOS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5, 10)

DEAD_LETTER_CODES: Final = (
    *("empty", "too-large", "too-deep", "not-json", "invalid", "nothing", "clock"),
    *("too-many-machines", "poison"),
)
"""Each is counted from 0: to Prometheus, a first letter that begins a series is no increase."""


class Distribution:
    """How many values were at most how large.

    Parameters
    ----------
    bounds : sequence of float
        Ascending.

    Examples
    --------
    >>> seconds = Distribution((0.1, 1))
    >>> seconds.take([0.05, 0.1, 0.5, 7])
    >>> seconds.cumulative(), seconds.total
    ([('0.1', 2), ('1', 3), ('+Inf', 4)], 7.65)
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        """Of all values."""

    def take(self, values: Sequence[float]) -> None:
        """Count values."""
        # Without numpy: as quick for many values, and 30 µs less for one.
        bounds, counts = self._bounds, self._counts
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        self.total += sum(values)

    def cumulative(self) -> list[tuple[str, int]]:
        """Give the bounds, and how many values were at most as large."""
        names = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))


class Counts:
    """What became of the readings since the start."""

    def __init__(self) -> None:
        self.n_judged = 0
        """Readings that went through the model, scored or not."""
        self.dead_letters = Counter(dict.fromkeys(DEAD_LETTER_CODES, 0))
        """By reason code."""
        self.batch_sizes = Distribution(_BATCH_SIZES)
        self.scoring_seconds = Distribution(_SCORING_SECONDS)
        """Of the readings of one partition in a batch, decoding to verdicts."""
        self.delay_seconds = Distribution(_DELAY_SECONDS)
        """From Kafka's stamp of a reading until all that came of it was delivered."""
        self.score_ratios = Distribution(_RATIOS)
        """Score ÷ threshold in force: comparable over machines and models, as a score is not."""

    def judged(self, verdicts: Sequence[Verdict | Refusal], seconds: float) -> None:
        """Count what was made of readings, and how long it took."""
        refused = [one.error.code for one in verdicts if isinstance(one, Refusal)]
        self.dead_letters.update(refused)
        self.n_judged += len(verdicts) - len(refused)
        self.scoring_seconds.take([seconds])
        self.score_ratios.take(
            [
                judged.score / judged.in_force
                for one in verdicts
                if isinstance(one, Verdict)
                and (judged := one.anomaly).score is not None
                and judged.in_force
            ]
        )

    def delivered(self, stamps_ms: Sequence[int]) -> None:
        """Count a batch whose messages Kafka has, by its stamps of the readings."""
        now = time.time()
        self.batch_sizes.take([len(stamps_ms)])
        # A sender whose clock is ahead must not make the sum go back.
        self.delay_seconds.take([max(now - stamp / 1000, 0.0) for stamp in stamps_ms])
