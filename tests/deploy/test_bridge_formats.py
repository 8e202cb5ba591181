"""The configurations of formats.md read the messages that stand beside them."""

import json
import re
from pathlib import Path

import pytest

from stream_detector.bridges.configuration import Configuration, read_configuration
from stream_detector.bridges.formats.opening import open_format
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from tests.bridges.formats.records import (
    AVRO_ROW,
    PROTO_TEXT,
    avro,
    framed,
    protobuf,
    write_descriptor,
)
from tests.bridges.formats.small_registry import SmallRegistry

PAGE = Path(__file__).resolve().parents[2] / "deploy/bridges/formats.md"
BLOCKS = re.findall(r"```(json|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
JSON = [text for kind, text in BLOCKS if kind == "json"]
TOML = [text for kind, text in BLOCKS if kind == "toml"]
T0 = 1_795_317_000_000_000  # 2026-11-22T03:10:00Z
MACHINES = """\
name = "mill"
mapping = "tags.csv"
[machines."*"]
cadence_seconds = 1
hold_seconds = 60
lateness_seconds = 2
"""


def configured(folder: Path, table: str) -> Configuration:
    (folder / "bridge.toml").write_text(MACHINES + table)
    return read_configuration(folder / "bridge.toml")


@pytest.mark.parametrize(
    ("message", "table", "rows"),
    list(
        zip(
            JSON,
            TOML,
            (
                [TagRow("PM3.SPEED", T0 + 250_000, 812.5)],
                [TagRow("PM3.SPEED", T0, 812.5)],
                [TagRow("PM3.SPEED", T0, 812.5), TagRow("PM3.DRAW", T0, None)],
            ),
            strict=False,
        )
    ),
)
def test_a_message_is_read_as_its_configuration_says(
    tmp_path: Path, message: str, table: str, rows: list[TagRow]
) -> None:
    settings = configured(tmp_path, table).format
    assert settings is not None

    assert open_format(settings, SourceSettings()).decode(message.encode(), topic="mill") == rows


def test_every_json_message_is_tried() -> None:
    assert (len(JSON), len(TOML)) == (3, 5)


@pytest.mark.parametrize("kind", ["avro", "protobuf"])
def test_a_record_is_read_with_a_registry(tmp_path: Path, kind: str) -> None:
    (table,) = (one for one in TOML if f'"{kind}"' in one)
    write_descriptor(tmp_path / "plant.desc")
    row = {"tag": "PM3.SPEED", "at": T0, "value": 812.5}
    proto = protobuf(
        tmp_path / "plant.desc", tag="PM3.SPEED", at="2026-11-22T03:10:00Z", number=812.5
    )
    records = {"avro": framed(1, avro(AVRO_ROW, row)), "protobuf": framed(2, proto, index=b"\0")}
    schemas = {1: ("AVRO", json.dumps(AVRO_ROW)), 2: ("PROTOBUF", PROTO_TEXT)}
    with SmallRegistry(schemas) as registry:
        settings = configured(tmp_path, table.replace("http://127.0.0.1:8081", registry.url)).format
        assert settings is not None
        rows = open_format(settings, SourceSettings()).decode(records[kind], topic="mill")

    assert rows == [TagRow("PM3.SPEED", T0, 812.5)]
