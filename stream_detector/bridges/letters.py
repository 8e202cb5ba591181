"""Dead letters: what a bridge could not use, as it came, with the reason."""

from typing import Final

from stream_detector.bridges.tag_log import TagMessage
from stream_detector.connections.settings import Settings
from stream_detector.connections.transactions import TopicMessage
from stream_detector.errors import RowError
from stream_detector.pipeline.messages import dead_letter
from stream_detector.pipeline.readings import Record, kafka_time

LONGEST_LETTER_BYTES: Final = 900_000
"""A transaction fails as a whole for one message that is too long; every Kafka takes 1 MB."""

_LONGEST_REASON: Final = 1000
"""Characters. A reason may name what a sender named, who sets no limit to himself."""


def letter(settings: Settings, topic: str, message: TagMessage, error: RowError) -> TopicMessage:
    """Write the dead letter of a message; one that is too long goes without its value."""
    partition, offset, stamp_ms, key, value = message
    record = Record(topic, partition, offset, kafka_time(stamp_ms), key, value)
    output = dead_letter(record, RowError(error.code, error.reason[:_LONGEST_REASON]))
    if value is not None and len(value) > LONGEST_LETTER_BYTES:
        left_out = ("value_left_out", str(len(value)).encode())
        output = output._replace(value=None, headers=(*output.headers, left_out))
    return TopicMessage(
        settings.dead_letters_topic, output.key, output.value, headers=output.headers
    )
