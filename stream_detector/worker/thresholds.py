"""A copy of the thresholds people want, refreshed beside the stream.

The stream never waits for Redis. While Redis is away, or an entry is wrong, the last
good value stays in force. Where Redis comes back without what people set, it is put
back.

The worker starts without Redis, too: a machine whose state was kept goes on with the
threshold it had taken, a new one begins with the bundle's. A Redis that refuses us ends
only the very first start, where somebody sets it up and reads the line. Later, when the
group has judged readings already, a password that was changed must not end a detector that
can go on with what it knows.
"""

import asyncio
import time
from collections.abc import Callable

import structlog
from mode import Service

from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import RefusedError, ServiceError, SettingsError, listed
from stream_detector.pipeline.thresholds import (
    ALL_MACHINES,
    InForce,
    ThresholdTable,
    decode_setting,
)
from stream_detector.worker.health import Health

log = structlog.get_logger()


class ThresholdWatch(Service):
    """Reads the thresholds every second, and publishes those in force.

    Parameters
    ----------
    store : ThresholdStore
    default : Threshold
        Of the bundle: in force where nobody set anything.
    in_force : callable
        Gives the thresholds in force, per machine, for others to see.
    refresh_seconds : float
    health : Health
        Told whether Redis answers.
    """

    def __init__(
        self,
        store: ThresholdStore,
        default: Threshold,
        in_force: Callable[[], dict[str, InForce]],
        *,
        refresh_seconds: float,
        health: Health,
    ) -> None:
        super().__init__()
        self._store = store
        self._in_force = in_force
        self._refresh_seconds = refresh_seconds
        self._health = health
        self._entries: dict[str, bytes] | None = None
        self._default_offered = False
        self._wanted: dict[str, Threshold] = {}
        self._published: dict[str, InForce] = {}
        self._fault: type[ServiceError] | None = None
        # Until Redis has answered, something may be wanted of any machine.
        self.table = ThresholdTable(default, unknown=frozenset({ALL_MACHINES}))

    def begin(self, *, is_first_start: Callable[[], bool]) -> None:
        """Look for the first time; a Redis that is away is waited for beside the stream.

        Parameters
        ----------
        is_first_start : callable
            Asked only if Redis refuses us.

        Raises
        ------
        RefusedError
            If Redis refuses us at the very first start.
        """
        try:
            self._store.check_access()
            self.refresh()
        except ServiceError as error:
            if isinstance(error, RefusedError) and is_first_start():
                raise
            self._note_fault(error)

    def refresh(self) -> None:
        """Read the thresholds once; at the first time, offer the bundle's default for all.

        Raises
        ------
        ServiceError
            If Redis does not answer; a RefusedError if it refuses us. The table stays as it is.
        """
        with redis_faults():
            self._take(self._store.read())
            if not self._default_offered:
                # Not first: what cannot be written to, as a copy of Redis, can still be read.
                self._store.offer_default(ALL_MACHINES, self.table.default)
                self._default_offered = True
                self._take(self._store.read())

    def _take(self, entries: dict[str, bytes]) -> None:
        """Make these entries the table, with those put back that Redis has lost."""
        if entries != self._entries:
            try:
                entries |= self._put_back_lost()
            except SettingsError:
                return  # somebody changes them in this moment: look again next time
            self._decode(entries)
        self._health.thresholds_at = time.monotonic()

    def _decode(self, entries: dict[str, bytes]) -> None:
        """Make what can be read the table; of the rest, what was read last stays in it."""
        wanted, refused = {}, {}
        for machine, data in entries.items():
            try:
                wanted[machine] = decode_setting(data).threshold
            except SettingsError as fault:
                refused[machine] = str(fault)
                if machine in self._wanted:
                    wanted[machine] = self._wanted[machine]
        unknown = frozenset(refused.keys() - wanted.keys())
        table = ThresholdTable(self.table.default, wanted, unknown)
        before = self._entries or {}
        for machine, error in refused.items():
            if entries[machine] != before.get(machine):
                kept = str(table.of(machine))
                if machine in unknown:
                    kept = f"what was taken before, else {kept}"
                log.error("threshold.refused", machine=machine, error=error, keeping=kept)
        for machine in wanted.keys() | self._wanted.keys():
            if wanted.get(machine) != self._wanted.get(machine):
                log.info("threshold.adopted", machine=machine, threshold=str(table.of(machine)))
        self._entries, self._wanted, self.table = entries, wanted, table
        self._health.unreadable_thresholds = frozenset(refused)

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

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            try:
                await asyncio.to_thread(self.refresh)
                await self._publish()
            except ServiceError as error:
                self._note_fault(error)
            else:
                self._note_answer()
            await self.sleep(self._refresh_seconds)

    async def _publish(self) -> None:
        in_force = self._in_force()
        changed = {
            machine: value
            for machine, value in in_force.items()
            if self._published.get(machine) != value
        }
        if changed:
            with redis_faults():
                await asyncio.to_thread(self._store.publish_current, changed)
            self._published = in_force

    def _note_fault(self, error: ServiceError) -> None:
        """Say once that Redis is away or refuses us, not with every look."""
        refuses = isinstance(error, RefusedError)
        self._health.redis_fault = "refuses us" if refuses else "does not answer"
        # It may forget everything meanwhile.
        self._published = {}
        if type(error) is self._fault:
            return
        self._fault = type(error)
        kept = "the last thresholds"
        if self._entries is None:
            kept = f"what machines took before; new ones take {self.table.default}"
        if refuses:
            log.error("redis.refuses", error=str(error), keeping=kept)
        else:
            log.warning("redis.away", error=str(error), keeping=kept)

    def _note_answer(self) -> None:
        if self._fault is not None:
            log.info("redis.back")
        self._fault = self._health.redis_fault = None
