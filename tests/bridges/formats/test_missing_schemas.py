"""Ids that a schema registry does not have: asked for again, but not by every message."""

import json
from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry.avro import AvroDeserializer

from stream_detector.bridges.formats import schema_registry
from stream_detector.bridges.formats.schema_registry import MISSING_SECONDS, RegisteredRecords
from stream_detector.bridges.formats.settings import RegistryTable
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RowError
from tests.bridges.formats.records import AVRO_ROW, avro, framed
from tests.bridges.formats.small_registry import SmallRegistry

SPEED = {"tag": "PM3.SPEED", "at": 1, "value": 8.5}


class Clock:
    """Stands still unless it is turned."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registry() -> Iterator[SmallRegistry]:
    with SmallRegistry({}) as started:
        yield started


def records(registry: SmallRegistry, clock: Clock) -> RegisteredRecords:
    return RegisteredRecords(
        RegistryTable(url=registry.url),
        access=SourceSettings(),
        kind="AVRO",
        check_schema=lambda _: None,
        make_deserializer=AvroDeserializer,
        clock=clock,
    )


def refuse(of: RegisteredRecords, schema_id: int) -> None:
    with pytest.raises(RowError, match=f"unknown-schema: .* id {schema_id}$"):
        of.decode(framed(schema_id, b"\0"))


def test_a_burst_of_one_unknown_id_is_one_question(registry: SmallRegistry) -> None:
    asking = records(registry, Clock())
    for _ in range(50):
        refuse(asking, 77)

    assert len(registry.asked) == 1


def test_a_schema_that_is_registered_later_is_found_after_seconds(
    registry: SmallRegistry,
) -> None:
    clock = Clock()
    asking = records(registry, clock)
    refuse(asking, 77)
    registry.schemas[77] = ("AVRO", json.dumps(AVRO_ROW))
    refuse(asking, 77)

    clock.now += MISSING_SECONDS

    assert asking.decode(framed(77, avro(AVRO_ROW, SPEED)))


def test_missing_ids_are_forgotten_before_they_fill_the_memory(
    registry: SmallRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_registry, "MAX_SCHEMAS", 2)
    asking = records(registry, Clock())
    for schema_id in (1, 2, 2, 3, 3, 1):
        refuse(asking, schema_id)

    assert [int(one.partition("?")[0].rpartition("/")[2]) for one in registry.asked] == [1, 2, 3, 1]
