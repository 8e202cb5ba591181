"""The table ``[format]`` of a bridge's configuration: where in a message the tag rows are."""

from typing import Annotated, Literal

from pydantic import Field

from stream_detector.bridges.tables import NamedFile, Table

TimeUnit = Literal["rfc3339", "s", "ms", "us", "ns"]
"""How a time is written: as text, or as a number of these since 1970 in UTC."""

_Text = Annotated[str, Field(min_length=1)]


class RegistryTable(Table):
    """``[format.registry]``: where schemas come from."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
    """Of a registry that speaks Confluent's API. No user stands in it: it is shown in errors."""


class FormatTable(Table):
    """``[format]``: how one message is read; ``field_paths`` says what a path is."""

    kind: Literal["json", "avro", "protobuf"] = "json"
    time: _Text
    """Path of the event time."""
    value: _Text
    """Path of the value; its ``[*]`` say what makes one message several rows."""
    tag: _Text = "{$topic}"
    """Path of the tag, or a text with paths in braces. ``{$topic}`` is the message's topic, and
    ``{$name}`` the name of the entry where ``[*]`` goes over an object."""
    quality: _Text | None = None
    """Path of the quality, where there is one."""
    good: Annotated[tuple[str | int, ...], Field(strict=False)] = ()
    """The qualities whose values count; with any other, the value is no data."""
    good_if_missing: bool = False
    """Whether a row without a quality is good, as senders mean who tell of bad ones alone."""
    time_unit: TimeUnit = "rfc3339"
    time_zone: _Text | None = None
    """What clock shows the times that have no zone, e.g. ``Europe/Helsinki``. Without it they are
    refused."""
    registry: RegistryTable | None = None
    """For Avro and Protobuf."""
    descriptor: NamedFile | None = None
    """For Protobuf: what ``protoc --include_imports --descriptor_set_out`` made of the schema."""
    message: _Text | None = None
    """For Protobuf: full name of the message in there, e.g. ``plant.Row``."""
