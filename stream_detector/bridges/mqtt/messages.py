"""What MQTT messages say: tag rows, and letters for those that cannot be used."""

import re
from typing import Final, NamedTuple

from stream_detector.bridges.journal.journaled import Letter
from stream_detector.bridges.mqtt.sparkplug import NAMESPACE, EdgeNodes
from stream_detector.bridges.rows import MAX_TAG, Decode, TagRow
from stream_detector.errors import RowError

_NUMBER: Final = re.compile(rb"[ \t\r\n]*-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?[ \t\r\n]*")
"""As in JSON (RFC 8259): Python alone would take 1_000 for a number."""


class Arrived(NamedTuple):
    """A message, and how the broker sent it."""

    topic: str
    payload: bytes
    received_us: int
    """When it came, microseconds since 1970."""
    is_retained: bool = False
    """The broker had kept it for whoever subscribes; it may be of any age."""
    is_repeat: bool = False
    """The broker may have sent it before."""


class MqttMessages:
    """Reads messages in their order.

    Parameters
    ----------
    decode : Decode
        Reads what is neither Sparkplug B nor a number.
    numbers_arrive : bool
        Whether a number alone is a value of the time when it came, its topic being the tag.
    max_skew_us : int
        A time so much newer than that of its arrival comes from a wrong clock.

    Examples
    --------
    >>> messages = MqttMessages(lambda value, *, topic: [], numbers_arrive=True, max_skew_us=0)
    >>> messages.take(Arrived("mill/pm3/speed", b"812.5", received_us=1))
    [TagRow(tag='mill/pm3/speed', time_us=1, value=812.5)]
    """

    def __init__(self, decode: Decode, *, numbers_arrive: bool, max_skew_us: int) -> None:
        self.nodes = EdgeNodes(max_skew_us=max_skew_us)
        self._decode = decode
        self._numbers_arrive = numbers_arrive
        self._letters: list[Letter] = []

    def take(self, message: Arrived) -> list[TagRow]:
        """Give the rows of the next message; what cannot be used is a letter."""
        try:
            if message.topic.startswith(f"{NAMESPACE}/"):
                heard = self.nodes.take(
                    message.topic,
                    message.payload,
                    received_us=message.received_us,
                    is_repeat=message.is_repeat,
                )
                for error in heard.left_out:
                    self._refuse(message, error)
                return heard.rows
            return self._read(message)
        except RowError as error:
            self._refuse(message, error)
            return []

    def letters(self) -> list[Letter]:
        """Give, once, the letters since the last time."""
        letters, self._letters = self._letters, []
        return letters

    def _read(self, message: Arrived) -> list[TagRow]:
        if self._numbers_arrive:
            number = _number(message.payload)
            if number is not None:
                if message.is_retained:
                    return []
                if len(message.topic) > MAX_TAG:
                    raise RowError(
                        "tag",
                        f"the topic is a tag, but has {len(message.topic)} characters, "
                        f"expected {MAX_TAG} at most",
                    )
                return [TagRow(message.topic, message.received_us, number)]
        return self._decode(message.payload, topic=message.topic)

    def _refuse(self, message: Arrived, error: RowError) -> None:
        self._letters.append(Letter(message.topic, message.payload, error.code, error.reason))


def _number(payload: bytes) -> float | None:
    """Read a payload that is a number and nothing else; None if it is something else."""
    return float(payload) if _NUMBER.fullmatch(payload) else None
