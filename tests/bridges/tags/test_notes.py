"""How far a bridge is, as it reads it again."""

import msgspec
import pytest
from confluent_kafka import Producer

from stream_detector.bridges.joining.machine_rows import MachineNote
from stream_detector.bridges.tags.notes import BridgeNote, decode_note, read_note
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError, SettingsError
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka

NOTE = BridgeNote(
    topic="tags",
    next={"0": 9},
    rewind={"0": 7},
    clock_us=5,
    machines={"pm3": MachineNote(1, 2, "grade A", 3, "")},
)


def test_what_was_written_is_read() -> None:
    assert decode_note(msgspec.json.encode(NOTE)) == NOTE


def test_what_a_later_version_added_is_passed_over() -> None:
    later = {**msgspec.to_builtins(NOTE), "schema": "bridge-note/1.7", "more": 1}

    assert decode_note(msgspec.json.encode(later)).next == NOTE.next


def test_a_note_that_may_mean_something_else_is_refused_by_its_version() -> None:
    # All of it could be read: the version alone says that it must not.
    other = {**msgspec.to_builtins(NOTE), "schema": "bridge-note/2.0"}

    with pytest.raises(SettingsError, match=r"'bridge-note/2\.0', and this version reads .*1\.x"):
        decode_note(msgspec.json.encode(other))


@pytest.mark.parametrize("value", [b"{}", b"[]", b"no json"])
def test_what_is_no_note_is_told(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_note(value)


@pytest.mark.parametrize(
    "value",
    [b"{}", b'{"schema": "bridge-note/1.0", "topic": "\xff"}', b'{"more": ' + b"[" * 100_000],
    ids=["no note", "no UTF-8", "deep"],
)
def test_a_note_that_nobody_can_read_is_told_where_it_is_read(value: bytes) -> None:
    with EmbeddedKafka({"detector.bridges": 1}) as kafka:
        producer = Producer({"bootstrap.servers": kafka.bootstrap})
        producer.produce("detector.bridges", value, b"mill")
        assert producer.flush(30) == 0

        with pytest.raises(ServiceError, match="how far the bridge was cannot be read"):
            read_note(Settings(broker=kafka.bootstrap), "mill")
