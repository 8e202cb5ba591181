"""Avro in the wire format of a schema registry -> tag rows, and what the registry may do."""

import base64
import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from stream_detector.bridges.formats import schema_registry
from stream_detector.bridges.formats.opening import Format, open_format
from stream_detector.bridges.formats.settings import (
    FormatTable,
    RegistryTable,
)
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RefusedError, RegistryAwayError, RowError, SettingsError
from tests.bridges.formats.records import (
    AVRO_ROW,
    AVRO_ROW_WITH_UNIT,
    PROTO_TEXT,
    avro,
    framed,
)
from tests.bridges.formats.small_registry import SmallRegistry

T0 = 1_795_317_000_000_000  # 2026-11-22T03:10:00Z
NOBODY = SourceSettings()
SPEED = {"tag": "PM3.SPEED", "at": T0, "value": 8.5}
_NESTED = {"type": "record", "name": "Box", "fields": [{"name": "in", "type": ["null", "Box"]}]}


@pytest.fixture
def registry() -> Iterator[SmallRegistry]:
    schemas = {
        1: ("AVRO", json.dumps(AVRO_ROW)),
        2: ("AVRO", json.dumps(AVRO_ROW_WITH_UNIT)),
        3: ("PROTOBUF", PROTO_TEXT),
        4: ("AVRO", json.dumps({"type": "array", "items": "null"})),
        6: ("AVRO", json.dumps(_NESTED)),
    }
    with SmallRegistry(schemas) as started:
        yield started


def avro_format(registry: SmallRegistry, access: SourceSettings = NOBODY) -> Format:
    settings = FormatTable(
        kind="avro",
        tag="tag",
        time="at",
        value="value",
        registry=RegistryTable(url=registry.url),
    )
    return open_format(settings, access)


def refused(form: Format, value: bytes) -> str:
    with pytest.raises(RowError) as caught:
        form.decode(value, topic="rows")
    return caught.value.code


@pytest.mark.parametrize("value", [8.5, None, "grade-42"])
def test_an_avro_record_is_read_by_its_writers_schema(
    registry: SmallRegistry, value: object
) -> None:
    record = framed(1, avro(AVRO_ROW, SPEED | {"value": value}))

    assert avro_format(registry).decode(record, topic="rows") == [TagRow("PM3.SPEED", T0, value)]  # type: ignore[arg-type]


def test_a_field_that_avro_writers_add_changes_nothing(registry: SmallRegistry) -> None:
    form = avro_format(registry)
    old = framed(1, avro(AVRO_ROW, SPEED))
    new = framed(2, avro(AVRO_ROW_WITH_UNIT, SPEED | {"unit": "m/min"}))

    assert form.decode(old, topic="rows") == form.decode(new, topic="rows")


def test_a_schema_is_asked_for_once(registry: SmallRegistry) -> None:
    form = avro_format(registry)
    for _ in range(3):
        form.decode(framed(1, avro(AVRO_ROW, SPEED)), topic="rows")

    assert len(registry.asked) == 1


def test_schemas_are_forgotten_before_they_fill_the_memory(
    registry: SmallRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_registry, "MAX_SCHEMAS", 1)
    form = avro_format(registry)
    old = framed(1, avro(AVRO_ROW, SPEED))
    new = framed(2, avro(AVRO_ROW_WITH_UNIT, SPEED | {"unit": "m/min"}))
    for record in (old, new, old):
        assert form.decode(record, topic="rows") == [TagRow("PM3.SPEED", T0, 8.5)]

    assert len(registry.asked) == 3


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"", "empty"),
        (b'{"tag": "a"}', "not-framed"),
        (b"\0\0\0\0\1", "not-framed"),
        (framed(99, b"\0"), "unknown-schema"),
        (framed(3, b"\0"), "other-schema"),
        (framed(1, b"\6abc"), "unreadable"),
        (framed(1, b"\6\xff\xff\xff"), "unreadable"),
        (framed(1, avro(AVRO_ROW, SPEED | {"value": "x" * 201})), "value"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_code(
    registry: SmallRegistry, record: bytes, code: str
) -> None:
    assert refused(avro_format(registry), record) == code


def test_a_record_that_was_cut_off_is_refused_in_the_same_words_each_time(
    registry: SmallRegistry,
) -> None:
    form = avro_format(registry)
    whole = framed(1, avro(AVRO_ROW, SPEED))
    reasons = set()
    for n_bytes in range(len(framed(1, b"")) + 1, len(whole)):
        with pytest.raises(RowError) as refusal:
            form.decode(whole[:n_bytes], topic="rows")
        reasons.add(str(refusal.value))

    assert "unreadable: not as its schema says: the message ends within the record" in reasons
    # Where an object lies in memory is another place each time.
    assert not any(" at 0x" in reason for reason in reasons)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_registry_in_trouble_is_no_fault_of_the_message(
    registry: SmallRegistry, status: int
) -> None:
    form = avro_format(registry)
    record = framed(1, avro(AVRO_ROW, SPEED))
    registry.trouble = (status, {"error_code": 50001, "message": "storage is down"})
    with pytest.raises(RegistryAwayError, match="storage is down"):
        form.decode(record, topic="rows")

    registry.trouble = None

    assert form.decode(record, topic="rows") == [TagRow("PM3.SPEED", T0, 8.5)]


def test_a_registry_that_is_away_is_told_apart_from_a_bad_message(
    registry: SmallRegistry,
) -> None:
    form = avro_format(registry)
    form.decode(framed(1, avro(AVRO_ROW, SPEED)), topic="rows")
    registry.close()

    with pytest.raises(RegistryAwayError, match=registry.url):
        form.decode(framed(2, b"\0"), topic="rows")
    # What is known goes on.
    assert form.decode(framed(1, avro(AVRO_ROW, SPEED)), topic="rows")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_registry_that_refuses_us_ends_the_bridge(registry: SmallRegistry, status: int) -> None:
    registry.trouble = (status, {"error_code": status, "message": "no"})

    with pytest.raises(RefusedError, match="DETECTOR_REGISTRY_PASSWORD"):
        avro_format(registry).decode(framed(1, b"\0"), topic="rows")


def test_what_answers_but_is_no_registry_is_refused(registry: SmallRegistry) -> None:
    registry.trouble = (200, "hello")

    with pytest.raises(RefusedError, match="no schema registry"):
        avro_format(registry).decode(framed(1, b"\0"), topic="rows")


def test_the_registry_is_told_who_we_are(registry: SmallRegistry) -> None:
    access = SourceSettings(registry_username="bridge", registry_password=SecretStr("hunter2"))
    avro_format(registry, access).decode(framed(1, avro(AVRO_ROW, SPEED)), topic="rows")

    expected = base64.b64encode(b"bridge:hunter2").decode()
    assert registry.authorization == f"Basic {expected}"


@pytest.mark.parametrize(
    "endless",
    [
        framed(4, b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\0"),  # 2**62 times nothing
        framed(6, b"\2" * 100_000 + b"\0"),  # as deep as it is long
    ],
)
def test_an_avro_schema_without_bounds_is_refused(registry: SmallRegistry, endless: bytes) -> None:
    assert refused(avro_format(registry), endless) == "other-schema"


@pytest.mark.parametrize("kind", ["avro", "protobuf"])
def test_a_kind_with_schemas_needs_a_registry(kind: str) -> None:
    settings = FormatTable.model_validate({"kind": kind, "time": "t", "value": "v"})

    with pytest.raises(SettingsError, match=r"\[format\.registry\]"):
        open_format(settings, SourceSettings())
