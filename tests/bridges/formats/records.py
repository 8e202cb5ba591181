"""Records of a plant in Avro and Protobuf, as their producers write them."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastavro
from google.protobuf import timestamp_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumValueDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

AVRO_ROW = {
    "type": "record",
    "name": "Row",
    "fields": [
        {"name": "tag", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "value", "type": ["null", "double", "string"]},
    ],
}
AVRO_ROW_WITH_UNIT = AVRO_ROW | {
    "fields": [{"name": "unit", "type": "string"}, *AVRO_ROW["fields"]]
}
AVRO_WIDE = {
    "type": "record",
    "name": "Wide",
    "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "values", "type": {"type": "map", "values": ["null", "double", "string"]}},
    ],
}

PROTO_TEXT = """\
syntax = "proto3";
package plant;
import "google/protobuf/timestamp.proto";
message Row {
  string tag = 1;
  google.protobuf.Timestamp at = 2;
  oneof value { double number = 3; string text = 4; }
  enum Quality { BAD = 0; GOOD = 1; }
  Quality quality = 5;
  map<string, double> more = 6;
  optional double limit = 7;
}
message Note { string text = 1; }
"""


def framed(schema_id: int, record: bytes, *, index: bytes = b"") -> bytes:
    """Write a record in Confluent's wire format; Protobuf has the place of its message, too."""
    return b"\0" + schema_id.to_bytes(4, "big") + index + record


def avro(schema: Mapping[str, Any], record: Mapping[str, Any]) -> bytes:
    written = io.BytesIO()
    fastavro.schemaless_writer(
        written, fastavro.parse_schema(json.loads(json.dumps(schema))), record
    )
    return written.getvalue()


def write_descriptor(path: Path, *, with_unit: bool = False) -> None:
    """Write what protoc makes of `PROTO_TEXT`; with a unit, of its next version."""
    described = FileDescriptorSet()
    timestamp_pb2.DESCRIPTOR.CopyToProto(described.file.add())
    file = described.file.add(name="plant.proto", package="plant", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    row = file.message_type.add(name="Row")
    row.enum_type.add(name="Quality").value.extend([_value("BAD", 0), _value("GOOD", 1)])
    row.oneof_decl.add(name="value")
    row.oneof_decl.add(name="_limit")
    entry = row.nested_type.add(name="MoreEntry")
    entry.options.map_entry = True
    _add(entry, "key", 1, "STRING")
    _add(entry, "value", 2, "DOUBLE")
    _add(row, "tag", 1, "STRING")
    _add(row, "at", 2, "MESSAGE", type_name=".google.protobuf.Timestamp")
    _add(row, "number", 3, "DOUBLE", oneof_index=0)
    _add(row, "text", 4, "STRING", oneof_index=0)
    _add(row, "quality", 5, "ENUM", type_name=".plant.Row.Quality")
    _add(row, "more", 6, "MESSAGE", type_name=".plant.Row.MoreEntry", label=3)
    _add(row, "limit", 7, "DOUBLE", oneof_index=1, proto3_optional=True)
    if with_unit:
        _add(row, "unit", 8, "STRING")
    _add(file.message_type.add(name="Note"), "text", 1, "STRING")
    path.write_bytes(described.SerializeToString())


def protobuf(descriptor: Path, **fields: Any) -> bytes:
    """Write a plant.Row; `at` is text as RFC 3339 has it."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptor.read_bytes()).file:
        pool.Add(file)
    at, more = fields.pop("at", None), fields.pop("more", {})
    row: Any = GetMessageClass(pool.FindMessageTypeByName("plant.Row"))(**fields)
    row.more.update(more)
    if at is not None:
        row.at.FromJsonString(at)
    written: bytes = row.SerializeToString()
    return written


def _value(name: str, number: int) -> Any:
    return EnumValueDescriptorProto(name=name, number=number)


def _add(message: DescriptorProto, name: str, number: int, kind: str, **more: Any) -> None:
    made = FieldDescriptorProto(
        name=name, number=number, type=f"TYPE_{kind}", label=more.pop("label", 1), **more
    )
    message.field.append(made)
