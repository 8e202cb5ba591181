"""From a broker to the journal, while the schema registry is away."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import structlog

from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.mqtt.messages import MqttMessages
from stream_detector.bridges.mqtt.source import MqttSource
from stream_detector.bridges.rows import Decode, TagRow
from stream_detector.errors import RegistryAwayError, RowError
from tests.bridges.healths import mill
from tests.bridges.mqtt.small_broker import CONNECTED, SUBSCRIBED, broker, connection_to
from tests.waiting import wait_until

TWO = b"\x30\x06\x00\x03m/a1\x30\x06\x00\x03m/a2"
"""The messages 1 and 2 of one topic, sent together."""


def rows_of(
    folder: Path, decode: Decode, meanwhile: Callable[[Journal, BridgeHealth], Awaitable[None]]
) -> list[TagRow]:
    """Give what is in the journal when a source was stopped after what is done meanwhile."""

    async def scene(port: int, journal: Journal) -> None:
        stop, health = asyncio.Event(), mill()
        messages = MqttMessages(decode, numbers_arrive=False, max_skew_us=0)
        source = MqttSource(connection_to(port), messages, journal, health)
        running = asyncio.create_task(source.run(stop))
        async with asyncio.timeout(20):
            await meanwhile(journal, health)
            stop.set()
            await running

    with (
        broker(CONNECTED, SUBSCRIBED + TWO) as port,
        Journal(folder / "journal", max_bytes=10_000_000) as journal,
    ):
        asyncio.run(scene(port, journal))
        return journal.read(0, limit=100).rows


async def both_are_there(journal: Journal, _: BridgeHealth) -> None:
    def are_there() -> bool:
        return len(journal.read(0, limit=100).rows) == len(BOTH)

    await asyncio.to_thread(wait_until, are_there, "both rows")


def row(value: bytes) -> TagRow:
    return TagRow("m/a", 1, float(value))


BOTH = [row(b"1"), row(b"2")]


def test_each_message_is_taken_once_and_it_is_said_that_the_registry_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_detector.bridges.patience._RETRY_SECONDS", 0.02)
    answers = iter([True, False, False, True])

    def decode(value: bytes, *, topic: str) -> list[TagRow]:  # noqa: ARG001
        if not next(answers):
            raise RegistryAwayError("refused")
        return [row(value)]

    with structlog.testing.capture_logs() as told:
        assert rows_of(tmp_path, decode, both_are_there) == BOTH

    said = [line["event"] for line in told if line["event"].startswith("registry.")]
    assert said == ["registry.away", "registry.back"]


def test_all_else_goes_on_while_the_registry_is_asked(tmp_path: Path) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def decode(value: bytes, *, topic: str) -> list[TagRow]:  # noqa: ARG001
        is_asked.set()
        assert may_answer.wait(5), "all else stands still"
        return [row(value)]

    async def something_else(journal: Journal, health: BridgeHealth) -> None:
        await asyncio.to_thread(is_asked.wait, 10)
        may_answer.set()
        await both_are_there(journal, health)

    assert rows_of(tmp_path, decode, something_else) == BOTH


def test_the_bridge_can_be_stopped_while_the_registry_is_away(tmp_path: Path) -> None:
    """The broker keeps what is not acknowledged."""

    def decode(value: bytes, *, topic: str) -> list[TagRow]:  # noqa: ARG001
        raise RegistryAwayError("refused")

    async def it_is_told(_: Journal, health: BridgeHealth) -> None:
        await asyncio.to_thread(wait_until, lambda: health.faults, "the registry is away")

    assert rows_of(tmp_path, decode, it_is_told) == []


def test_what_is_refused_is_told_with_its_reason(tmp_path: Path) -> None:
    def decode(value: bytes, *, topic: str) -> list[TagRow]:  # noqa: ARG001
        raise RowError("unknown-schema", f"none of {value.decode()}")

    async def it_is_told(_: Journal, health: BridgeHealth) -> None:
        def both() -> bool:
            return health.only_refused is not None and health.only_refused.n_refused == len(BOTH)

        await asyncio.to_thread(wait_until, both, "both are refused")
        assert health.only_refused is not None
        assert health.only_refused.last == "unknown-schema: none of 2"

    assert rows_of(tmp_path, decode, it_is_told) == []
