"""Dead letters: what a bridge could not use, as it came, with the reason."""

from typing import Final

from stream_detector.bridges.tags.tag_log import TagMessage
from stream_detector.connections.refusal_log import RefusalLog, shown
from stream_detector.connections.settings import Settings
from stream_detector.connections.transactions import TopicMessage
from stream_detector.errors import RowError
from stream_detector.pipeline.messages import dead_letter
from stream_detector.pipeline.readings import Record, kafka_time

LONGEST_LETTER_BYTES: Final = 900_000
"""A transaction fails as a whole for one message that is too long; every Kafka takes 1 MB."""

_LONGEST_REASON: Final = 1000
"""Characters. A reason may name what a sender named, who sets no limit to himself."""


class Letters:
    """Writes dead letters, and says so in the log.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.dead_letters_topic
        self._refusals = RefusalLog("rows.refused")

    def write(self, topic: str, message: TagMessage, error: RowError) -> TopicMessage:
        """Write the dead letter of a message; one that is too long goes without its value."""
        partition, offset, stamp_ms, key, value = message
        self._refusals.note(error, topic=topic, partition=partition, offset=offset, key=shown(key))
        record = Record(topic, partition, offset, kafka_time(stamp_ms), key, value)
        output = dead_letter(record, RowError(error.code, error.reason[:_LONGEST_REASON]))
        if value is not None and len(value) > LONGEST_LETTER_BYTES:
            left_out = ("value_left_out", str(len(value)).encode())
            output = output._replace(value=None, headers=(*output.headers, left_out))
        return TopicMessage(self._topic, output.key, output.value, headers=output.headers)

    def tell(self, *, now: float) -> None:
        """Tell in the log of those that nothing was said of; ``now`` is in seconds."""
        self._refusals.tell(now=now)
