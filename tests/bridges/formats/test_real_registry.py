"""Avro and Protobuf as Confluent's own serializers write them, with a real schema registry."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from stream_detector.bridges.formats.opening import open_format
from stream_detector.bridges.formats.settings import FormatTable, RegistryTable
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RegistryAwayError, RowError
from tests.bridges.formats.real_registry import RealRegistry
from tests.bridges.formats.records import (
    AVRO_ROW,
    AVRO_ROW_WITH_UNIT,
    PROTO_TEXT,
    framed,
    protobuf,
    write_descriptor,
)
from tests.requirements import require_java_and_maven

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

T0 = 1_795_317_000_000_000  # 2026-11-22T03:10:00Z


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    require_java_and_maven()
    with RealRegistry(tmp_path_factory.mktemp("registry")) as started:
        yield started


def settings(registry: RealRegistry, **more: Any) -> FormatTable:
    paths = {"tag": "tag", "time": "at", "value": "value"}
    return FormatTable.model_validate(paths | {"registry": RegistryTable(url=registry.url)} | more)


def avro_writer(registry: RealRegistry, schema: Any) -> AvroSerializer:
    client = SchemaRegistryClient({"url": registry.url})
    writer: AvroSerializer = AvroSerializer(client, json.dumps(schema))
    return writer


def test_avro_is_read_while_its_writers_add_a_field(registry: RealRegistry) -> None:
    form = open_format(settings(registry, kind="avro"), SourceSettings())
    context = SerializationContext("rows", MessageField.VALUE)
    row = {"tag": "a", "at": T0, "value": 8.5}
    old = avro_writer(registry, AVRO_ROW)(row, context)
    # A new field of Avro's needs a default, else old readers could not go on.
    unit = {"name": "unit", "type": "string", "default": ""}
    newer = AVRO_ROW_WITH_UNIT | {"fields": [unit, *AVRO_ROW["fields"]]}
    new = avro_writer(registry, newer)(row | {"unit": "m/min"}, context)

    assert old is not None
    assert new is not None
    assert old[:5] != new[:5]
    assert form.decode(old, topic="rows") == form.decode(new, topic="rows")
    assert form.decode(old, topic="rows") == [TagRow("a", T0, 8.5)]


def test_protobuf_is_read_with_the_schema_as_text(registry: RealRegistry, tmp_path: Path) -> None:
    write_descriptor(tmp_path / "plant.desc")
    client = SchemaRegistryClient({"url": registry.url})
    schema_id = client.register_schema("plant-value", Schema(PROTO_TEXT, "PROTOBUF"))
    form = open_format(
        settings(
            registry, kind="protobuf", descriptor=tmp_path / "plant.desc", message="plant.Row"
        ),
        SourceSettings(),
    )
    record = protobuf(tmp_path / "plant.desc", tag="a", at="2026-11-22T03:10:00Z", number=8.5)

    rows = form.decode(framed(schema_id, record, index=b"\0"), topic="rows")

    assert rows == [TagRow("a", T0, 8.5)]


def test_an_id_that_the_registry_does_not_know_is_refused(registry: RealRegistry) -> None:
    with pytest.raises(RowError) as caught:
        open_format(settings(registry, kind="avro"), SourceSettings()).decode(
            framed(987_654, b"\0"), topic="rows"
        )

    assert caught.value.code == "unknown-schema"


def test_a_killed_registry_is_away_and_then_back(registry: RealRegistry) -> None:
    context = SerializationContext("again", MessageField.VALUE)
    row = {"tag": "a", "at": T0, "value": 8.5}
    form = open_format(settings(registry, kind="avro"), SourceSettings())
    registry.kill()
    with pytest.raises(RegistryAwayError):
        form.decode(framed(1, b"\0"), topic="again")

    registry.start()
    record = avro_writer(registry, AVRO_ROW)(row, context)

    assert record is not None
    assert form.decode(record, topic="again") == [TagRow("a", T0, 8.5)]
