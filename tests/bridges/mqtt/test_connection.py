"""The connection to a broker, where something comes of it that should not."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from stream_detector.bridges.configuration import MqttTable
from stream_detector.bridges.mqtt.connection import Delivered, MqttConnection, NewSession
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import ServiceError

CONNECTED = b"\x20\x02\x00\x00"
SUBSCRIBED = b"\x90\x03\x00\x01\x01"
IN_LATIN_1 = b"\x30\x08\x00\x05m\xfchle7"
"""The message 7 of a topic that is no UTF-8."""


@contextmanager
def broker(*answers: bytes) -> Iterator[int]:
    """One that takes a client, gives these answers to what it says, and then keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client, suppress(ConnectionError):
                for answer in answers:
                    client.recv(4096)
                    client.sendall(answer)
                while client.recv(4096):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


def connection_to(port: int, topic: str = "mill/#") -> MqttConnection:
    """Also with a topic that no configuration may have."""
    table = MqttTable.model_construct(host="127.0.0.1", port=port, tls=False, topics=[topic])
    return MqttConnection(table, SourceSettings(), "mill")


def test_a_thread_that_dies_ends_the_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: told.set())

    async def scene(port: int) -> None:
        async with asyncio.timeout(10):
            await connection_to(port, topic="mill/#/x").run(asyncio.Event())

    with (
        broker(CONNECTED) as port,
        pytest.raises(ServiceError, match=rf"127\.0\.0\.1:{port} broke off with the error above"),
    ):
        asyncio.run(scene(port))
    # What it died of, for whoever mends it.
    assert told.wait(5)


def test_a_message_whose_topic_is_no_utf8_is_taken_all_the_same() -> None:
    """It would come again and again to a bridge that fails at it."""

    async def scene(port: int) -> Delivered | NewSession:
        stop, connection = asyncio.Event(), connection_to(port)
        running = asyncio.create_task(connection.run(stop))
        found: list[Delivered | NewSession] = []
        async with asyncio.timeout(10):
            while not any(isinstance(one, Delivered) for one in found):
                assert not running.done(), running.result()
                found = await asyncio.to_thread(connection.take, 10)
            stop.set()
            await running
        return found[-1]

    with broker(CONNECTED, SUBSCRIBED + IN_LATIN_1) as port:
        told = asyncio.run(scene(port))

    assert isinstance(told, Delivered)
    assert (told.message.topic, told.message.payload) == ("m�hle", b"7")
