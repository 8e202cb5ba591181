"""The commands ``threshold show``, ``set``, ``budget`` and ``clear``."""

import getpass
import os

import click

from stream_detector.alerting.life import rfc3339
from stream_detector.command_line import Parsed
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.settings import read_settings
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import SettingsError
from stream_detector.pipeline.readings import machine_name
from stream_detector.pipeline.thresholds import (
    ALL_MACHINES,
    ThresholdSetting,
    decode_setting,
    parse_threshold,
)
from stream_detector.worker.checks import load_bundle


def _user() -> str:
    """Name who calls, by number where the system has no name: containers run under any."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the latter since Python 3.13
        return f"uid:{os.getuid()}"


_machine = click.option(
    "--machine",
    type=Parsed(machine_name),
    metavar="NAME",
    default=ALL_MACHINES,
    show_default="all machines without one of their own",
    help="Machine it is for.",
)
_set_by = click.option("--by", "set_by", default=_user, show_default="you", help="Who wants it.")


@click.group()
def threshold() -> None:
    """Show and change the thresholds of the active bundle; in force within 2 seconds."""


@threshold.command(epilog="Example: stream-detector threshold show")
def show() -> None:
    """Show what is wanted of each machine, and what is in force."""
    with redis_faults():
        store = _store()
        wanted, current = store.read(), store.read_current()
    for machine, data in sorted(wanted.items()):
        try:
            setting = decode_setting(data)
            since = f" since {rfc3339(setting.set_at)}" if setting.set_at else ""
            by = f" by {setting.set_by}" if setting.set_by else ""
            click.echo(f"{_line(machine, setting)}{by}{since}")
        except SettingsError as error:
            click.echo(f"{machine}: UNREADABLE, the last good value is kept: {error}")
    for machine, value in sorted(current.items()):
        click.echo(f"{machine}: in force {value['threshold']}, of that {value['shift']:+} drift")


@threshold.command("set", epilog="Example: stream-detector threshold set fixed:3.1 --machine pm3")
@click.argument("wanted", type=Parsed(parse_threshold))
@_machine
@_set_by
def set_threshold(wanted: Threshold, machine: str, set_by: str) -> None:
    """Set a threshold: fixed:T (a score), rate:S (share of readings), budget:N (alerts a day)."""
    _put(machine, wanted, set_by)


@threshold.command(epilog="Example: stream-detector threshold budget 6 --machine pm3")
@click.argument("per_day", type=Parsed(lambda number: parse_threshold(f"budget:{number}")))
@_machine
@_set_by
def budget(per_day: Threshold, machine: str, set_by: str) -> None:
    """Hold to PER_DAY false alerts a day."""
    _put(machine, per_day, set_by)


@threshold.command(epilog="Example: stream-detector threshold clear --machine pm3")
@_machine
def clear(machine: str) -> None:
    """Take a machine's own threshold away: that for all machines counts again."""
    with redis_faults():
        was_there = _store().remove(machine)
    click.echo(f"{machine}: {'cleared' if was_there else 'there was none'}")


def _put(machine: str, wanted: Threshold, set_by: str) -> None:
    with redis_faults():
        setting = _store().put(machine, wanted, set_by=set_by)
    click.echo(_line(machine, setting))


def _line(machine: str, setting: ThresholdSetting) -> str:
    """Say what is wanted of a machine in the words of ``set``."""
    kind, number = setting.source().values()
    return f"{machine}: {kind}:{number}, version {setting.version}"


def _store() -> ThresholdStore:
    settings = read_settings()
    return ThresholdStore(settings, load_bundle(settings).id)
