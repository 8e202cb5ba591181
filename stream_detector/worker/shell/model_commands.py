"""The commands ``model list``, ``activate``, ``shadow`` and ``rollback``; the group of all."""

from collections import Counter
from collections.abc import Collection, Iterator

import click

from stream_detector.alerting.life import rfc3339
from stream_detector.bundle.directory import Bundle
from stream_detector.bundle.manifest import Manifest
from stream_detector.command_line import on_one_line
from stream_detector.connections.bundle_store import required_bundle_store
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import redis_faults
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.errors import BundleError, SettingsError, counted, listed
from stream_detector.pipeline.agreement import have_common_sensor
from stream_detector.pipeline.model_choice import (
    ModelChoice,
    decode_choice,
    named,
    readable_choice,
)
from stream_detector.pipeline.thresholds import ALL_MACHINES
from stream_detector.worker.checks import find_manifest, load_bundle
from stream_detector.worker.shell import command_options
from stream_detector.worker.shell.trial_commands import compare, promote

_machine = command_options.machine("a choice of their own")

_OWN = "the workers' own"
_NOT_THERE = "NOT THERE"


@click.group()
def model() -> None:
    """Change the model that judges, and try one beside it; without a stop, in some seconds.

    Models stand in DETECTOR_BUNDLES, each in a folder of its own, as `python -m trainer fit --out`
    writes it.
    """


@model.command("list", epilog="Example: stream-detector model list")
def list_models() -> None:
    """Show the models that there are, what is wanted of them, and what they do."""
    settings = read_settings()
    choices = ModelChoiceStore(settings)
    with redis_faults():
        wanted, judging = choices.read(), choices.read_judging()
    n_judged = Counter(judging.values())
    found: dict[str, str] = {}
    own = None
    if settings.bundle is not None:
        first = load_bundle(settings)
        own = first.id
        found[own] = f"{_description(first.manifest)}, {_OWN}"
    store = required_bundle_store(settings)
    for name, manifest in store.manifests().items():
        if isinstance(manifest, BundleError):
            click.echo(f"UNREADABLE {name!r}: its manifest {manifest}")
        else:
            found.setdefault(manifest.id, _description(manifest))
    for bundle_id in sorted({*found, *n_judged, *named(wanted)}):
        n_machines = n_judged[bundle_id]
        does = f"; judges {counted(n_machines, 'machine')}" if n_machines else ""
        click.echo(f"{bundle_id}  {found.get(bundle_id, _NOT_THERE)}{does}")
    for machine, data in sorted(wanted.items()):
        wish = _wish(data, judge=judging.get(machine), own=own, there=found)
        click.echo(f"{on_one_line(machine)}: {wish}")
    store.check_is_there()


@model.command(epilog="Example: stream-detector model activate 3f9a61c04be2d718 --machine pm3")
@click.argument("bundle_id", metavar="ID")
@_machine
@command_options.set_by
def activate(bundle_id: str, machine: str, set_by: str) -> None:
    """Let model ID judge, between two readings of a machine; its open alerts go on."""
    settings = read_settings()
    bundle = _read(settings, bundle_id)
    choices = ModelChoiceStore(settings)
    with redis_faults():
        judging = choices.read_judging().get(machine)
        choice = choices.activate(machine, bundle_id, set_by=set_by)
    click.echo(f"{machine}: {_told(choice)}")
    command_options.tell_where_unknown(machine, choices)
    if judging is not None:
        _tell_of_other_sensors(settings, machine, before=judging, now=bundle)


@model.command(epilog="Example: stream-detector model shadow 3f9a61c04be2d718 --machine pm3")
@click.argument("bundle_id", metavar="ID")
@_machine
@command_options.set_by
def shadow(bundle_id: str, machine: str, set_by: str) -> None:
    """Try model ID beside the one that judges: it scores, and raises nothing. ID `none` ends it."""
    settings = read_settings()
    wanted = None if bundle_id == "none" else bundle_id
    own = _own_id(settings)
    if wanted is not None and wanted != own:
        _read(settings, wanted)
    choices = ModelChoiceStore(settings)
    with redis_faults():
        choice = choices.shadow(machine, wanted, set_by=set_by, default=own)
    click.echo(f"{machine}: {_told(choice)}")
    command_options.tell_where_unknown(machine, choices)


