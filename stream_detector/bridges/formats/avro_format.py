"""Avro messages -> tag rows."""

from confluent_kafka.schema_registry import Schema
from confluent_kafka.schema_registry.avro import AvroDeserializer

from stream_detector.bridges.formats.avro_schema import check_bounded
from stream_detector.bridges.formats.json_format import check_size
from stream_detector.bridges.formats.layout import Layout
from stream_detector.bridges.formats.schema_registry import RegisteredRecords
from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import SettingsError


class AvroFormat:
    """Reads Avro as its writer's schema says: fields that are added later are just more fields.

    Parameters
    ----------
    settings : FormatTable
    access : SourceSettings

    Raises
    ------
    SettingsError
        As of `Layout`, or if there is no registry.
    """

    def __init__(self, settings: FormatTable, access: SourceSettings) -> None:
        if settings.registry is None:
            raise SettingsError('format: kind "avro" needs the table [format.registry] with a url')
        self.layout = Layout(settings)
        self.records = RegisteredRecords(
            settings.registry,
            access=access,
            kind="AVRO",
            check_schema=_check_schema,
            make_deserializer=AvroDeserializer,
        )

    def decode(self, value: bytes, *, topic: str) -> list[TagRow]:
        """Read one message.

        Raises
        ------
        RowError
            ``empty``, ``too-large``, or as of `RegisteredRecords.decode` and `Layout.rows`.
        RegistryAwayError, RefusedError
            As of `RegisteredRecords.decode`.
        """
        check_size(value)
        return self.layout.rows(self.records.decode(value), topic=topic)


def _check_schema(schema: Schema) -> None:
    if schema.schema_str and not schema.references:
        check_bounded(schema.schema_str)
