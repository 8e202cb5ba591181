"""Lets machines go over to other models without a stop, and other models be tried beside theirs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from mode import Service

from stream_detector.connections.consumers import started
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.worker.keeper import StateKeeper
from stream_detector.worker.model_shelf import ModelShelf
from stream_detector.worker.model_watch import ModelWatch
from stream_detector.worker.rehearsal import Rehearsal
from stream_detector.worker.thresholds import ThresholdWatch

log = structlog.get_logger()

_LOOK_SECONDS = 0.5

_NOT_ITS_FAULT = (TimeoutError, KafkaError, ConsumerStoppedError)
"""Kafka is slow or away, or nobody needs the rehearsal any more, and so its reader was stopped."""

_JOIN_SECONDS = 0.15
"""So long the stream waits for one that joins it; then it goes on, and that tries again."""

_REPLACED_AT_ONCE = 50
"""Machines that go over between two batches: their states are 1 MB, which Kafka takes in 20 ms."""

Key = tuple[TopicPartition, str]


class Rehearsals(Service):
    """Follows our partitions under every model that somebody wants and that does not judge yet.

    Parameters
    ----------
    pipeline : Pipeline
        The one that judges.
    watch : ModelWatch
    shelf : ModelShelf
    thresholds : ThresholdWatch
    keeper : StateKeeper
    positions : callable
        Gives of each of our partitions the offset below which all was judged.
    make_shadow : callable
        Makes a pipeline of one model, by its bundle's id.
    make_consumer : callable
        Makes a reader of the log, not yet started.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        watch: ModelWatch,
        *,
        shelf: ModelShelf,
        thresholds: ThresholdWatch,
        keeper: StateKeeper,
        positions: Callable[[], Mapping[TopicPartition, int]],
        make_shadow: Callable[[str], Pipeline],
        make_consumer: Callable[[], AIOKafkaConsumer],
    ) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._watch = watch
        self._shelf = shelf
        self._thresholds = thresholds
        self._keeper = keeper
        self._positions = positions
        self._make_shadow = make_shadow
        self._make_consumer = make_consumer
        self._running: dict[Key, Rehearsal] = {}
        # Each judges a portion and lets the others go on: ten at once would hold up the stream.
        self._warming_up = asyncio.Lock()
        self._waiting: set[str] = set()

    async def before(self) -> None:
        """Between two batches: join one that has come near, and let machines go over that may.

        Raises
        ------
        ServiceError
            If Kafka does not take the states of machines that went over.
        """
        near = (one for one in self._running.items() if one[1].consumer is not None)
        for (partition, bundle_id), rehearsal in islice(near, 1):
            with suppress(*_NOT_ITS_FAULT), self._guarded(bundle_id):
                async with asyncio.timeout(_JOIN_SECONDS):
                    await rehearsal.join(
                        self._positions()[partition],
                        self._thresholds.tables,
                        skipped=self._keeper.skipped(partition.partition),
                    )
        n_left = _REPLACED_AT_ONCE
        for (partition, bundle_id), rehearsal in list(self._running.items()):
            if rehearsal.is_level and n_left:
                n_left -= await self._replace(partition, bundle_id, rehearsal, at_most=n_left)

    def after(self, partition: TopicPartition, records: Sequence[Record]) -> list[Output]:
        """Follow what was judged; give the scores of models on trial."""
        outputs = []
        for (place, bundle_id), rehearsal in list(self._running.items()):
            if place == partition and rehearsal.is_level:
                with self._guarded(bundle_id):
                    told = rehearsal.follow(records, self._thresholds.tables)
                    outputs += [one for one in told if self._is_on_trial(one, bundle_id)]
        return outputs

    def drop_all(self) -> None:
        """Forget all: our partitions are given away, or begin somewhere else."""
        for key in list(self._running):
            self._drop(key)

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            await self.sleep(_LOOK_SECONDS)
            wanted = set(self._wanted())
            for key, rehearsal in list(self._running.items()):
                if key not in wanted or rehearsal.has_gap:
                    self._drop(key)
            for key in wanted - self._running.keys():
                self._begin(key)
            used = {bundle_id for _, bundle_id in self._running}
            # Without an await since then: nothing of the others is in use. A partition that is
            # being taken over has machines already, but no position yet.
            judging = self._pipeline.machines.bundle_ids()
            self._shelf.put_away({*self._watch.named, *used, *judging})

    def _wanted(self) -> Iterator[Key]:
        for partition in self._positions():
            for machine in self._pipeline.machines.of([partition.partition]):
                for bundle_id in self._wanted_of(machine.name, machine.bundle_id):
                    yield partition, bundle_id

    def _wanted_of(self, machine: str, judging: str) -> Iterator[str]:
        """Name the models that are to follow a machine beside the one that judges it."""
        active = self._pipeline.models.choice.of(machine, judging)
        candidate = self._watch.candidates.of(machine)
        for bundle_id in {active, candidate}:
            is_usable = bundle_id in self._pipeline.models and bundle_id not in self._shelf.refused
            if is_usable and bundle_id != judging:
                yield bundle_id

    def _begin(self, key: Key) -> None:
        partition, bundle_id = key

        def wants(machine: str) -> bool:
            known = self._pipeline.machines.find(partition.partition, machine)
            judging = self._pipeline.models.choice.of(machine) if known is None else known.bundle_id
            return bundle_id in self._wanted_of(machine, judging)

        # One of its own: what a former one still reads must not get into its states.
        shadow = self._make_shadow(bundle_id)
        rehearsal = Rehearsal(shadow, partition, self._pipeline.machines, wants)
        self._running[key] = rehearsal
        log.info("model.rehearsing", bundle=bundle_id, partition=partition.partition)
        self.add_future(self._warm_up(key, rehearsal))

    async def _warm_up(self, key: Key, rehearsal: Rehearsal) -> None:
        """Read the log until the stream is near, then wait until it has been joined."""
        partition = key[0]
        try:
            async with self._warming_up, started(self._make_consumer()) as consumer:
                begin = (await consumer.beginning_offsets([partition]))[partition]
                rehearsal.begin_at(begin)
                while not rehearsal.is_over.is_set():
                    position = self._positions().get(partition)
                    if position is None:
                        return
                    if rehearsal.is_near(position):
                        rehearsal.consumer = consumer
                        await rehearsal.is_over.wait()
                        return
                    skipped = self._keeper.skipped(partition.partition)
                    with self._guarded(key[1]):
                        await rehearsal.catch_up(
                            consumer, position, self._thresholds.tables, skipped=skipped
                        )
        except KafkaError as error:
            # The next look begins anew.
            log.warning("model.rehearsal-failed", bundle=key[1], error=str(error))
        finally:
            rehearsal.consumer = None
            if not rehearsal.has_joined and self._running.get(key) is rehearsal:
                self._drop(key)

    @contextmanager
    def _guarded(self, bundle_id: str) -> Iterator[None]:
        """Give up a model that fails: it must not end the one that judges."""
        try:
            yield
        except _NOT_ITS_FAULT:
            raise
        except Exception:
            log.exception("model.failed", bundle=bundle_id, doing="going on without it")
            self._shelf.refuse(bundle_id, "it fails at work, `model.failed` in the log says how")
            for key in [one for one in self._running if one[1] == bundle_id]:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        self._running.pop(key).is_over.set()

    async def _replace(
        self, partition: TopicPartition, bundle_id: str, rehearsal: Rehearsal, *, at_most: int
    ) -> int:
        """Let some of the machines go over for which this model is wanted; tell how many did."""
        replaced = []
        due = (
            one
            for one in rehearsal.successors()
            if self._is_due(partition.partition, one.name, bundle_id)
        )
        for successor in islice(due, at_most):
            if self._pipeline.replace(partition.partition, successor):
                rehearsal.release(successor.name)
                replaced.append(successor)
                self._waiting.discard(successor.name)
                log.info("model.active", machine=successor.name, bundle=bundle_id)
            elif successor.name not in self._waiting:
                self._waiting.add(successor.name)
                log.warning(
                    "model.waiting",
                    machine=successor.name,
                    bundle=bundle_id,
                    reason="an alert is open whose rule or sensors this model does not have; it "
                    "goes over when that is cleared",
                )
        if replaced:
            await self._keeper.keep_replaced(partition.partition, replaced)
        return len(replaced)

    def _is_due(self, partition: int, name: str, bundle_id: str) -> bool:
        """Whether a machine is to go over to this model; not to one that is merely on trial."""
        incumbent = self._pipeline.machines.find(partition, name)
        if incumbent is None:
            return False
        return self._pipeline.models.choice.of(name, incumbent.bundle_id) == bundle_id

    def _is_on_trial(self, score: Output, bundle_id: str) -> bool:
        return self._watch.candidates.of((score.key or b"").decode()) == bundle_id
