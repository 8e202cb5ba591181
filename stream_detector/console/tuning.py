"""Reads and writes thresholds for the page: Redis, the models' curves, and the rules."""

import asyncio
import threading
import time
from typing import Final

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.connections.bundle_store import bundle_store
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.console.under_models import TunedModel, UnderModel, UnderModels
from stream_detector.detection.threshold import Budget
from stream_detector.errors import BundleError, ServiceError, SettingsError
from stream_detector.pipeline.thresholds import ALL_MACHINES

_TRIED_AGAIN_SECONDS: Final = 30.0
"""After a bundle could not be read; the page looks every five seconds, and a store may be far."""


class Tuning:
    """Where thresholds are kept, and what judges by them.

    Parameters
    ----------
    settings : Settings
        Their ``bundles`` are where models stand that machines were changed to.
    first : Bundle
        That the workers were started with.
    rules : Rules
    """

    def __init__(self, settings: Settings, first: Bundle, rules: Rules) -> None:
        self._settings = settings
        self._choices = ModelChoiceStore(settings)
        self._bundles = bundle_store(settings)
        self._first_id = first.id
        self._tuned = {first.id: _tuned(first)}
        self._stores: dict[str, ThresholdStore] = {}
        self._faults: dict[str, tuple[float, str]] = {}
        # Each open page reads in a thread of its own.
        self._reading = threading.Lock()
        self.rules = rules
        self.default_budget = Budget(first.manifest.default_budget_per_day)

    async def read(self) -> UnderModels:
        """Give what is wanted and what is in force, per machine, under the model wanted of it.

        Raises
        ------
        ServiceError
            If Redis does not answer, or refuses us.
        """
        return await asyncio.to_thread(self._read)

    async def save(self, machine: str, budget: Budget, *, by: str, seen: UnderModels) -> None:
        """Write what somebody wants of a machine, who saw these thresholds.

        Raises
        ------
        SettingsError
            If somebody else changed that machine's, or its model, meanwhile, or that model is
            none that the page has: nobody has seen what the budget would do.
        ServiceError
            If Redis does not answer, or refuses us.
        """
        await asyncio.to_thread(self._save, machine, budget, by, seen)

    def _read(self) -> UnderModels:
        with redis_faults():
            choice = self._choices.table(self._first_id)
            ids = {choice.default, choice.of(ALL_MACHINES), *choice.by_machine.values()}
            # Kept from one reading to the next, as each has its connection to Redis.
            stores = {one: self._store_of(one) for one in ids}
            kept = {one: (store.read(), store.read_current()) for one, store in stores.items()}
        with self._reading:
            self._stores = stores
            self._tuned = {one: tuned for one, tuned in self._tuned.items() if one in ids}
            by_id = {one: UnderModel(one, *kept[one], self._tuned_model(one)) for one in ids}
        return UnderModels(choice, by_id)

    def _save(self, machine: str, budget: Budget, by: str, seen: UnderModels) -> None:
        under = seen.of(machine)
        if isinstance(under.tuned, str):
            raise SettingsError(under.tuned)
        with redis_faults():
            wanted = self._choices.table(self._first_id).of(machine)
            if wanted != under.bundle_id:
                raise SettingsError(
                    f"somebody else chose model {wanted} for {machine} meanwhile; look, and try "
                    "again"
                )
            store = self._store_of(under.bundle_id)
            if store.read().get(machine) != under.wanted.get(machine):
                raise SettingsError(
                    "somebody else changed this threshold meanwhile; look, and try again"
                )
            store.put(machine, budget, set_by=by)

    def _store_of(self, bundle_id: str) -> ThresholdStore:
        return self._stores.get(bundle_id) or ThresholdStore(self._settings, bundle_id)

    def _tuned_model(self, bundle_id: str) -> TunedModel | str:
        """Read a model, unless that was done before; a text says why there is none."""
        if bundle_id in self._tuned:
            return self._tuned[bundle_id]
        tried_at, fault = self._faults.get(bundle_id, (-_TRIED_AGAIN_SECONDS, ""))
        if time.monotonic() - tried_at < _TRIED_AGAIN_SECONDS:
            return fault
        try:
            found = _tuned(self._read_bundle(bundle_id))
        except (BundleError, ServiceError, SettingsError) as error:
            fault = (
                f"model {bundle_id} judges here, and the page does not have it: {error}. Until "
                "then, `stream-detector threshold budget` changes it unseen"
            )
            self._faults[bundle_id] = time.monotonic(), fault
            return fault
        self._tuned[bundle_id] = found
        return found

    def _read_bundle(self, bundle_id: str) -> Bundle:
        if self._bundles is None:
            raise SettingsError(
                "DETECTOR_BUNDLES is not set for the console; name the folder that the models "
                "stand in, as for the workers"
            )
        return self._bundles.read(bundle_id)


def _tuned(bundle: Bundle) -> TunedModel:
    return TunedModel(bundle.model, bundle.manifest.default_threshold)


def tuning(settings: Settings) -> Tuning | None:
    """Put together what thresholds need; None where the settings name no bundle or no Redis.

    Raises
    ------
    StreamDetectorError
        If what they name cannot be used.
    """
    if settings.bundle is None or settings.redis_url is None:
        return None
    return Tuning(settings, read_bundle(settings.bundle), load_rules(settings.rules))
