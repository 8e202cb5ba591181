"""Protobuf in the wire format of a schema registry -> tag rows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_detector.bridges.formats.opening import Format, open_format
from stream_detector.bridges.formats.settings import FormatTable, RegistryTable
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RowError, SettingsError
from tests.bridges.formats.records import AVRO_ROW, PROTO_TEXT, framed, protobuf, write_descriptor
from tests.bridges.formats.small_registry import SmallRegistry

T0 = 1_795_317_000_000_000  # 2026-11-22T03:10:00Z


@pytest.fixture
def registry() -> Iterator[SmallRegistry]:
    schemas = {1: ("AVRO", json.dumps(AVRO_ROW)), 3: ("PROTOBUF", PROTO_TEXT)}
    with SmallRegistry(schemas) as started:
        yield started


def protobuf_format(
    registry: SmallRegistry, descriptor: Path, tag: str = "tag", value: str = "value"
) -> Format:
    settings = FormatTable(
        kind="protobuf",
        tag=tag,
        time="at",
        value=value,
        registry=RegistryTable(url=registry.url),
        descriptor=descriptor,
        message="plant.Row",
    )
    return open_format(settings, SourceSettings())


def test_a_protobuf_message_is_read_by_its_descriptor(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    write_descriptor(tmp_path / "plant.desc")
    form = protobuf_format(registry, tmp_path / "plant.desc")

    def read(**fields: object) -> list[TagRow]:
        record = protobuf(tmp_path / "plant.desc", tag="a", at="2026-11-22T03:10:00Z", **fields)
        return form.decode(framed(3, record, index=b"\0"), topic="rows")

    assert read(number=8.5) == [TagRow("a", T0, 8.5)]
    assert read(text="grade-42") == [TagRow("a", T0, "grade-42")]
    assert read(number=float("nan")) == [TagRow("a", T0, None)]
    assert read() == [TagRow("a", T0, None)]
    assert form.layout.n_not_finite == 1


def test_a_protobuf_message_may_be_wide(registry: SmallRegistry, tmp_path: Path) -> None:
    write_descriptor(tmp_path / "plant.desc")
    form = protobuf_format(registry, tmp_path / "plant.desc", tag="{tag}.{$name}", value="more[*]")
    record = protobuf(
        tmp_path / "plant.desc", tag="pm3", at="2026-11-22T03:10:00Z", more={"x": 1.0, "y": 0.0}
    )

    rows = form.decode(framed(3, record, index=b"\0"), topic="rows")

    assert sorted(rows) == [TagRow("pm3.x", T0, 1.0), TagRow("pm3.y", T0, 0.0)]


def test_an_optional_field_that_is_not_set_is_no_data(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    write_descriptor(tmp_path / "plant.desc")
    form = protobuf_format(registry, tmp_path / "plant.desc", value="limit")

    def read(**fields: object) -> list[TagRow]:
        record = protobuf(tmp_path / "plant.desc", tag="a", at="2026-11-22T03:10:00Z", **fields)
        return form.decode(framed(3, record, index=b"\0"), topic="rows")

    assert read() == [TagRow("a", T0, None)]
    assert read(limit=0.0) == [TagRow("a", T0, 0.0)]


def test_an_enumeration_is_read_by_its_names(registry: SmallRegistry, tmp_path: Path) -> None:
    write_descriptor(tmp_path / "plant.desc")
    form = protobuf_format(registry, tmp_path / "plant.desc", value="quality")
    record = protobuf(tmp_path / "plant.desc", tag="a", at="2026-11-22T03:10:00Z", quality=1)

    assert form.decode(framed(3, record, index=b"\0"), topic="rows") == [TagRow("a", T0, "GOOD")]


def test_a_field_that_protobuf_writers_add_changes_nothing(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    write_descriptor(tmp_path / "old.desc")
    write_descriptor(tmp_path / "new.desc", with_unit=True)
    form = protobuf_format(registry, tmp_path / "old.desc")
    record = protobuf(
        tmp_path / "new.desc", tag="a", at="2026-11-22T03:10:00Z", number=1.0, unit="m/min"
    )

    assert form.decode(framed(3, record, index=b"\0"), topic="rows") == [TagRow("a", T0, 1.0)]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (framed(99, b"", index=b"\0"), "unknown-schema"),
        (framed(1, b"", index=b"\0"), "other-schema"),
        (framed(3, b"\x0a\x01a", index=b"\2\2"), "other-schema"),  # a plant.Note
        (framed(3, b"", index=b"\2" + 20_000 * b"\xff" + b"\1"), "other-schema"),  # 42,000 digits
        (framed(3, b"\x0a\x05a", index=b"\0"), "unreadable"),
        (framed(3, b"", index=b"\xff"), "unreadable"),
        (framed(3, b"", index=b"\0"), "time"),
    ],
)
def test_a_protobuf_message_that_cannot_be_used_is_refused(
    registry: SmallRegistry, tmp_path: Path, record: bytes, code: str
) -> None:
    write_descriptor(tmp_path / "plant.desc")

    form = protobuf_format(registry, tmp_path / "plant.desc")

    with pytest.raises(RowError) as caught:
        form.decode(record, topic="rows")
    assert caught.value.code == code
    assert len(caught.value.reason) < 250


@pytest.mark.parametrize(
    ("written", "reason"),
    [(None, "cannot be read"), (b"\xff\xff", "is none"), (b"", "no message 'plant.Row'")],
)
def test_a_descriptor_that_cannot_be_used_is_named(
    registry: SmallRegistry, tmp_path: Path, written: bytes | None, reason: str
) -> None:
    if written is not None:
        (tmp_path / "plant.desc").write_bytes(written)

    with pytest.raises(SettingsError, match=rf"plant\.desc.*{reason}"):
        protobuf_format(registry, tmp_path / "plant.desc")
