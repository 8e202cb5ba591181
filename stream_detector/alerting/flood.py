"""More alerts than anybody can look at.

Alerts of low priority that are raised in a flood are held back: nobody is called for each
of them, for one summary lists them all. Time is Kafka's.

References
----------
ANSI/ISA-18.2-2016, "Management of Alarm Systems for the Process Industries"; alarm flood:
section 16.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from stream_detector.alerting.alert_state import MAX_HELD_BACK, Flood
from stream_detector.alerting.rules import Priority

PERIOD: Final = timedelta(minutes=10)

MOST_RAISED: Final = 10
"""More in a period are a flood ..."""

FEWEST_RAISED: Final = 5
"""... until there are fewer than this."""


class FloodWatch:
    """Sees floods begin and end.

    Parameters
    ----------
    flood : Flood, optional
        The one that is or was last.
    raised : iterable of datetime
        When alerts were raised before.

    Examples
    --------
    >>> from datetime import UTC
    >>> watch, at = FloodWatch(), datetime(2026, 11, 22, 3, tzinfo=UTC)
    >>> for n in range(11):
    ...     held_back = watch.note_raise(f"alert {n}", "low", at)
    >>> held_back, watch.flood.alerts
    (True, ('alert 10',))
    >>> watch.end(at + timedelta(minutes=11)).active
    False
    """

    def __init__(self, flood: Flood | None = None, raised: Iterable[datetime] = ()) -> None:
        self.flood = flood
        # The eleventh last decides whether there are more than ten.
        self._raised = deque(sorted(raised), maxlen=MOST_RAISED + 1)

    def note_raise(self, alert_id: str, priority: Priority, at: datetime) -> bool:
        """Take in that an alert was raised; tell whether it is held back."""
        self._raised.append(at)
        flood = self.flood
        if flood is not None and flood.active:
            flood = replace(flood, n_raised=flood.n_raised + 1)
        elif self._within(at, MOST_RAISED + 1):
            n_raised = len(self._raised)
            flood = Flood(active=True, began_at=at, ended_at=None, n_raised=n_raised, alerts=())
        else:
            return False
        held_back = priority == "low"
        if held_back and alert_id not in flood.alerts and len(flood.alerts) < MAX_HELD_BACK:
            flood = replace(flood, alerts=(*flood.alerts, alert_id))
        self.flood = flood
        return held_back

    def end(self, now: datetime) -> Flood | None:
        """Give the flood that is over now, if one was."""
        if self.flood is None or not self.flood.active or self._within(now, FEWEST_RAISED):
            return None
        self.flood = replace(self.flood, active=False, ended_at=now)
        return self.flood

    def _within(self, now: datetime, count: int) -> bool:
        """Whether so many were raised in the period before now."""
        return len(self._raised) >= count and now - self._raised[-count] < PERIOD
