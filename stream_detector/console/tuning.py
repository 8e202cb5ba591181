"""Reads and writes thresholds for the page: Redis, the bundle's curve, and the rules."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import read_bundle
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.detection.detector import Model
from stream_detector.detection.threshold import Budget
from stream_detector.errors import SettingsError
from stream_detector.pipeline.thresholds import InForce


@dataclass(frozen=True)
class Tuning:
    """Where thresholds are kept, and what judges by them.

    Parameters
    ----------
    store : ThresholdStore
    choices : ModelChoiceStore
    bundle_id : str
    model : Model
    rules : Rules
    default : Budget
        Of the bundle: it counts where nobody set anything.
    """

    store: ThresholdStore
    choices: ModelChoiceStore
    bundle_id: str
    model: Model
    rules: Rules
    default: Budget

    async def read(self) -> tuple[dict[str, bytes], dict[str, InForce]]:
        """Give what is wanted and what is in force, per machine.

        Raises
        ------
        ServiceError
            If Redis does not answer, or refuses us.
        """

        def read() -> tuple[dict[str, bytes], dict[str, InForce]]:
            with redis_faults():
                return self.store.read(), self.store.read_current()

        return await asyncio.to_thread(read)

    async def save(
        self, machine: str, budget: Budget, *, by: str, seen: Mapping[str, bytes]
    ) -> None:
        """Write what somebody wants of a machine, who saw these entries.

        Raises
        ------
        SettingsError
            If somebody else changed that machine's meanwhile, or another model is wanted of it:
            a threshold of this one would say nothing to that.
        ServiceError
            If Redis does not answer, or refuses us.
        """

        def save() -> None:
            with redis_faults():
                judging = self.choices.table(self.bundle_id).of(machine)
                if judging != self.bundle_id:
                    raise SettingsError(
                        f"model {judging} judges here, and the page knows {self.bundle_id} alone; "
                        f"use `stream-detector threshold budget {budget.per_day:g}`, or start the "
                        "page with that model in DETECTOR_BUNDLE"
                    )
                if self.store.read().get(machine) != seen.get(machine):
                    raise SettingsError(
                        "somebody else changed this threshold meanwhile; look, and try again"
                    )
                self.store.put(machine, budget, set_by=by)

        await asyncio.to_thread(save)


def tuning(settings: Settings) -> Tuning | None:
    """Put together what thresholds need; None where the settings name no bundle or no Redis.

    Raises
    ------
    StreamDetectorError
        If what they name cannot be used.
    """
    if settings.bundle is None or settings.redis_url is None:
        return None
    bundle = read_bundle(settings.bundle)
    return Tuning(
        store=ThresholdStore(settings, bundle.id),
        choices=ModelChoiceStore(settings),
        bundle_id=bundle.id,
        model=bundle.model,
        rules=load_rules(settings.rules),
        default=Budget(bundle.manifest.default_budget_per_day),
    )
