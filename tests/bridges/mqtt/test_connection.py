"""The connection to a broker, where something comes of it that should not."""

import asyncio
import threading

import pytest

from stream_detector.bridges.mqtt.connection import Delivered, NewSession
from stream_detector.errors import ServiceError
from tests.bridges.mqtt.small_broker import CONNECTED, SUBSCRIBED, broker, connection_to
from tests.waiting import wait_until

IN_LATIN_1 = b"\x30\x08\x00\x05m\xfchle7"
"""The message 7 of a topic that is no UTF-8."""


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


def test_a_broker_that_goes_has_closed_the_connection() -> None:
    async def scene(port: int) -> None:
        stop, connection = asyncio.Event(), connection_to(port)
        running = asyncio.create_task(connection.run(stop))
        closed = "the connection was closed"
        await asyncio.to_thread(wait_until, lambda: connection.fault == closed, closed)
        stop.set()
        await running

    with broker(CONNECTED, SUBSCRIBED, then_goes=True) as port:
        asyncio.run(scene(port))
