"""An MQTT broker of a few lines, that says what a test tells it to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from stream_detector.bridges.configuration import MqttTable
from stream_detector.bridges.mqtt.connection import MqttConnection
from stream_detector.connections.source_settings import SourceSettings

CONNECTED = b"\x20\x02\x00\x00"
SUBSCRIBED = b"\x90\x03\x00\x01\x01"


@contextmanager
def broker(*answers: bytes, then_goes: bool = False) -> Iterator[int]:
    """One that takes a client, gives these answers to what it says, and then keeps silent, or goes.

    No other client is taken.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client, suppress(ConnectionError):
                for answer in answers:
                    client.recv(4096)
                    client.sendall(answer)
                while not then_goes and client.recv(4096):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


def connection_to(port: int, topic: str = "mill/#") -> MqttConnection:
    """Also with a topic that no configuration may have."""
    table = MqttTable.model_construct(host="127.0.0.1", port=port, tls=False, topics=[topic])
    return MqttConnection(table, SourceSettings(), "mill")
