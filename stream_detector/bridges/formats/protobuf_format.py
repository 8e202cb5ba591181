"""Protobuf messages -> tag rows.

A registry keeps the text of a schema, and nothing in Python compiles that. So the message is known
from a file that ``protoc`` made, and the registry is asked whether it knows the schema at all.
Fields that are added later are skipped until the file is made anew.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.schema_registry.serde import SchemaId
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from stream_detector.bridges.formats.json_format import check_size
from stream_detector.bridges.formats.layout import Layout
from stream_detector.bridges.formats.schema_registry import RegisteredRecords
from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RowError, SettingsError


class ProtobufFormat:
    """Reads Protobuf by a descriptor file.

    Parameters
    ----------
    settings : FormatTable
    access : SourceSettings

    Raises
    ------
    SettingsError
        As of `Layout`; if there is no registry, or the file does not hold the message.
    """

    def __init__(self, settings: FormatTable, access: SourceSettings) -> None:
        if settings.registry is None or settings.descriptor is None or settings.message is None:
            raise SettingsError(
                'format: kind "protobuf" needs the table [format.registry] with a url, and '
                "descriptor and message"
            )
        self.layout = Layout(settings)
        message = read_descriptor(settings.descriptor, settings.message)
        self._name = settings.message
        self._index = _index(message)
        self.records = RegisteredRecords(
            settings.registry,
            access=access,
            kind="PROTOBUF",
            check_schema=lambda _: None,  # the descriptor alone says what is read
            # Without the client, which would ask for a form of the schema that Confluent's own
            # registry alone can give.
            make_deserializer=lambda _: ProtobufDeserializer(GetMessageClass(message), {}),
        )

    def decode(self, value: bytes, *, topic: str) -> list[TagRow]:
        """Read one message.

        Raises
        ------
        RowError
            ``empty``, ``too-large``, ``other-schema`` (also where the schema is ours, but the
            message is another one of it), or as of `RegisteredRecords.decode` and `Layout.rows`.
        RegistryAwayError, RefusedError
            As of `RegisteredRecords.decode`.
        """
        check_size(value)
        message = self.records.decode(value)
        self._check_index(value)
        return self.layout.rows(_plain(message), topic=topic)

    def _check_index(self, value: bytes) -> None:
        """Refuse another message of the schema: its fields have the numbers of ours."""
        prefix = SchemaId("PROTOBUF")
        prefix.from_bytes(BytesIO(value))
        if prefix.message_indexes != self._index:
            # Without its number there: that is as long as its writer likes.
            raise RowError(
                "other-schema",
                f"the message is another one of its schema, and {self._name} is number "
                f"{self._index} in the descriptor; make that anew, or send one kind of message "
                "per topic",
            )


def read_descriptor(path: Path, name: str) -> Descriptor:
    """Find a message in what ``protoc --include_imports --descriptor_set_out`` wrote.

    Raises
    ------
    SettingsError
        If the file is none of these, or holds no such message.
    """
    pool = DescriptorPool()
    try:
        for file in FileDescriptorSet.FromString(path.read_bytes()).file:
            pool.Add(file)
    except OSError as error:
        raise SettingsError(
            f"descriptor {str(path)!r} cannot be read: {error.strerror}; correct its name"
        ) from error
    except (DecodeError, TypeError) as error:
        raise SettingsError(
            f"descriptor {str(path)!r} is none: {error}; make it with protoc --include_imports "
            "--descriptor_set_out"
        ) from error
    try:
        return pool.FindMessageTypeByName(name)
    except KeyError:
        raise SettingsError(
            f"descriptor {str(path)!r} holds no message {name!r}; give its full name, with the "
            "package"
        ) from None


def _index(message: Descriptor) -> list[int]:
    """Give the place of a message in its file, as the wire format says it."""
    outer = message.containing_type
    if outer is None:
        return [list(message.file.message_types_by_name).index(message.name)]
    return [*_index(outer), list(outer.nested_types_by_name).index(message.name)]


def _plain(message: Any) -> object:
    """Turn a message into dicts, lists and plain values; what is not set is None."""
    descriptor = message.DESCRIPTOR
    if descriptor.full_name == "google.protobuf.Timestamp":
        return _datetime(message)
    if descriptor.full_name.startswith("google.protobuf.") and "value" in descriptor.fields_by_name:
        return message.value  # a wrapper, such as DoubleValue
    plain = {one.name: _field(message, one) for one in descriptor.fields}
    for one in descriptor.oneofs:
        # A oneof's own name stands for whichever of its fields is set.
        chosen = message.WhichOneof(one.name)
        plain.setdefault(one.name, None if chosen is None else plain[chosen])
    return plain


def _field(message: Any, field: FieldDescriptor) -> object:
    value = getattr(message, field.name)
    if field.is_repeated:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            of_value = kind.fields_by_name["value"]
            return {str(key): _one(value[key], of_value) for key in value}
        return [_one(item, field) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _one(value, field)


def _one(value: Any, field: FieldDescriptor) -> object:
    if field.message_type is not None:
        return _plain(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return value if known is None else known.name
    return value


def _datetime(timestamp: Any) -> datetime:
    try:
        time: datetime = timestamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise RowError("time", f"a Timestamp is out of range: {error!s:.200}") from error
    return time
