"""An OPC UA server -> tag rows in the journal, with a server of asyncua's and its machine."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from asyncua.ua.status_codes import StatusCodes

from stream_detector.bridges.configuration import OpcUaTable
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.opcua.source import OpcUaSource
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from tests.bridges.healths import mill
from tests.bridges.opcua.machine import DRAW, GRADE, SPEED, machine
from tests.end_to_end.server import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ALL = (SPEED, DRAW, GRADE)


def table(port: int, **more: Any) -> OpcUaTable:
    quick = {"sampling_interval_ms": 20.0, "publishing_interval_ms": 50.0, "repeat_seconds": 3600.0}
    url = f"opc.tcp://127.0.0.1:{port}/"
    return OpcUaTable.model_validate(quick | {"url": url, "security": "none"} | more)


class Written:
    """What stands in a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def rows(self, tag: str) -> list[TagRow]:
        return [row for row in self._journal.read(0, limit=100_000).rows if row.tag == tag]

    def values(self, tag: str) -> list[object]:
        return [row.value for row in self.rows(tag)]


async def until(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what, limit_seconds=20)


@asynccontextmanager
async def bridge(
    folder: Path,
    settings: OpcUaTable,
    access: SourceSettings | None = None,
    tags: tuple[str, ...] = ALL,
) -> AsyncIterator[Written]:
    stop = asyncio.Event()
    with Journal(folder / "journal", max_bytes=10_000_000) as journal:
        source = OpcUaSource(settings, access or SourceSettings(), tags, journal, mill())
        task = asyncio.create_task(source.run(stop))
        try:
            yield Written(journal)
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task


def test_values_arrive_with_the_time_of_their_source(tmp_path: Path) -> None:
    async def story() -> None:
        port = free_port()
        async with machine(port) as pm3, bridge(tmp_path, table(port)) as written:
            await until(lambda: written.values(SPEED) == [800.0], "first value")
            await until(lambda: written.values(GRADE) == ["G42"], "a text")
            await pm3.says(SPEED, 812.5)
            await pm3.says(DRAW, float("nan"))
            await until(lambda: written.values(SPEED) == [800.0, 812.5], "change")
            await until(lambda: written.values(DRAW) == [2.0, None], "NaN is no data")
            await pm3.says(SPEED, 812.5, status=StatusCodes.BadSensorFailure)
            await until(lambda: written.values(SPEED) == [800.0, 812.5, None], "bad status")
            first, second, _ = written.rows(SPEED)
            assert first.time_us < second.time_us

    asyncio.run(story())


def test_steady_values_end_with_the_server_and_go_on_when_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        port = free_port()
        async with bridge(tmp_path, table(port, repeat_seconds=0.3)) as written:
            async with machine(port):
                await until(lambda: len(written.rows(SPEED)) > 3, "repeats")
            times = [row.time_us for row in written.rows(SPEED)]
            assert times == sorted(set(times))
            stopped_us = time.time_ns() // 1000
            # Its server takes a second or more to come: three repeats would have come.
            async with machine(port, speed=700.0) as pm3:
                await until(lambda: written.values(SPEED)[-1] == 700.0, "subscribed again")
                await pm3.says(SPEED, 812.5)
                await until(lambda: written.values(SPEED)[-1] == 812.5, "later data")
            last_of_first = [row for row in written.rows(SPEED) if row.value == 800.0][-1]
            assert last_of_first.time_us < stopped_us

    asyncio.run(story())


def test_what_the_disk_does_not_take_is_taken_later_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def seen(*arguments: object, **options: object) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))  # type: ignore[call-overload]
        return opened[-1]

    async def story() -> None:
        port = free_port()
        async with machine(port) as pm3, bridge(tmp_path, table(port)) as written:
            await until(lambda: written.values(SPEED) == [800.0], "first value")
            opened[0].execute("PRAGMA query_only = 1")
            await pm3.says(SPEED, 812.5)
            await until(lambda: "journal.refuses" in [one["event"] for one in told], "it is said")
            await pm3.says(SPEED, 813.5)
            opened[0].execute("PRAGMA query_only = 0")
            await until(lambda: written.values(SPEED) == [800.0, 812.5, 813.5], "all of it")

    monkeypatch.setattr(sqlite3, "connect", seen)
    with structlog.testing.capture_logs() as told:
        asyncio.run(story())


def test_nodes_that_the_server_does_not_know_are_named_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        port = free_port()
        tags = (SPEED, "ns=2;s=PM3.Nothing", "speed")
        async with machine(port), bridge(tmp_path, table(port), tags=tags) as written:
            await until(lambda: written.values(SPEED) == [800.0], "first value")

    with structlog.testing.capture_logs() as told:
        asyncio.run(story())

    named = {line["reason"]: line["nodes"] for line in told if line["event"] == "nodes.refused"}
    assert named == {"BadNodeIdUnknown": "'ns=2;s=PM3.Nothing'", "no node id": "'speed'"}


def test_a_server_that_keeps_silent_does_not_answer(tmp_path: Path) -> None:
    """It is there, as one is that hangs."""

    async def story() -> None:
        stop, health = asyncio.Event(), mill()
        with (
            socket.create_server(("127.0.0.1", 0)) as silent,
            Journal(tmp_path / "journal", max_bytes=10_000_000) as journal,
        ):
            source = OpcUaSource(
                table(silent.getsockname()[1]), SourceSettings(), ALL, journal, health
            )
            task = asyncio.create_task(source.run(stop))
            await until(lambda: health.source_fault, "it is told")
            stop.set()
            await task
        assert health.source_fault == "it does not answer"

    asyncio.run(story())
