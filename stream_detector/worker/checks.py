"""Everything the worker needs, looked at before it starts; the command ``check`` shows it."""

from collections.abc import Callable, Collection, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.bundle.manifest import Manifest
from stream_detector.command_line import Finding, looked
from stream_detector.connections.bundle_store import BundleStore, bundle_store
from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import check_topics, topic_notes
from stream_detector.errors import BundleError, SettingsError, counted, listed
from stream_detector.pipeline.agreement import rules_notes
from stream_detector.pipeline.model_choice import named, readable_choice
from stream_detector.pipeline.thresholds import decode_setting

if TYPE_CHECKING:
    from stream_detector.worker.otlp import OtlpTraces


def load_bundle(settings: Settings) -> Bundle:
    """Read the bundle the settings name.

    Raises
    ------
    SettingsError
        If they name none.
    BundleError
        If it cannot be used.
    """
    if settings.bundle is None:
        raise SettingsError(
            "DETECTOR_BUNDLE is not set; give the folder that `python -m trainer fit --out` wrote"
        )
    return read_bundle(settings.bundle)


def find_manifest(settings: Settings, bundle_id: str) -> Manifest:
    """Give what a model says of itself: one of DETECTOR_BUNDLES, or the workers' own.

    Raises
    ------
    ServiceError
        If the store does not answer.
    BundleError
        If it is not there.
    """
    store = bundle_store(settings)
    for one in () if store is None else store.manifests().values():
        if isinstance(one, Manifest) and one.id == bundle_id:
            return one
    if settings.bundle is not None:
        own = load_bundle(settings).manifest
        if own.id == bundle_id:
            return own
    raise BundleError(
        f"there is no bundle {bundle_id}; copy its folder to where DETECTOR_BUNDLES says"
    )


def load_traces() -> "type[OtlpTraces]":
    """Import what sends traces.

    Raises
    ------
    SettingsError
        If its packages are not installed.
    """
    try:
        found: type[OtlpTraces] = import_module("stream_detector.worker.otlp").OtlpTraces
    except ImportError as error:
        raise SettingsError(
            f"DETECTOR_TRACES_URL needs {error.name}, not installed here; "
            "pip install 'stream-detector[traces]'"
        ) from error
    return found


def check(settings: Settings) -> Iterator[Finding]:
    """Look at what the worker needs, one after the other, and at what else the settings name."""

    def broker() -> str:
        n_brokers = len(cluster_metadata(settings).brokers)
        return f"{settings.bootstrap_servers} answers ({counted(n_brokers, 'broker')})"

    def our_topics() -> str:
        counts = check_topics(settings)
        found = ", ".join(
            f"{name} ({counted(count, 'partition')})" for name, count in counts.items()
        )
        return found + "".join(f"; note: {note}" for note in topic_notes(settings))

    bundles: list[Bundle] = []

    def thresholds() -> str:
        # Without a bundle there is nothing of ours to read, but Redis answers or not.
        store = ThresholdStore(settings, bundles[0].id if bundles else "none")
        store.check_access()
        with redis_faults():
            found = store.read()
        if unreadable := [name for name, data in found.items() if not _is_readable(data)]:
            raise SettingsError(
                f"unreadable thresholds of {listed(sorted(unreadable))}; set them again with "
                "`stream-detector threshold set`"
            )
        return f"answers ({counted(len(found), 'threshold')} set)"

    def bundle() -> str:
        found = load_bundle(settings)
        bundles.append(found)
        n_sensors = len(found.manifest.sensors)
        return (
            f"{settings.bundle}: {found.id}, {n_sensors} sensors, {found.manifest.network['kind']}"
        )

    def rules() -> str:
        with_head = any(one.model.head is not None for one in bundles)
        found = load_rules(settings.rules, with_head=with_head)
        names = ", ".join(rule.name for rule in found.rules)
        notes = [note for one in bundles for note in rules_notes(one.manifest, found)]
        told = "".join(f"; note: {note}" for note in notes)
        return f"{settings.rules or 'no file, the default'}: {names}{told}"

    def models() -> str:
        store = BundleStore(settings.bundles or "")
        store.check_is_there()
        found = store.manifests()
        for name, one in found.items():
            if isinstance(one, BundleError):
                raise BundleError(f"{name} in {settings.bundles!r}: {one}")
        _check_wanted(settings, store, own={one.id for one in bundles})
        if not found:
            return f"{settings.bundles}; note: no model is there yet, or it is another place"
        return f"{settings.bundles}: {counted(len(found), 'model')}"

    def traces() -> str:
        load_traces()
        return f"to {settings.traces_url}"

    checks: dict[str, Callable[[], str]] = {
        "broker": broker,
        "topics": our_topics,
        "bundle": bundle,
        "redis": thresholds,
        "rules": rules,
    }
    if settings.bundles is not None:
        checks["models"] = models
    if settings.traces_url is not None:
        checks["traces"] = traces
    for subject, look in checks.items():
        yield looked(subject, look)


def _check_wanted(settings: Settings, store: BundleStore, *, own: Collection[str]) -> None:
    """Read each file of the models that workers are to have ready, as they do."""
    with redis_faults():
        entries = ModelChoiceStore(settings).read()
    for bundle_id, machine in sorted(named(entries).items()):
        if bundle_id in own:
            continue
        try:
            store.read(bundle_id)
        except BundleError as error:
            raise BundleError(f"{machine!r} is to have {bundle_id}: {error}") from error
    if unreadable := [name for name, data in entries.items() if readable_choice(data) is None]:
        raise SettingsError(
            f"unreadable choice of a model for {listed(sorted(unreadable))}; choose it again with "
            "`stream-detector model activate`"
        )


def _is_readable(data: bytes) -> bool:
    try:
        decode_setting(data)
    except SettingsError:
        return False
    return True
