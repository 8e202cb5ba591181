"""A copy of the thresholds people want, refreshed beside the stream.

The stream never waits for Redis. While Redis is away, or an entry is wrong, the last
good value stays in force. Where Redis comes back without what people set, it is put
back.
"""

import asyncio
import time
from collections.abc import Callable

import structlog
from mode import Service

from stream_detector.connections.redis import RedisError, RedisRefusal, ThresholdStore, redis_faults
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import SettingsError, listed
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
        self._entries: dict[str, bytes] = {}
        self._wanted: dict[str, Threshold] = {}
        self._published: dict[str, InForce] = {}
        self._away = False
        self.table = ThresholdTable(default)

    def start_with_default(self) -> None:
        """Offer the bundle's default to whoever set nothing yet, and read what is wanted.

        Raises
        ------
        ServiceError
            If Redis does not answer, or refuses us.
        """
        with redis_faults():
            self._store.offer_default(ALL_MACHINES, self.table.default)
            self.refresh()

    def refresh(self) -> None:
        """Read the thresholds once.

        Raises
        ------
        RedisError
            If Redis does not answer; the table stays as it is.
        """
        entries = self._store.read()
        if entries == self._entries:
            return
        try:
            entries |= self._put_back_lost()
        except SettingsError:
            return  # somebody changes them in this moment: look again next time
        wanted, refused = {}, {}
        for machine, data in entries.items():
            try:
                wanted[machine] = decode_setting(data).threshold
            except SettingsError as fault:
                refused[machine] = str(fault)
                if machine in self._wanted:
                    wanted[machine] = self._wanted[machine]
        table = ThresholdTable(self.table.default, wanted)
        for machine, error in refused.items():
            if entries[machine] != self._entries.get(machine):
                kept = str(table.of(machine))
                log.error("threshold.refused", machine=machine, error=error, keeping=kept)
        for machine in wanted.keys() | self._wanted.keys():
            if wanted.get(machine) != self._wanted.get(machine):
                log.info("threshold.adopted", machine=machine, threshold=str(table.of(machine)))
        self._entries, self._wanted, self.table = entries, wanted, table

    def _put_back_lost(self) -> dict[str, bytes]:
        """Write again what Redis has lost; whoever wants to be rid of it clears it."""
        lost = self._store.put_back(self._entries)
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
                self._health.thresholds_at = time.monotonic()
                if self._away:
                    log.info("redis.back")
                    self._away = self._health.redis_away = False
                    # It may have forgotten everything.
                    self._published = {}
            except RedisError as error:
                if not self._away:
                    event = "redis.refuses" if isinstance(error, RedisRefusal) else "redis.away"
                    log.warning(event, error=str(error), keeping="the last thresholds")
                    self._away = self._health.redis_away = True
            await self.sleep(self._refresh_seconds)

    async def _publish(self) -> None:
        in_force = self._in_force()
        changed = {
            machine: value
            for machine, value in in_force.items()
            if self._published.get(machine) != value
        }
        if changed:
            await asyncio.to_thread(self._store.publish_current, changed)
            self._published = in_force
