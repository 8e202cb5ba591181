"""How often a machine's scores come, since when none did, and what time it is for the machine."""

from collections import deque
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Final

_N_SCORES: Final = 32
_LEAST_SCORES: Final = 4
"""Of fewer, nobody knows what is usual."""


class Pulse:
    """The times of a machine's newest scores, by the machine and by Kafka; seconds since 1970."""

    def __init__(self) -> None:
        self._event_times: deque[float] = deque(maxlen=_N_SCORES)
        self._arrivals: deque[float] = deque(maxlen=_N_SCORES)
        self._newest_reading = (0.0, 0.0)
        """Its time by the machine and by Kafka."""
        self._longest: float | None = None
        """Worked out when it is asked for: each page asks every second, of all machines."""

    def take(self, event_time: float, *, received_at: float) -> None:
        """Take in that a newer score came."""
        self._event_times.append(event_time)
        self._arrivals.append(received_at)
        self._longest = None

    def take_reading(self, event_time: float, *, received_at: float) -> None:
        """Take in that a newer reading came, judged or not."""
        self._newest_reading = event_time, received_at

    def longest_silence(self) -> float | None:
        """Give the seconds that may pass without a score; None where too few came to tell.

        Five of the usual steps and 10 s may. A step is the middle one of the last ones between
        two scores, by Kafka's clock or the machine's, whichever is longer: what was held up
        comes all at once.
        """
        if self._longest is None and len(self._arrivals) >= _LEAST_SCORES:
            step = max(_usual_step(self._arrivals), _usual_step(self._event_times))
            self._longest = 5 * step + 10
        return self._longest

    def silent_since(self, now: float, *, unless_known: float | None = None) -> float | None:
        """Tell since when nothing came that should have; None while all is as usual.

        Of a reading that was judged late, as a worker was away, it is when the reading came.

        Parameters
        ----------
        now : float
        unless_known : float or None
            The longest silence where too few scores came to tell; with None, none is too long.
        """
        longest = self.longest_silence() or unless_known
        if longest is None or not self._arrivals:
            return None
        since = self._arrivals[-1]
        read_at, received_at = self._newest_reading
        if read_at >= self._event_times[-1]:
            since = min(since, received_at)
        return since if now - since > longest else None

    def machine_time(self, now: float) -> datetime:
        """Give the machine's time at a time of Kafka's: it goes on since the newest score.

        The two differ where a recording is played. Without any score they are taken for the same.
        """
        ahead = self._event_times[-1] - self._arrivals[-1] if self._arrivals else 0.0
        return datetime.fromtimestamp(now + ahead, UTC)


def _usual_step(times: deque[float]) -> float:
    return median(b - a for a, b in pairwise(times))
