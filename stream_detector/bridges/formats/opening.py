"""The format of a configuration: loaded when it is asked for."""

from importlib import import_module
from typing import Final, Protocol

from stream_detector.bridges.formats.json_format import JsonFormat
from stream_detector.bridges.formats.layout import Layout
from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.source_settings import SourceSettings

_WITH_REGISTRY: Final = {
    "avro": ("stream_detector.bridges.formats.avro_format", "AvroFormat"),
    "protobuf": ("stream_detector.bridges.formats.protobuf_format", "ProtobufFormat"),
}
"""Each is loaded when it is asked for: it brings libraries that the others do not need."""

PLAIN: Final = FormatTable(tag="tag", time="time", value="value")
"""One row as JSON: ``{"tag": "PM3.SPEED", "time": "2026-11-22T03:10:00Z", "value": 812.5}``."""


class Format(Protocol):
    """Reads messages of one kind."""

    layout: Layout
    """Where the rows are; it counts what was not finite."""

    def decode(self, value: bytes, *, topic: str) -> list[TagRow]:
        """Read one message; it may have no row at all.

        Raises
        ------
        RowError
            If it cannot be used: it goes to the dead letters, with the code.
        RegistryAwayError
            If its schema cannot be asked for now. The message is as good as any: decode it again,
            later, before those behind it.
        RefusedError
            If the schema registry refuses us.
        """
        ...


def open_format(settings: FormatTable | None, access: SourceSettings) -> Format:
    """Make the format that a configuration tells of.

    Parameters
    ----------
    settings : FormatTable or None
        None is `PLAIN`.
    access : SourceSettings
        Who we are to the schema registry, where there is one.

    Raises
    ------
    SettingsError
        If the configuration does not agree with itself, or a file it names cannot be used.
    """
    settings = settings or PLAIN
    if settings.kind == "json":
        return JsonFormat(settings)
    module, name = _WITH_REGISTRY[settings.kind]
    made: Format = getattr(import_module(module), name)(settings, access)
    return made
