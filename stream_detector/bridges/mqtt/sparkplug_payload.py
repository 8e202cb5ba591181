"""The bytes of a Sparkplug B message.

The field numbers and data types are those that the Sparkplug specification 3.0 (Eclipse
Foundation, section 6.4, payload ``org.eclipse.tahu.protobuf.Payload``) publishes; here are those
alone that a tag row can come from. Fields that are not named here are passed over.
"""

import math
from typing import Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from stream_detector.errors import RowError

_PACKAGE: Final = "sparkplug"

# Of each message its fields: number, name, type. A value is one of those whose name ends so.
_MESSAGES: Final = {
    "Payload": ((1, "timestamp", "UINT64"), (2, "metrics", "Metric"), (3, "seq", "UINT64")),
    "Metric": (
        *((1, "name", "STRING"), (2, "alias", "UINT64"), (3, "timestamp", "UINT64")),
        *((4, "datatype", "UINT32"), (5, "is_historical", "BOOL"), (7, "is_null", "BOOL")),
        *((9, "properties", "PropertySet"), (10, "int_value", "UINT32")),
        *((11, "long_value", "UINT64"), (12, "float_value", "FLOAT")),
        *((13, "double_value", "DOUBLE"), (14, "boolean_value", "BOOL")),
        (15, "string_value", "STRING"),
    ),
    "PropertySet": ((1, "keys", "STRING"), (2, "values", "PropertyValue")),
    "PropertyValue": (
        *((2, "is_null", "BOOL"), (3, "int_value", "UINT32"), (4, "long_value", "UINT64")),
    ),
}
_REPEATED: Final = {"metrics", "keys", "values"}

_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
"""Int8 to Int64 by data type: they travel in unsigned fields, as two's complement."""

_BOOLEAN: Final = 11
_GOOD: Final = 192
_REBIRTH: Final = "Node Control/Rebirth"


def _payload_class() -> Any:
    """Make the class that reads and writes payloads."""
    file = FileDescriptorProto(name="sparkplug_payload.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in _MESSAGES.items():
        made = file.message_type.add(name=message)
        made.oneof_decl.add(name="value")
        for number, name, kind in fields:
            field = made.field.add(name=name, number=number)
            label = "LABEL_REPEATED" if name in _REPEATED else "LABEL_OPTIONAL"
            field.label = getattr(FieldDescriptorProto, label)
            if kind in _MESSAGES:
                field.type = FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{_PACKAGE}.{kind}"
            else:
                field.type = getattr(FieldDescriptorProto, f"TYPE_{kind}")
            if name.endswith("_value"):
                field.oneof_index = 0
        if not any(field.HasField("oneof_index") for field in made.field):
            del made.oneof_decl[:]
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


Payload: Final = _payload_class()
"""``timestamp`` in milliseconds since 1970, ``seq``, ``metrics``; as protobuf has it."""


def decode(payload: bytes) -> Any:
    """Read a payload.

    Raises
    ------
    RowError
        If it is none.
    """
    try:
        return Payload.FromString(payload)
    except DecodeError as error:
        raise RowError(
            "not-sparkplug", f"{len(payload)} bytes are no Sparkplug B payload"
        ) from error


def value_of(metric: Any, datatype: int) -> float | str | None:
    """Give what a metric says: None if it is null, not good, or neither number nor text.

    Examples
    --------
    >>> metric = Payload().metrics.add(int_value=0xFFFE)
    >>> value_of(metric, 2), value_of(metric, 6)
    (-2.0, 65534.0)
    """
    kind = metric.WhichOneof("value")
    if metric.is_null or kind is None or not _is_good(metric.properties):
        return None
    value = getattr(metric, kind)
    if isinstance(value, str):
        return value
    bits = _SIGNED_BITS.get(datatype)
    if bits is not None and kind in {"int_value", "long_value"}:
        value &= (1 << bits) - 1
        value -= (value >> (bits - 1)) << bits
    number = float(value)
    return number if math.isfinite(number) else None


def rebirth_command(time_ms: int) -> bytes:
    """Write the command that asks an edge node to say again what it has."""
    payload = Payload(timestamp=time_ms)
    payload.metrics.add(name=_REBIRTH, timestamp=time_ms, datatype=_BOOLEAN, boolean_value=True)
    return bytes(payload.SerializeToString())


def _is_good(properties: Any) -> bool:
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == "Quality":
            kind = value.WhichOneof("value")
            return kind is not None and not value.is_null and getattr(value, kind) == _GOOD
    return True
