"""paho's client, where it would keep silent: of a dead thread, and of an odd topic."""

from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode


class ListeningClient(Client):
    """Says when its thread ends, however it does."""

    died = False
    """Whether it ended with an error, which stands on stderr."""
    on_end: Callable[[], None]

    def loop_forever(self, *options: Any, **named: Any) -> MQTTErrorCode:
        """Work, in the thread that the client starts."""
        self.died = True
        try:
            ended = super().loop_forever(*options, **named)
            self.died = False
            return ended
        finally:
            self.on_end()


def topic_of(message: MQTTMessage) -> str:
    """Give the topic of a message; MQTT wants UTF-8, but not every broker looks."""
    try:
        return message.topic
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")
