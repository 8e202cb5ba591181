"""The commands of the group ``bridge``."""

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream_detector.command_line import EXISTING_FILE, check_different, tell
from stream_detector.connections.settings import read_settings
from stream_detector.connections.source_settings import read_source_settings
from stream_detector.replay.options import file_options

if TYPE_CHECKING:
    from stream_detector.bridges.configuration import Configuration
    from stream_detector.bridges.health import BridgeHealth
    from stream_detector.bridges.joining.mapping import TagMap
    from stream_detector.connections.settings import Settings

_config = click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The bridge's TOML file; deploy/bridges shows one for each source.",
)


@click.group()
def bridge() -> None:
    """Turn what plants send, a tag at a time, into readings."""


@bridge.command(epilog="Example: stream-detector bridge tags --config mill.toml")
@_config
def tags(path: Path) -> None:
    """Join the tags of a Kafka topic to readings, each exactly once.

    Reads DETECTOR_BROKER and the other settings. One at a time may run under the name in its
    configuration. Ends with 0 on SIGTERM or Ctrl-C, with 1 on a fault: let systemd or Kubernetes
    start it again.
    """
    from stream_detector.bridges.formats.opening import open_format
    from stream_detector.bridges.running import run
    from stream_detector.bridges.tags.bridge import TagBridge
    from stream_detector.connections.log import configure_logging

    settings = read_settings()
    configuration, mapping = _configured(path)
    decode = open_format(configuration.format, read_source_settings()).decode
    configure_logging(settings)
    health = _health(configuration.name, "Kafka", settings)
    program = TagBridge(settings, configuration, mapping, decode, health)
    run(settings, health, program.run, topics=program.topics)


@bridge.command(epilog="Example: stream-detector bridge mqtt --config mill.toml")
@_config
def mqtt(path: Path) -> None:
    """Join what comes over MQTT to readings: JSON, numbers, or Sparkplug B.

    Reads DETECTOR_BROKER, DETECTOR_MQTT_PASSWORD and the other settings. A message is acknowledged
    when it is on disk, where it waits while Kafka is away. Ends with 0 on SIGTERM or Ctrl-C, with
    1 on a fault: let systemd or Kubernetes start it again.
    """
    from stream_detector.bridges.formats.opening import open_format
    from stream_detector.bridges.journal.bridge import JournalBridge
    from stream_detector.bridges.mqtt.source import mqtt_source
    from stream_detector.bridges.running import run
    from stream_detector.connections.log import configure_logging

    settings, source_settings = read_settings(), read_source_settings()
    configuration, mapping = _configured(path)
    decode = open_format(configuration.format, source_settings).decode
    configure_logging(settings)
    health = _health(configuration.name, "the MQTT broker", settings)
    source = mqtt_source(configuration, settings, source_settings, decode, health)
    run(settings, health, JournalBridge(settings, configuration, mapping, health, source).run)


@bridge.command(epilog="Example: stream-detector bridge opcua --config mill.toml")
@_config
def opcua(path: Path) -> None:
    """Join what an OPC UA server says of its nodes to readings.

    Reads DETECTOR_BROKER, DETECTOR_OPCUA_PASSWORD and the other settings. Values wait on disk while
    Kafka is away. Ends with 0 on SIGTERM or Ctrl-C, with 1 on a fault: let systemd or Kubernetes
    start it again.
    """
    from stream_detector.bridges.journal.bridge import JournalBridge
    from stream_detector.bridges.opcua.source import opcua_source
    from stream_detector.bridges.running import run
    from stream_detector.connections.log import configure_logging

    settings, source_settings = read_settings(), read_source_settings()
    configuration, mapping = _configured(path)
    configure_logging(settings)
    health = _health(configuration.name, "the OPC UA server", settings)
    source = opcua_source(configuration, source_settings, list(mapping.targets), health)
    run(settings, health, JournalBridge(settings, configuration, mapping, health, source).run)


@bridge.command(epilog="Example: stream-detector bridge check --config mill.toml")
@_config
def check(path: Path) -> None:
    """Hold a configuration against the live source, and show ten readings; exit 1 on a fault.

    The newest messages are read, and nothing is committed.
    """
    from stream_detector.bridges.check import check as look
    from stream_detector.connections.log import configure_logging

    settings = read_settings()
    configure_logging(settings)
    tell(look(settings, path))


@bridge.command(
    epilog="Example: stream-detector bridge convert --config mill.toml --csv export.csv "
    "--machine pm3 --out pm3.csv"
)
@_config
@click.option(
    "--csv",
    "export",
    type=EXISTING_FILE,
    required=True,
    metavar="FILE",
    help="The export: one tag, time and value a line; CSV, gzipped CSV or Parquet.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The readings, a line each, as `trainer fit` and `replay` take them.",
)
@click.option(
    "--machine", metavar="NAME", help="Whose readings.  [default: the only one that is mapped]"
)
@click.option("--tag-column", default="tag", show_default=True, metavar="NAME")
@click.option("--value-column", default="value", show_default=True, metavar="NAME")
@file_options
def convert(path: Path, export: Path, out: Path, machine: str | None, **written: Any) -> None:
    """Turn a historian's export of tags into a machine's readings.

    With the mapping, the cadence and the hold of the live bridge, so that a model learns from what
    it will see.
    """
    from stream_detector.bridges.historian import (
        MODE_COLUMN,
        Export,
        ExportOptions,
        machine_tags,
        write_wide,
    )

    check_different(csv=export, out=out)
    configuration, mapping = _configured(path)
    tags = machine_tags(mapping, machine)
    (name,) = tags.machines
    read = Export(export, tags, ExportOptions(**written))
    done = write_wide(out, read, tags, configuration.timing(name))
    for note in done.notes:
        click.echo(f"note: {note}")
    click.echo(f"{out}: {done.n_readings} readings of {name}")
    further = f" --mode-column {MODE_COLUMN}" if done.has_mode else ""
    further += f" --label-column {shlex.quote(done.events[0])}" if done.events else ""
    further += "".join(f" --exclude {shlex.quote(event)}" for event in done.events[1:])
    click.echo(
        f"next: python -m trainer fit --csv {shlex.quote(str(out))} --machine {shlex.quote(name)}"
        f"{further} --out model"
    )


def _configured(path: Path) -> "tuple[Configuration, TagMap]":
    """Read a bridge's configuration and the mapping that it names, which have to go together."""
    from stream_detector.bridges.configuration import read_configuration
    from stream_detector.bridges.joining.mapping import read_mapping

    configuration = read_configuration(path)
    mapping = read_mapping(configuration.mapping)
    configuration.check_against(mapping.machines)
    return configuration, mapping


def _health(name: str, source: str, settings: "Settings") -> "BridgeHealth":
    from stream_detector.bridges.health import BridgeHealth

    return BridgeHealth(
        name, source, stall_seconds=settings.stall_seconds, began_at=time.monotonic()
    )
