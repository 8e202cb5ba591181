"""The formats of what plants send: any bytes are tag rows, or refused with a code."""

import json
import math
import tempfile
from pathlib import Path

import msgspec

from stream_detector.bridges.formats.layout import MAX_ROWS
from stream_detector.bridges.formats.opening import Format, open_format
from stream_detector.bridges.formats.settings import FormatTable, RegistryTable
from stream_detector.bridges.rows import MAX_TAG
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RowError
from tests.bridges.formats.records import (
    AVRO_ROW,
    AVRO_WIDE,
    PROTO_TEXT,
    avro,
    framed,
    protobuf,
    write_descriptor,
)
from tests.bridges.formats.small_registry import SmallRegistry
from tests.fuzz.decoder import Decoder

_CODES = {
    *("empty", "too-large", "too-deep", "not-json", "missing", "time", "value", "tag"),
    *("quality", "too-many", "not-framed", "unknown-schema", "other-schema", "unreadable"),
}
_AT = "2026-11-22T03:10:00Z"
_LISTED = (
    b'{"device": "pm3", "at": "2026-11-22T03:10:00.25Z", "points": ['
    b'{"n": "speed", "v": 8.5, "q": "Good"}, {"n": "grade", "v": "G42", "q": 192}, '
    b'{"n": "draw", "v": null, "q": null}, {"n": "on", "v": true, "q": "Bad"}]}'
)
_WIDE = (
    b'{"at": 1795317000250, "id": "pm3", "speed": 8.5, "draw": NaN, "grade": "\\u00e4", "x": -1e9}'
)


def plant_messages() -> dict[str, Decoder]:
    """Make them anew, by name."""
    registry = SmallRegistry(
        {
            1: ("AVRO", json.dumps(AVRO_ROW)),
            2: ("AVRO", json.dumps(AVRO_WIDE)),
            3: ("PROTOBUF", PROTO_TEXT),
        }
    )
    listed = FormatTable(
        tag="{device}.{points[*].n}",
        time="at",
        value="points[*].v",
        quality="points[*].q",
        good=("Good", 192),
        good_if_missing=True,
    )
    wide = FormatTable(tag="{id}/{$name}", time="at", time_unit="ms", value="[*]")
    return {
        "listed JSON": Decoder([_LISTED], _Taker(open_format(listed, SourceSettings()))),
        "wide JSON": Decoder([_WIDE], _Taker(open_format(wide, SourceSettings()))),
        "Avro": _avro(registry),
        "Protobuf": _protobuf(registry),
    }


def _avro(registry: SmallRegistry) -> Decoder:
    settings = FormatTable(
        kind="avro",
        tag="{$topic}.{$name}",
        time="at",
        value="values[*]",
        registry=RegistryTable(url=registry.url),
    )
    values = {"speed": 8.5, "draw": None, "grade": "G42", "x": float("inf")}
    record = avro(AVRO_WIDE, {"at": 1_795_317_000_000_000, "values": values})
    return Decoder([framed(2, record)], _Taker(open_format(settings, SourceSettings())))


def _protobuf(registry: SmallRegistry) -> Decoder:
    with tempfile.TemporaryDirectory() as folder:
        descriptor = Path(folder, "plant.desc")
        write_descriptor(descriptor)
        settings = FormatTable(
            kind="protobuf",
            tag="tag",
            time="at",
            value="value",
            registry=RegistryTable(url=registry.url),
            descriptor=descriptor,
            message="plant.Row",
        )
        seeds = [
            protobuf(descriptor, tag="a", at=_AT, number=8.5, more={"x": 1.0}),
            protobuf(descriptor, tag="mill/pm3", at=_AT, text="grade-42", quality=1, limit=2.0),
        ]
        form = open_format(settings, SourceSettings())
    return Decoder([framed(3, one, index=b"\0") for one in seeds], _Taker(form))


class _Taker:
    def __init__(self, form: Format) -> None:
        self._form = form

    def __call__(self, data: bytes) -> str | None:
        try:
            rows = self._form.decode(data, topic="mill")
        except RowError as refused:
            return _told(refused)
        assert len(rows) <= MAX_ROWS
        for row in rows:
            assert 0 < len(row.tag) <= MAX_TAG
            assert 0 < row.time_us < 253_402_300_800_000_000
            assert row.value is None or isinstance(row.value, str) or math.isfinite(row.value)
        msgspec.json.encode(rows)
        return None


def _told(refused: RowError) -> str:
    assert refused.code in _CODES
    assert 0 < len(msgspec.json.encode(refused.reason)) < 2000
    return refused.code