@model.command(epilog="Example: stream-detector model rollback --machine pm3")
@_machine
@command_options.set_by
def rollback(machine: str, set_by: str) -> None:
    """Let the model judge again that did before the last change."""
    settings = read_settings()
    choices = ModelChoiceStore(settings)
    with redis_faults():
        entries = choices.read()
    # A machine without a choice of its own begins with that of all.
    now = readable_choice(entries.get(machine) or entries.get(ALL_MACHINES) or b"")
    if now is not None and now.previous is not None and now.previous != _own_id(settings):
        _read(settings, now.previous)
    with redis_faults():
        choice = choices.roll_back(machine, set_by=set_by)
    click.echo(f"{machine}: {_told(choice)}")


@model.command(epilog="Example: stream-detector model clear --machine pm3")
@_machine
def clear(machine: str) -> None:
    """Take a machine's own choice away: that for all machines counts again."""
    with redis_faults():
        was_there = ModelChoiceStore(read_settings()).clear(machine)
    click.echo(f"{machine}: {'cleared' if was_there else 'there was none'}")


model.add_command(compare)
model.add_command(promote)


def _own_id(settings: Settings) -> str | None:
    """Name the bundle that the workers were started with, where it is known here."""
    return None if settings.bundle is None else load_bundle(settings).id


def _read(settings: Settings, bundle_id: str) -> Bundle:
    """Refuse a model that the workers would refuse: each file of it is read and checked."""
    return required_bundle_store(settings).read(bundle_id)


def _tell_of_other_sensors(settings: Settings, machine: str, *, before: str, now: Bundle) -> None:
    """Say so where two models have no sensor in common: a machine's tags may have new names."""
    try:
        is_like_it = have_common_sensor(find_manifest(settings, before), now.manifest)
    except BundleError:
        return  # the one before is not there any more
    if not is_like_it:
        click.echo(
            f"note: {now.id} has no sensor of {before}, which judged {machine!r} until now; "
            "readings without one of its sensors get no score",
            err=True,
        )


def _description(manifest: Manifest) -> str:
    head = ", with a head" if manifest.head else ""
    return f"{manifest.network['kind']}, {counted(len(manifest.sensors), 'sensor')}{head}"


def _wish(data: bytes, *, judge: str | None, own: str | None, there: Collection[str]) -> str:
    """Say what is wanted of a machine, by whom and since when, and who judges it."""
    try:
        choice = decode_choice(data)
    except SettingsError as error:
        return f"UNREADABLE, what was wanted before is kept: {error}"
    active = choice.active or own
    does = "is wanted" if judge is None or judge != active else "judges"
    if active is not None and active not in there:
        does += f", {_NOT_THERE}"
    if judge not in {None, active}:
        does += f", {judge} judges"
    trial = "is on trial" if choice.candidate in there else f"is on trial, {_NOT_THERE}"
    since = f" since {rfc3339(choice.set_at)}" if choice.set_at else ""
    by = f" by {on_one_line(choice.set_by)}" if choice.set_by else ""
    why = f": {on_one_line(choice.why)}" if choice.why else ""
    return f"{_told(choice, does=does, trial=trial)}{by}{since}{why}"


def _told(choice: ModelChoice, *, does: str = "judges", trial: str = "is on trial") -> str:
    return ", ".join(_parts(choice, does=does, trial=trial))


def _parts(choice: ModelChoice, *, does: str, trial: str) -> Iterator[str]:
    again = ", though it was taken back before" if choice.active in choice.taken_back else ""
    yield f"{choice.active or _OWN} {does}{again}"
    if choice.candidate:
        yield f"{choice.candidate} {trial}"
    if gone := [one for one in choice.taken_back if one != choice.active]:
        yield f"{listed(gone)} was taken back"
    yield f"version {choice.version}"
