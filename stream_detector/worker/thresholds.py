"""A copy of the thresholds people want, refreshed beside the stream.

The stream never waits for Redis. While Redis is away, or an entry is wrong, the last
good value stays in force. Where Redis comes back without what people set, it is put
back; what nobody knows any more, because no worker ran meanwhile, each machine keeps as
it took it.

The worker starts without Redis, too: a machine whose state was kept goes on with the
threshold it had taken, a new one begins with the bundle's. A Redis that refuses us ends
only the very first start, where somebody sets it up and reads the line. Later, when the
group has judged readings already, a password that was changed must not end a detector that
can go on with what it knows.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog
from mode import Service

from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import RefusedError, ServiceError
from stream_detector.pipeline.thresholds import InForce, Thresholds, ThresholdTables
from stream_detector.worker.health import Health
from stream_detector.worker.model_thresholds import ModelThresholds

log = structlog.get_logger()


class ThresholdWatch(Service):
    """Reads the thresholds every second, and publishes those in force.

    Parameters
    ----------
    store : ThresholdStore
        Of the model that the worker starts with.
    default : Threshold
        Of its bundle: in force where nobody set anything.
    in_force : callable
        Gives the thresholds in force, by model and machine, for others to see.
    taken : callable
        Gives those that people wanted as machines took them, by model and machine.
    refresh_seconds : float
    health : Health
        Told whether Redis answers.
    """

    def __init__(
        self,
        store: ThresholdStore,
        default: Threshold,
        in_force: Callable[[], Mapping[str, dict[str, InForce]]],
        *,
        taken: Callable[[], Mapping[str, dict[str, Threshold]]] = dict,
        refresh_seconds: float,
        health: Health,
    ) -> None:
        super().__init__()
        self._store = store
        self._default = default
        self._in_force = in_force
        self._taken = taken
        self._refresh_seconds = refresh_seconds
        self._health = health
        self._of_models = {store.bundle_id: ModelThresholds(store, default)}
        self._fault: type[ServiceError] | None = None

    @property
    def tables(self) -> Thresholds:
        """What is wanted under each model, as it is known now."""
        found = self._of_models.items()
        return ThresholdTables({bundle_id: one.table for bundle_id, one in found})

    def add(self, store: ThresholdStore, default: Threshold) -> None:
        """Follow the thresholds of a further model, too, from now on."""
        one = ModelThresholds(store, default)
        with suppress(ServiceError), redis_faults():
            one.refresh()  # else with the next look, which tells why not
        self._of_models = {**self._of_models, store.bundle_id: one}

    def remove(self, bundle_id: str) -> None:
        """Follow those of a model no longer."""
        self._of_models = {name: one for name, one in self._of_models.items() if name != bundle_id}

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
        """Read the thresholds once.

        Raises
        ------
        ServiceError
            If Redis does not answer; a RefusedError if it refuses us. The tables stay as they are.
        """
        of_models = self._of_models.values()
        with redis_faults():
            for one in of_models:
                one.refresh()
        self._health.thresholds_at = time.monotonic()
        self._health.unreadable_thresholds = frozenset().union(
            *(one.unreadable for one in of_models)
        )

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
        in_force, taken = self._in_force(), self._taken()
        for bundle_id, one in self._of_models.items():
            one.tell_lost(taken.get(bundle_id, {}))
        with redis_faults():
            for bundle_id, one in self._of_models.items():
                await asyncio.to_thread(one.publish, in_force.get(bundle_id, {}))

    def _note_fault(self, error: ServiceError) -> None:
        """Say once that Redis is away or refuses us, not with every look."""
        refuses = isinstance(error, RefusedError)
        self._health.redis_fault = "refuses us" if refuses else "does not answer"
        for one in self._of_models.values():
            one.publish_anew()
        if type(error) is self._fault:
            return
        self._fault = type(error)
        kept = "the last thresholds"
        if not self._of_models[self._store.bundle_id].is_known:
            kept = f"what machines took before; new ones take {self._default}"
        if refuses:
            log.error("redis.refuses", error=str(error), keeping=kept)
        else:
            log.warning("redis.away", error=str(error), keeping=kept)

    def _note_answer(self) -> None:
        if self._fault is not None:
            log.info("redis.back")
        self._fault = self._health.redis_fault = None
