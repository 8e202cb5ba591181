"""Which alerts were told to be open, by readings up to an offset."""

import pytest
from aiokafka import TopicPartition

from stream_detector.worker.told_alerts import ToldAlerts
from tests.alerting.told import alert, outcome

PLACE = TopicPartition("sensor.readings", 3)

Headers = list[tuple[str, bytes]]


def headers(offset: int, *, partition: int = 3) -> Headers:
    said = {
        "ce_subject": "pm3",
        "evidence_topic": "sensor.readings",
        "evidence_partition": str(partition),
        "evidence_to_offset": str(offset),
    }
    return [(name, one.encode()) for name, one in said.items()]


def open_of(*messages: tuple[str, Headers], machine: str = "pm3") -> list[tuple[str, int]]:
    """Event and number of what is open before offset 40."""
    found = ToldAlerts(PLACE, 40, {"pm3"})
    for seq, (event, said) in enumerate(messages, start=1):
        key = f"{machine}/sheet-break".encode()
        found.take(key, alert(event, seq, seq=seq, raised=0, machine=machine), said)
    return [(one.event, one.seq) for one in found.open]


def test_the_newest_message_counts() -> None:
    raised, updated = ("raised", headers(20)), ("updated", headers(30))

    assert open_of(raised, updated) == [("updated", 2)]
    assert open_of(raised, updated, ("cleared", headers(39))) == []


def test_what_readings_led_to_that_are_judged_again_counts_for_nothing() -> None:
    assert open_of(("raised", headers(40))) == []
    assert open_of(("raised", headers(20)), ("cleared", headers(40))) == [("raised", 1)]


def test_something_old_that_is_told_again_counts_for_nothing() -> None:
    assert open_of(("cleared", headers(30)), ("raised", headers(20))) == []


@pytest.mark.parametrize("said", [headers(20, partition=4), [], [("evidence_to_offset", b"x")]])
def test_what_others_told_counts_for_nothing(said: Headers) -> None:
    assert open_of(("raised", said)) == []
    assert open_of(("raised", headers(20)), machine="pm30") == []


def test_what_is_no_alert_is_passed_over() -> None:
    found = ToldAlerts(PLACE, 40, {"pm3"})
    for value in (outcome(1), b"nothing", None):
        found.take(b"pm3/sheet-break", value, headers(20))
    found.take(None, alert("raised", 1, seq=1, raised=0), headers(20))

    assert found.open == []
