"""From the messages that were read together to rows: one step, however long it takes."""

from stream_detector.bridges.rows import TagRow
from stream_detector.bridges.tags.bridge import read_entries
from stream_detector.bridges.tags.tag_log import TagMessage
from stream_detector.errors import RowError
from tests.bridges.healths import mill


def test_each_message_of_a_long_step_counts_as_progress() -> None:
    """A slow registry may be asked for each: that is no standstill, refused or not."""
    health = mill()
    health.n_waiting = 3
    seen = []

    def decode(value: bytes, *, topic: str) -> list[TagRow]:
        seen.append(health.got_on_at)
        if value == b"bad":
            raise RowError("unknown-schema", "none")
        return [TagRow(topic, 1, 2.0)]

    messages = [TagMessage(0, at, 5, None, value) for at, value in enumerate([b"bad", b"", b""])]
    entries, refused = read_entries(messages, decode, topic="tags", health=health)

    assert [len(entry.rows) for entry in entries] == [0, 1, 1]
    assert list(refused) == [0]
    assert seen[0] == 0.0 < seen[1] <= seen[2]
    assert health.n_waiting == 3
