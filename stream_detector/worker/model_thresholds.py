"""A copy of the thresholds people want under one model."""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from stream_detector.connections.redis import BUNDLE, ThresholdStore
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import SettingsError, listed
from stream_detector.pipeline.thresholds import (
    ALL_MACHINES,
    InForce,
    ThresholdTable,
    decode_setting,
)
from stream_detector.worker.last_good import readable

log = structlog.get_logger()


class ModelThresholds:
    """What Redis has under one model, with the last good value of what cannot be read.

    Parameters
    ----------
    store : ThresholdStore
    default : Threshold
        Of the bundle: in force where nobody set anything.

    Attributes
    ----------
    table : ThresholdTable
    unreadable : frozenset of str
        Machines, or ``*``, whose entries nobody can read.
    """

    def __init__(self, store: ThresholdStore, default: Threshold) -> None:
        self._store = store
        self._entries: dict[str, bytes] | None = None
        self._removed: frozenset[str] = frozenset()
        """Of machines whose entries are gone, cleared or removed by hand."""
        self._told_lost: frozenset[str] = frozenset()
        self._default_offered = False
        self._wanted: dict[str, Threshold] = {}
        self._published: dict[str, InForce] = {}
        self.unreadable: frozenset[str] = frozenset()
        # Until Redis has answered, something may be wanted of any machine.
        self.table = ThresholdTable(default, unknown=frozenset({ALL_MACHINES}))

    @property
    def is_known(self) -> bool:
        """Whether Redis has answered before."""
        return self._entries is not None

    def refresh(self) -> None:
        """Read the thresholds once; at the first time, offer the bundle's default for all.

        Raises
        ------
        RedisError
            If Redis does not answer, or refuses us. The table stays as it is.
        """
        self._look()
        if not self._default_offered:
            # Not first: what cannot be written to, as a copy of Redis, can still be read.
            self._store.offer_default(ALL_MACHINES, self.table.default)
            self._default_offered = True
            self._look()

    def publish(self, in_force: dict[str, InForce]) -> None:
        """Tell others the thresholds in force that have changed.

        Raises
        ------
        RedisError
            If Redis does not answer, or refuses us.
        """
        changed = {
            machine: value
            for machine, value in in_force.items()
            if self._published.get(machine) != value
        }
        if changed:
            self._store.publish_current(changed)
            self._published = in_force

    def publish_anew(self) -> None:
        """Tell all of them again the next time: Redis may have forgotten them."""
        self._published = {}

    def tell_lost(self, taken: Mapping[str, Threshold]) -> None:
        """Tell, once of each, of machines that keep what they took because Redis has lost it."""
        table = self.table
        lost = frozenset(name for name, one in taken.items() if table.has_lost(name, one))
        if new := lost - self._told_lost:
            log.warning(
                "thresholds.lost",
                machines=listed(sorted(new)),
                reason="Redis has lost what was set while no worker ran that knew of it",
                doing="keeping what each took last until one is set, or cleared",
            )
        self._told_lost = lost

    def _look(self) -> None:
        # In this order: what is cleared in between is seen the next time.
        entries = self._store.read()
        self._take(entries, self._store.read_cleared())

    def _take(self, entries: dict[str, bytes], cleared: frozenset[str]) -> None:
        """Make these entries the table, with those put back that Redis has lost."""
        if entries != self._entries:
            try:
                entries |= self._put_back_lost()
            except SettingsError:
                return  # somebody changes them in this moment: look again next time
            self._removed |= (self._entries or {}).keys() - entries.keys()
            self._decode(entries, self._taken_away(entries, cleared))
        elif (taken_away := self._taken_away(entries, cleared)) != self.table.cleared:
            self.table = replace(self.table, cleared=taken_away)

    def _taken_away(
        self, entries: dict[str, bytes], cleared: frozenset[str]
    ) -> frozenset[str] | None:
        """Name those whose own was taken away; None where somebody ever set one for all."""
        cleared |= self._removed
        for_all = entries.get(ALL_MACHINES)
        if ALL_MACHINES in cleared or not (for_all is None or _was_offered(for_all)):
            return None
        return cleared

    def _decode(self, entries: dict[str, bytes], cleared: frozenset[str] | None) -> None:
        """Make what can be read the table; of the rest, what was read last stays in it."""
        wanted, refused = readable(
            entries, lambda data: decode_setting(data).threshold, self._wanted
        )
        unknown = frozenset(refused.keys() - wanted.keys())
        table = replace(self.table, by_machine=wanted, unknown=unknown, cleared=cleared)
        before = self._entries or {}
        for machine, error in refused.items():
            if entries[machine] != before.get(machine):
                kept = str(table.of(machine))
                if machine in unknown:
                    kept = f"what was taken before, else {kept}"
                log.error("threshold.refused", machine=machine, error=error, keeping=kept)
        for machine in wanted.keys() | self._wanted.keys():
            if wanted.get(machine) != self._wanted.get(machine):
                log.info(
                    "threshold.adopted",
                    machine=machine,
                    threshold=str(table.of(machine)),
                    bundle=self._store.bundle_id,
                )
        self._entries, self._wanted, self.table = entries, wanted, table
        self.unreadable = frozenset(refused)

    def _put_back_lost(self) -> dict[str, bytes]:
        """Write again what Redis has lost; whoever wants to be rid of it clears it."""
        lost = self._store.put_back(self._entries) if self._entries else {}
        if lost:
            log.warning(
                "thresholds.lost",
                machines=listed(sorted(lost)),
                reason="Redis has lost them, or they were removed otherwise than by "
                "`stream-detector threshold clear`",
                doing="putting them back",
            )
            self._published = {}
        return lost


def _was_offered(data: bytes) -> bool:
    """Tell whether an entry for all machines is the bundle's, and none was cleared before it."""
    try:
        setting = decode_setting(data)
    except SettingsError:
        return False
    return setting.set_by == BUNDLE and setting.version == 1
