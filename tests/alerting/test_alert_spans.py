"""When alerts stood, from what was told of them."""

from collections.abc import Iterable

from stream_detector.alerting.alert_spans import AlertSpan, alert_spans
from stream_detector.alerting.news import AlertNews, decode_news
from tests.alerting.judged import at
from tests.alerting.told import alert, alert_id


def news(messages: Iterable[bytes]) -> list[AlertNews]:
    decoded = map(decode_news, messages)
    return [one[0] for one in decoded if isinstance(one, tuple)]


def test_an_alert_stands_from_its_raise_to_its_clear_each_time() -> None:
    told = [
        alert("raised", 10, seq=1, raised=10),
        alert("updated", 14, seq=2, raised=10),
        alert("cleared", 20, seq=3, raised=10),
        alert("raised", 30, seq=4, raised=10),
        alert("cleared", 34, seq=5, raised=10),
        alert("raised", 12, seq=1, raised=12, machine="pm4"),
    ]

    spans = (
        AlertSpan(alert_id(10), at(10), at(20)),
        AlertSpan(alert_id(10), at(30), at(34)),
    )
    assert alert_spans(news(told), "pm3") == spans
    assert alert_spans(news([*told[:3], *told]), "pm3") == spans, "repeats change nothing"


def test_an_alert_that_nobody_heard_being_raised_says_itself_when_it_was() -> None:
    told = [alert("updated", 14, seq=7, raised=10)]

    assert alert_spans(news(told), "pm3") == (AlertSpan(alert_id(10), at(10), None),)
