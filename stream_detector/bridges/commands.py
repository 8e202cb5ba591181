"""The commands of the group ``bridge``."""

from pathlib import Path

import click

from stream_detector.connections.settings import read_settings

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
    from stream_detector.bridges.configuration import read_configuration
    from stream_detector.bridges.mapping import read_mapping
    from stream_detector.bridges.plain_rows import decode_plain
    from stream_detector.bridges.running import run
    from stream_detector.bridges.tags import TagBridge
    from stream_detector.connections.log import configure_logging

    settings = read_settings()
    configuration = read_configuration(path)
    mapping = read_mapping(configuration.mapping)
    configuration.check_against(mapping.machines)
    configure_logging(settings)
    run(TagBridge(settings, configuration, mapping, decode_plain).run)
