"""``bridge check`` where the source gives nothing, or not all: it says what to look at."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from stream_detector.bridges.check import check
from stream_detector.command_line import Finding
from stream_detector.connections.settings import Settings
from tests.bridges.mqtt.small_broker import CONNECTED, SUBSCRIBED, broker
from tests.bridges.opcua.machine import DRAW, SPEED, machine
from tests.end_to_end.server import free_port

CONFIGURATION = """\
name = "mill"
mapping = "tags.csv"

[machines."*"]
cadence_seconds = 1
hold_seconds = 60
lateness_seconds = 0

"""
MQTT = """\
[mqtt]
host = "127.0.0.1"
port = {port}
topics = ["mill/#"]
"""
OPCUA = """\
[opcua]
url = "opc.tcp://127.0.0.1:{port}/"
security = "none"
sampling_interval_ms = 100
publishing_interval_ms = 100
"""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_detector.connections.kafka._METADATA_SECONDS", (0.1,))
    monkeypatch.setattr("stream_detector.bridges.check._READ_SECONDS", 1.0)


def checked(folder: Path, source: str, *tags: str) -> list[Finding]:
    (folder / "mill.toml").write_text(CONFIGURATION + source)
    lines = [f"{tag},pm3,s{number}\n" for number, tag in enumerate(tags)]
    (folder / "tags.csv").write_text("tag,machine,sensor\n" + "".join(lines))
    settings = Settings(broker="127.0.0.1:1", redis_url=SecretStr("redis://redis"))
    return list(check(settings, folder / "mill.toml"))


def test_a_broker_that_is_away_is_the_fault(tmp_path: Path) -> None:
    port = free_port()

    *_, last = checked(tmp_path, MQTT.format(port=port), "SPEED")

    assert (last.subject, last.fault) == (
        "source",
        f"the MQTT broker at 127.0.0.1:{port} gives nothing: Connection refused; start it, or "
        "correct mqtt.host and mqtt.port",
    )


def test_where_nothing_was_heard_no_names_are_to_be_compared(tmp_path: Path) -> None:
    with broker(CONNECTED, SUBSCRIBED) as port:
        *_, last = checked(tmp_path, MQTT.format(port=port), "SPEED")

    assert (last.subject, last.fault) == (
        "source",
        "nothing was heard; see whether the plant sends, and what the source's table names",
    )


def test_messages_of_other_tags_are_a_fault_of_names(tmp_path: Path) -> None:
    message = b'{"tag": "DRAW", "time": "2026-11-22T03:10:00Z", "value": 1}'
    sent = bytes((0x30, 5 + len(message), 0, 3)) + b"m/a" + message
    with broker(CONNECTED, SUBSCRIBED + sent) as port:
        *_, last = checked(tmp_path, MQTT.format(port=port), "SPEED")

    assert last.fault == (
        "1 row in 1 message; not mapped: 'DRAW'; mapped, but without a row: 'SPEED'; none is of a "
        "mapped tag; compare the tags' names"
    )


def test_nodes_that_a_server_refuses_are_a_fault_and_those_without_data_are_named(
    tmp_path: Path,
) -> None:
    async def story() -> list[Finding]:
        port = free_port()
        async with machine(port) as pm3:
            await pm3.says(DRAW, float("nan"))
            tags = (SPEED, DRAW, "ns=2;s=Gone", "ns=2;s=Lost")
            return await asyncio.to_thread(checked, tmp_path, OPCUA.format(port=port), *tags)

    _, _, _, source, *readings = asyncio.run(story())

    assert source.fault is not None
    assert f"mapped, but without any data (null, bad, or no single value): {DRAW!r}" in source.fault
    assert source.fault.endswith(
        "refused by the server: 'ns=2;s=Gone', 'ns=2;s=Lost' (BadNodeIdUnknown); correct the "
        "mapping"
    )
    assert readings
