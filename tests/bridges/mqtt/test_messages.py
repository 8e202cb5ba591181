"""What MQTT messages say, by their topic and payload."""

import pytest

from stream_detector.bridges.journal.journaled import Letter
from stream_detector.bridges.mqtt.messages import Arrived, MqttMessages
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError
from tests.bridges.mqtt.edge_node import EdgeNode


def as_text(value: bytes, *, topic: str) -> list[TagRow]:
    """A format of one kind of message, and of no other."""
    if not value.startswith(b"ok"):
        raise RowError("not-ok", "it does not begin with ok")
    return [TagRow(topic, 5, value.decode())]


@pytest.fixture
def messages() -> MqttMessages:
    return MqttMessages(as_text, numbers_arrive=True, max_skew_us=0)


def test_a_number_is_the_value_of_its_topic_when_it_came(messages: MqttMessages) -> None:
    rows = messages.take(Arrived("pm3/speed", b"-1.5e2", received_us=9))

    assert rows == [TagRow("pm3/speed", 9, -150.0)]


@pytest.mark.parametrize("payload", [b"0", b"-0.5", b"812.5", b"1E+3", b" 12\r\n", b"1e-7"])
def test_a_number_is_written_as_in_json(messages: MqttMessages, payload: bytes) -> None:
    (row,) = messages.take(Arrived("pm3/speed", payload, received_us=9))

    assert row.value == float(payload)


@pytest.mark.parametrize(
    "payload",
    [b"1_000", b"1,5", b"0x10", "٣".encode(), b"+5", b".5", b"5.", b"007", b"nan", b"-inf", b""],
)
def test_what_only_python_or_nobody_takes_for_a_number_is_a_letter(
    messages: MqttMessages, payload: bytes
) -> None:
    assert messages.take(Arrived("pm3/speed", payload, received_us=9)) == []
    assert [letter.code for letter in messages.letters()] == ["not-ok"]


def test_a_number_that_the_broker_had_kept_is_passed_over(messages: MqttMessages) -> None:
    assert messages.take(Arrived("pm3/speed", b"1", received_us=9, is_retained=True)) == []
    assert messages.letters() == []


def test_a_number_of_a_topic_that_is_too_long_for_a_tag_is_a_letter(messages: MqttMessages) -> None:
    messages.take(Arrived("t" * 1_000, b"1", received_us=9))
    assert messages.letters() == []

    assert messages.take(Arrived("t" * 1_001, b"1", received_us=9)) == []
    assert [letter.code for letter in messages.letters()] == ["tag"]


def test_what_is_no_number_is_read_as_the_format_says(messages: MqttMessages) -> None:
    rows = messages.take(Arrived("pm3/news", b"ok!", received_us=9, is_retained=True))

    assert rows == [TagRow("pm3/news", 5, "ok!")]


def test_a_number_is_read_as_the_format_says_where_it_has_no_time() -> None:
    messages = MqttMessages(as_text, numbers_arrive=False, max_skew_us=0)

    assert messages.take(Arrived("pm3/speed", b"1", received_us=9)) == []
    assert [letter.code for letter in messages.letters()] == ["not-ok"]


def test_what_cannot_be_read_is_a_letter_once(messages: MqttMessages) -> None:
    messages.take(Arrived("pm3/news", b"\xff", received_us=9))

    assert messages.letters() == [
        Letter("pm3/news", b"\xff", "not-ok", "it does not begin with ok")
    ]
    assert messages.letters() == []


def test_what_an_edge_node_had_kept_is_a_letter_beside_the_rows(messages: MqttMessages) -> None:
    node = EdgeNode("mill/pm3")
    births = messages.take(Arrived(*node.birth(1, speed=1.0), received_us=9))
    kept = node.data(2, historical=True, speed=2.0)

    assert births == [TagRow("mill/pm3/speed", 1_000, 1.0)]
    assert messages.take(Arrived(*kept, received_us=9)) == []
    assert [(one.topic, one.code) for one in messages.letters()] == [(kept.topic, "historical")]
