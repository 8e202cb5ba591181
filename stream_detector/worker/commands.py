"""The commands ``worker``, ``check`` and ``topics``."""

import click

from stream_detector.command_line import tell
from stream_detector.connections.settings import read_settings


@click.command(epilog="Example: DETECTOR_BUNDLE=model stream-detector worker")
def worker() -> None:
    """Score live readings and publish alerts.

    Reads DETECTOR_BROKER, DETECTOR_REDIS_URL, DETECTOR_BUNDLE and the other settings. Workers of
    one DETECTOR_GROUP share the partitions. Ends with 0 on SIGTERM or Ctrl-C, with 1 on a fault:
    let systemd or Kubernetes start it again.
    """
    settings = read_settings()
    # Faust is imported only by the one command that runs it, and takes a second.
    from stream_detector.worker.app import run

    if settings.traces_url is None:
        run(settings)
    else:
        from stream_detector.worker.checks import load_traces

        run(settings, load_traces()(settings.traces_url, group=settings.group))


@click.command(epilog="Example: stream-detector check")
def check() -> None:
    """Look at broker, topics, bundle, Redis, rules and models; exit 1 if one is at fault."""
    settings = read_settings()
    from stream_detector.worker.checks import check as look

    tell(look(settings))


@click.group()
def topics() -> None:
    """Make the Kafka topics."""


@topics.command(epilog="Example: stream-detector topics create --partitions 12 --replication 3")
@click.option(
    "--partitions",
    type=click.IntRange(1, 10_000),
    default=8,
    show_default=True,
    help="Of each topic. Workers share partitions, so it is the most workers that can help.",
)
@click.option(
    "--replication",
    type=click.IntRange(1, 10),
    default=1,
    show_default=True,
    help="Copies of each message; 3 in a plant with three brokers.",
)
def create(partitions: int, replication: int) -> None:
    """Make the topics that are missing and tell of each."""
    from stream_detector.connections.topics import create_topics

    told: list[str] = []
    try:
        told.extend(create_topics(read_settings(), partitions=partitions, replication=replication))
    finally:
        # In the end: whoever reads only the first line must not stop us half-way.
        click.echo("".join(f"{line}\n" for line in told), nl=False)
