"""When a machine's alerts stood, from what was told of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from stream_detector.alerting.news import AlertNews


@dataclass(frozen=True)
class AlertSpan:
    """A time during which an alert stood; ``cleared`` is None where it still does."""

    alert_id: str
    raised: datetime
    cleared: datetime | None


def alert_spans(news: Iterable[AlertNews], machine: str) -> tuple[AlertSpan, ...]:
    """Follow the alerts of a machine; repeats change nothing.

    What was raised before the first message says so itself: each names its raise.

    Parameters
    ----------
    news : iterable of AlertNews
        In the order in which it was told.
    machine : str
    """
    found: dict[tuple[str, datetime], AlertSpan] = {}
    standing: dict[str, datetime] = {}
    newest: dict[str, int] = {}
    for one in news:
        if one.machine != machine or one.seq <= newest.get(one.alert_id, 0):
            continue
        newest[one.alert_id] = one.seq
        # One that returns within its cooldown is raised anew, under the same name.
        raised = one.event_time if one.event == "raised" else one.raised_at
        raised = standing.setdefault(one.alert_id, raised)
        cleared = one.event_time if one.event == "cleared" else None
        found[one.alert_id, raised] = AlertSpan(one.alert_id, raised, cleared)
        if cleared is not None:
            del standing[one.alert_id]
    return tuple(sorted(found.values(), key=lambda span: (span.raised, span.alert_id)))
