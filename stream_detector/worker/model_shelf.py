"""The bundles that models are changed to: read, checked, and put to work."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.bundle_store import BundleStore
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.errors import BundleError, SettingsError, StreamDetectorError, listed
from stream_detector.pipeline.models import Models
from stream_detector.pipeline.try_out import try_out
from stream_detector.worker.health import Health
from stream_detector.worker.thresholds import ThresholdWatch

log = structlog.get_logger()

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
"""Between two attempts at a model that cannot be used: from a URL each is a download."""


class _Pause(NamedTuple):
    """How long a model is not tried again, and until when."""

    seconds: float
    until: float


@dataclass(frozen=True)
class KnownModels:
    """The models that there are, and whether a further one is sure to be gone."""

    ids: Collection[str]

    out_of_sight: str | None = None
    """Why a further one may merely not be seen from here, and what to do about it."""

    hidden: Collection[str] | None = None
    """Those that may be out of sight; None is all others."""

    def check_is_gone(self, bundle_id: str, machines: Sequence[str]) -> None:
        """Check that a model that judged these machines was deleted, and is not out of sight.

        Raises
        ------
        BundleError
            If it is wanted and no place is named where it may be, or no model at all is there, as
            in a folder that is not mounted.
        """
        is_hidden = self.hidden is None or bundle_id in self.hidden
        if self.out_of_sight is not None and is_hidden:
            raise BundleError(
                f"bundle {bundle_id} judged {listed(machines)}, and {self.out_of_sight}: what was "
                "known of them is lost then"
            )


class ModelShelf:
    """Puts models to work for the pipeline, and away when nobody is judged by them.

    Parameters
    ----------
    settings : Settings
    models : Models
        Of the pipeline.
    store : BundleStore or None
        None where the settings name no place: then there is only the first model.
    thresholds : ThresholdWatch
        Follows those of each model at work.
    health : Health
        Told which models cannot be used, and why.
    clock : callable
        Seconds since whenever.
    """

    def __init__(
        self,
        settings: Settings,
        models: Models,
        *,
        store: BundleStore | None,
        thresholds: ThresholdWatch,
        health: Health,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._models = models
        self._store = store
        self._thresholds = thresholds
        self._health = health
        self._clock = clock
        self._pauses: dict[str, _Pause] = {}
        self._putting = asyncio.Lock()

    async def known(self) -> KnownModels:
        """Give the models that there are, at work or in the store.

        Raises
        ------
        ServiceError
            If the store does not answer: who judged a machine so far must not be guessed.
        """
        at_work = frozenset(self._models)
        if self._store is None:
            # One that nobody wants is that of our own bundle before it was changed.
            return KnownModels(
                at_work,
                "DETECTOR_BUNDLES is not set; name the place where it stands. If that bundle is "
                "gone for good, let another judge (`stream-detector model activate`)",
                hidden=self.refused.keys(),
            )
        found = await asyncio.to_thread(self._store.ids)
        if found:
            return KnownModels(at_work | found)
        return KnownModels(
            at_work,
            f"there is no model in {self._settings.bundles!r}; mount it, or correct "
            "DETECTOR_BUNDLES. If that bundle is gone for good, copy another one there",
        )

    async def put_to_work(self, bundle_id: str) -> bool:
        """Put a model to work, if it is not; False, and the log says why, if it cannot be.

        It may be asked for again and again, as somebody may copy the bundle anew: it is tried
        after longer and longer pauses, of a minute at the most.
        """
        # The same model may be wanted, and have judged a machine that is being taken over: read
        # twice at once, the second would take the place of the first, which is at work already.
        async with self._putting:
            return bundle_id in self._models or await self._try(bundle_id)

    async def _try(self, bundle_id: str) -> bool:
        pause = self._pauses.get(bundle_id)
        if pause is not None and self._clock() < pause.until:
            return False
        try:
            bundle, rules = await asyncio.to_thread(self._read, bundle_id)
        except StreamDetectorError as error:
            fault = str(error)
        else:
            self.keep_refusals(self.refused.keys() - {bundle_id})
            self._models.add(bundle, rules)
            log.info("model.at-work", bundle=bundle_id)
            return True
        if bundle_id not in self.refused:
            log.error(
                "model.refused",
                bundle=bundle_id,
                error=fault,
                doing=f"trying it again, every {_LONGEST_PAUSE_SECONDS:.0f} s in the end",
            )
        self.refuse(bundle_id, fault)
        seconds = min(2 * pause.seconds, _LONGEST_PAUSE_SECONDS) if pause else _FIRST_PAUSE_SECONDS
        self._pauses[bundle_id] = _Pause(seconds, self._clock() + seconds)
        return False

    def refuse(self, bundle_id: str, why: str) -> None:
        """Note that a model cannot be used, though somebody wants it: no machine begins with it."""
        self._health.refused_models = {**self.refused, bundle_id: why}
        self._models.choice = self._models.choice.without(bundle_id)

    def put_away(self, needed: set[str]) -> None:
        """Put away the models that are not needed; the first one stays."""
        for bundle_id in set(self._models) - needed - {self._models.first.bundle.id}:
            self._models.remove(bundle_id)
            self._thresholds.remove(bundle_id)
            log.info("model.put-away", bundle=bundle_id)

    async def take_up(self, bundle_id: str, machine: str) -> None:
        """Put a model to work that a machine was judged by.

        Raises
        ------
        BundleError
            If it is there, and cannot be used.
        """
        self._pauses.pop(bundle_id, None)
        if not await self.put_to_work(bundle_id):
            raise BundleError(
                f"bundle {bundle_id} judged {machine!r}, and cannot be used: "
                f"{self.refused[bundle_id]}. If it is lost for good, delete its folder: what was "
                "known of its machines is lost then"
            )

    @property
    def refused(self) -> Mapping[str, str]:
        """Of each model that is wanted, but cannot be used, why."""
        return self._health.refused_models

    def keep_refusals(self, of: Collection[str]) -> None:
        """Forget why models cannot be used, but for these: each is tried again at once."""
        kept = {one: why for one, why in self.refused.items() if one in of}
        self._health.refused_models = kept
        self._pauses = {one: pause for one, pause in self._pauses.items() if one in kept}

    def _read(self, bundle_id: str) -> tuple[Bundle, Rules]:
        if self._store is None:
            raise SettingsError(
                f"bundle {bundle_id} is wanted, but DETECTOR_BUNDLES is not set; name the folder "
                "that it stands in"
            )
        bundle = self._store.read(bundle_id)
        rules = load_rules(self._settings.rules, with_head=bundle.model.head is not None)
        try_out(bundle, rules)
        store = ThresholdStore(self._settings, bundle_id)
        self._thresholds.add(store, bundle.manifest.default_threshold)
        return bundle, rules
