"""A plant's ledger, told by hand; times are minutes after three o'clock."""

from collections.abc import Iterable

from stream_detector.alerting.ledger import Ledger
from stream_detector.alerting.news import OutcomeNews, decode_news
from tests.alerting.judged import at
from tests.alerting.told import RULES, alert, outcome


def told(ledger: Ledger, messages: Iterable[bytes], *, late: float = 0) -> Ledger:
    """Tell a ledger these; Kafka's time is the machine's, so many minutes later."""
    for data in messages:
        news = decode_news(data)
        assert news is not None
        if isinstance(news, OutcomeNews):
            ledger.fold_outcome(news, news.event_time + (at(late) - at(0)))
        else:
            ledger.fold(*news, news[0].event_time + (at(late) - at(0)))
    return ledger


def stood(
    *times: tuple[float, float | None],
    machine: str = "pm3",
    rule: str = "sheet-break",
    priority: str = "medium",
    reason: str = "returned-to-normal",
) -> list[bytes]:
    """Alerts, each raised and cleared at these minutes."""
    of = {"machine": machine, "rule": rule, "priority": priority}
    messages = []
    for raised, cleared in times:
        messages.append(alert("raised", raised, seq=1, raised=raised, **of))
        if cleared is not None:
            messages.append(alert("cleared", cleared, seq=2, raised=raised, reason=reason, **of))
    return messages


def warned(raised: float, happened: float, *, machine: str = "pm3") -> list[bytes]:
    """An alert that an outcome closes."""
    return [
        *stood((raised, happened), machine=machine, reason="outcome"),
        outcome(happened, machine=machine),
    ]


def ledger(*messages: bytes) -> Ledger:
    return told(Ledger(RULES), messages)
