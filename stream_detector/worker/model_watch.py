"""Which model people want of each machine, looked up beside the stream.

As with thresholds, the stream never waits for Redis, and while Redis is away, or an entry is
wrong, what was wanted last stays wanted. A model that cannot be used is refused, and the one that
judges goes on. So is one that failed: no machine goes over to it, or begins with it, until an
entry that names it is written anew, or nobody wants it any more. A machine that it judges stays
with it, as its kept state says, and a new one begins with the model before.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from contextlib import suppress

import structlog
from mode import Service

from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import redis_faults
from stream_detector.errors import ServiceError, SettingsError, listed
from stream_detector.pipeline.model_choice import ModelChoice, ModelTable, decode_choice
from stream_detector.pipeline.models import Models
from stream_detector.pipeline.thresholds import ALL_MACHINES
from stream_detector.worker.health import Health
from stream_detector.worker.last_good import readable
from stream_detector.worker.model_shelf import ModelShelf

log = structlog.get_logger()


class ModelWatch(Service):
    """Reads the choices every second, and has the models ready that they name.

    Parameters
    ----------
    choices : ModelChoiceStore
    models : Models
        Of the pipeline; its ``choice`` is kept here.
    shelf : ModelShelf
    judging : callable
        Gives the model that judges each machine of ours now, by name.
    refresh_seconds : float
    health : Health
        Told of choices that nobody can read.

    Attributes
    ----------
    candidates : ModelTable
        Of each machine the model on trial; its default is "", none.
    named : set of str
        Models that somebody wants, whether they can be used or not.
    """

    def __init__(
        self,
        choices: ModelChoiceStore,
        models: Models,
        *,
        shelf: ModelShelf,
        judging: Callable[[], Mapping[str, str]],
        refresh_seconds: float,
        health: Health,
    ) -> None:
        super().__init__()
        self._store = choices
        self._models = models
        self._shelf = shelf
        self._judging = judging
        self._refresh_seconds = refresh_seconds
        self._health = health
        self._entries: dict[str, bytes] = {}
        self._wanted: dict[str, ModelChoice] = {}
        self._named_anew: set[str] = set()
        self._published: dict[str, str] = {}
        # Until Redis has answered, something may be wanted of any machine.
        models.choice = ModelTable(models.first.bundle.id, unknown=frozenset({ALL_MACHINES}))
        self.candidates = ModelTable("")
        self.named: set[str] = set()

    async def on_start(self) -> None:
        """Look for the first time, before the first reading is judged."""
        await self._look()

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            await self.sleep(self._refresh_seconds)
            await self._look()

    async def _look(self) -> None:
        """Read the choices, and have ready what they name."""
        try:
            entries = await asyncio.to_thread(self._read)
        except ServiceError:
            self._published = {}  # Redis may forget it meanwhile
            return  # whoever watches the thresholds tells of it
        self._decode(entries)
        await self._have_ready()
        await self._publish()

    def _read(self) -> dict[str, bytes]:
        """Read the choices, with those put back that Redis has lost."""
        with redis_faults():
            entries = self._store.read()
            lost: dict[str, bytes] = {}
            if self._entries.keys() - entries.keys():
                with suppress(SettingsError):  # somebody is at it: the next look sees to it
                    lost = self._store.put_back(self._entries)
            if lost:
                self._published = {}
                log.warning("model.choices-lost", machines=listed(sorted(lost)))
        return entries | lost

    def _decode(self, entries: dict[str, bytes]) -> None:
        """Take what can be read; of the rest, what was read last stays."""
        wanted, refused = readable(entries, decode_choice, self._wanted)
        for machine, error in refused.items():
            if entries[machine] != self._entries.get(machine):
                log.error("model.choice-refused", machine=machine, error=error)
        self._named_anew = {
            bundle_id
            for machine, choice in wanted.items()
            for bundle_id in (choice.active, choice.candidate)
            if bundle_id is not None and entries[machine] != self._entries.get(machine)
        }
        self._entries, self._wanted = entries, wanted
        self._health.unreadable_choices = frozenset(refused)

    async def _have_ready(self) -> None:
        """Put to work what is named, and let machines go over to what can be."""
        default = self._models.first.bundle.id
        wanted = self._wanted.items()
        active = {name: choice.active or default for name, choice in wanted}
        candidates = {name: choice.candidate for name, choice in wanted if choice.candidate}
        named = {*active.values(), *candidates.values()}
        # First: what is named here is not put away again.
        self.named = named | self._stand_ins(active)
        self._shelf.keep_refusals(self.named - self._named_anew)
        for bundle_id in sorted(named):
            await self._shelf.put_to_work(bundle_id)
        # In the place of those of which that has shown just now that they cannot be used.
        self.named = named | self._stand_ins(active)
        for bundle_id in sorted(self.named - named):
            await self._shelf.put_to_work(bundle_id)
        ready = {bundle_id for bundle_id in self._models if bundle_id not in self._shelf.refused}
        before = self._models.choice
        # What cannot be used changes nothing: the one before it stays wanted.
        kept = {
            name: bundle_id
            for name, bundle_id in before.by_machine.items()
            if name in self._entries
        }
        by_machine = kept | _only(active, ready)
        unknown = frozenset(self._entries.keys() - by_machine.keys())
        judged_before = {name: choice.previous or default for name, choice in wanted}
        table = ModelTable(default, by_machine, unknown, _only(judged_before, ready))
        for name in by_machine.keys() | before.by_machine.keys():
            if by_machine.get(name) != before.by_machine.get(name):
                log.info("model.wanted", machine=name, bundle=by_machine.get(name, default))
        self._models.choice = table
        self.candidates = ModelTable("", _only(candidates, ready))

    def _stand_ins(self, active: Mapping[str, str]) -> set[str]:
        """Name the models before those that cannot be used."""
        return {
            choice.previous
            for name, choice in self._wanted.items()
            if choice.previous is not None and active[name] in self._shelf.refused
        }

    async def _publish(self) -> None:
        """Tell others which model judges each machine, where that has changed."""
        judging = dict(self._judging())
        changed = {
            name: bundle_id
            for name, bundle_id in judging.items()
            if self._published.get(name) != bundle_id
        }
        if not changed:
            return
        try:
            await asyncio.to_thread(self._write, changed)
        except ServiceError:
            return
        self._published = judging

    def _write(self, judging: Mapping[str, str]) -> None:
        with redis_faults():
            self._store.publish_judging(judging)


def _only(by_machine: Mapping[str, str], ready: Set[str]) -> dict[str, str]:
    """Give the models, by machine, that are ready."""
    return {name: bundle_id for name, bundle_id in by_machine.items() if bundle_id in ready}
