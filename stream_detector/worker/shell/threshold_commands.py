"""The commands ``threshold show``, ``set``, ``budget`` and ``clear``."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import click

from stream_detector.alerting.life import rfc3339
from stream_detector.command_line import Parsed, on_one_line
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import SettingsError
from stream_detector.pipeline.names import machine_name
from stream_detector.pipeline.thresholds import (
    ALL_MACHINES,
    ThresholdSetting,
    decode_setting,
    parse_threshold,
    setting_of,
)
from stream_detector.worker.checks import load_bundle
from stream_detector.worker.shell import command_options

_LIVE_FOR = timedelta(days=7)
"""Machines without a reading for so long are not shown: Redis keeps every name ever sent."""

_FRESH_FOR = timedelta(minutes=1)
"""One in force is that of the machine's last reading: of an older one it is said."""

_machine = command_options.machine("one of their own")


@click.group()
def threshold() -> None:
    """Show and change thresholds, under the model that is wanted of a machine; in force within 2 s.

    A threshold of one model says nothing to another: after a change of models those of the new one
    count, at first its default.
    """


class _OfNumber(click.Command):
    """A command of a number: one below zero is not taken for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not error.option_name[1:].isdigit():
                raise
            raise click.UsageError("PER_DAY is below zero, expected a number above", ctx) from error


@threshold.command(epilog="Example: stream-detector threshold show --machine pm3")
@click.option(
    "--machine",
    type=Parsed(machine_name),
    metavar="NAME",
    help="Only what counts for this one.  [default: all]",
)
def show(machine: str | None) -> None:
    """Show what is wanted of each machine, and what is in force."""
    settings = read_settings()
    first, choices = load_bundle(settings), ModelChoiceStore(settings)
    with redis_faults():
        bundle_ids, judging = choices.table(first.id), choices.read_judging()
    ids = [bundle_ids.of(ALL_MACHINES), *bundle_ids.by_machine.values()]
    if machine is not None:
        ids = [bundle_ids.of(machine)]
    for place, bundle_id in enumerate(dict.fromkeys(ids)):
        if len(set(ids)) > 1:
            click.echo("\n" * bool(place) + f"under model {bundle_id}")
        own = setting_of(first.manifest.default_threshold) if bundle_id == first.id else None
        store = ThresholdStore(settings, bundle_id)
        elsewhere = {name for name, one in judging.items() if one != bundle_id}
        _show(store, own, only=machine, elsewhere=elsewhere)
    if machine is not None:
        command_options.tell_where_unknown(machine, choices)


def _show(
    store: ThresholdStore,
    own: ThresholdSetting | None,
    *,
    only: str | None,
    elsewhere: Collection[str],
) -> None:
    """Show those of one model; machines that another one judges have none in force here."""
    with redis_faults():
        wanted, current = store.read(), store.read_current()
    current = {name: one for name, one in current.items() if name not in elsewhere}
    if only is not None:
        wanted = {name: wanted[name] for name in wanted.keys() & {ALL_MACHINES, only}}
        current = {name: current[name] for name in current.keys() & {only}}
    if ALL_MACHINES not in wanted:
        number = "default" if own is None else ":".join(map(str, own.source().values()))
        click.echo(f"{ALL_MACHINES}: nothing is set, so the bundle's {number} counts")
    for machine, data in sorted(wanted.items()):
        click.echo(_wish(machine, data))
    now = datetime.now(UTC)
    live = {name: one for name, one in current.items() if now - one.received_at < _LIVE_FOR}
    for machine, one in sorted(live.items()):
        drift = f", of that {one.shift:+} drift" if one.shift else ""
        is_old = now - one.received_at > _FRESH_FOR
        when = f" at its last reading, {rfc3339(one.received_at)}" if is_old else ""
        click.echo(f"{on_one_line(machine)}: in force {one.threshold}{drift}{when}")
    if n_more := len(current) - len(live):
        click.echo(f"not shown: {n_more} without a reading for {_LIVE_FOR.days} days")


@threshold.command("set", epilog="Example: stream-detector threshold set fixed:3.1 --machine pm3")
@click.argument("wanted", type=Parsed(parse_threshold))
@_machine
@command_options.set_by
def set_threshold(wanted: Threshold, machine: str, set_by: str) -> None:
    """Set a threshold: fixed:T (a score), rate:S (share of readings), budget:N (alerts a day)."""
    _put(machine, wanted, set_by)


@threshold.command(
    cls=_OfNumber, epilog="Example: stream-detector threshold budget 6 --machine pm3"
)
@click.argument("per_day", type=Parsed(lambda number: parse_threshold(f"budget:{number}")))
@_machine
@command_options.set_by
def budget(per_day: Threshold, machine: str, set_by: str) -> None:
    """Hold to PER_DAY false alerts a day."""
    _put(machine, per_day, set_by)


@threshold.command(epilog="Example: stream-detector threshold clear --machine pm3")
@_machine
def clear(machine: str) -> None:
    """Take a machine's own threshold away: that for all machines counts again."""
    settings = read_settings()
    with redis_faults():
        was_there = _store(machine, settings, ModelChoiceStore(settings)).remove(machine)
    click.echo(f"{machine}: {'cleared' if was_there else 'there was none'}")


def _put(machine: str, wanted: Threshold, set_by: str) -> None:
    settings = read_settings()
    choices = ModelChoiceStore(settings)
    with redis_faults():
        setting = _store(machine, settings, choices).put(machine, wanted, set_by=set_by)
    click.echo(_line(machine, setting))
    command_options.tell_where_unknown(machine, choices)


def _wish(machine: str, data: bytes) -> str:
    """Say what is wanted of a machine, by whom and since when."""
    try:
        setting = decode_setting(data)
    except SettingsError as error:
        return f"{on_one_line(machine)}: UNREADABLE, the last good value is kept: {error}"
    since = f" since {rfc3339(setting.set_at)}" if setting.set_at else ""
    by = f" by {on_one_line(setting.set_by)}" if setting.set_by else ""
    return f"{_line(machine, setting)}{by}{since}"


def _line(machine: str, setting: ThresholdSetting) -> str:
    """Say what is wanted of a machine in the words of ``set``."""
    kind, number = setting.source().values()
    return f"{on_one_line(machine)}: {kind}:{number}, version {setting.version}"


def _store(machine: str, settings: Settings, choices: ModelChoiceStore) -> ThresholdStore:
    """Open the thresholds of the model that is wanted of a machine."""
    bundle_ids = choices.table(load_bundle(settings).id)
    return ThresholdStore(settings, bundle_ids.of(machine))
