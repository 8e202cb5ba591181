"""Dead letters of the bridges, which Kafka has to take whatever a sender wrote."""

from stream_detector.bridges.letters import Letters
from stream_detector.bridges.tags.tag_log import TagMessage
from stream_detector.connections.settings import Settings
from stream_detector.errors import RowError

SETTINGS = Settings(broker="kafka://localhost:9092")


def test_a_letter_says_where_it_came_from_and_why() -> None:
    message = TagMessage(2, 11, 1_795_317_000_000, b"PM3", b"?")

    found = Letters(SETTINGS).write("plant.tags", message, RowError("not-json", "it is none"))

    assert (found.topic, found.key, found.value) == ("detector.dead-letters", b"PM3", b"?")
    assert dict(found.headers) == {
        "topic": b"plant.tags",
        "partition": b"2",
        "offset": b"11",
        "reason_code": b"not-json",
        "reason": b"it is none",
    }


def test_a_letter_is_never_longer_than_kafka_takes() -> None:
    message = TagMessage(0, 1, 0, None, b"v" * 900_000)

    found = Letters(SETTINGS).write("plant", message, RowError("unborn", "\N{OHM SIGN}" * 600_000))

    n_bytes = len(found.value or b"") + sum(len(name) + len(value) for name, value in found.headers)
    assert n_bytes < 950_000
    assert dict(found.headers)["reason"].decode() == "\N{OHM SIGN}" * 1_000


def test_a_value_that_is_too_long_is_left_out_and_its_length_told() -> None:
    message = TagMessage(0, 1, 0, None, b"v" * 900_001)

    found = Letters(SETTINGS).write("plant", message, RowError("too-large", "it has more"))

    assert found.value is None
    assert dict(found.headers)["value_left_out"] == b"900001"
