"""A model that fails is given up: it judges no machine that it did not judge before."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path

import pytest
import redis
from aiokafka import TopicPartition
from confluent_kafka import Producer
from pydantic import SecretStr

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.consumers import log_consumer
from stream_detector.connections.producer import ConfirmedProducer
from stream_detector.connections.settings import Settings
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import Thresholds, ThresholdTable
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.keeper import StateKeeper
from stream_detector.worker.rehearsal import Rehearsal
from stream_detector.worker.rehearsals import Rehearsals
from tests.failing_models import ALWAYS, NEVER_IN_NORMAL_OPERATION, fit_failing_bundle
from tests.pipeline.station import read
from tests.small_models import BROKEN_STEAM, Feed, fit_small_bundle, normal_recording
from tests.worker.keeping import until
from tests.worker.model_site import Site
from tests.worker.recovering import restored

PARTITION = TopicPartition("sensor.readings", 0)


@pytest.fixture
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka({"sensor.readings": 1, "detector.snapshots": 1}) as running:
        yield running


@pytest.fixture
def site(small_bundle: Bundle, tmp_path: Path) -> Iterator[Site]:
    second = fit_small_bundle(tmp_path / "second", normal_recording(seed=8))
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        settings = Settings(
            broker="kafka:9092", redis_url=SecretStr(server.url), bundles=str(tmp_path)
        )
        yield Site(settings, client, small_bundle, second)


class Plant:
    """A machine's log on a broker, and the models beside the stream that has judged it."""

    def __init__(self, site: Site, kafka: EmbeddedKafka) -> None:
        self.site, self.feed = site, Feed("pm3")
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        settings = site.settings.model_copy(update={"broker": kafka.bootstrap})
        machines = site.pipeline.machines
        self._keeper = StateKeeper(machines, ConfirmedProducer(settings), every_seconds=60)
        self.rehearsals = Rehearsals(
            site.pipeline,
            site.watch,
            shelf=site.shelf,
            thresholds=site.thresholds,
            keeper=self._keeper,
            positions=lambda: {PARTITION: len(self.feed.records)},
            make_shadow=lambda one: Pipeline(site.models[one].bundle, Rules(), is_shadow=True),
            make_consumer=lambda: log_consumer(settings),
        )

    def judge(self, records: list[Record]) -> list[Record]:
        for one in records:
            self._producer.produce(one.topic, one.value, one.key, partition=0)
        assert self._producer.flush(30) == 0
        self.site.pipeline.process(records, self.site.thresholds.tables)
        return records

    def go_on_until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        async def go_on() -> None:
            begins = {0: len(self.feed.records)}
            await self._keeper.begin(begins, {0: restored()})
            await self.site.watch.on_start()
            await self.rehearsals.start()
            try:
                await until(condition)
            finally:
                await self.rehearsals.stop()

        asyncio.run(go_on())


@pytest.fixture
def plant(site: Site, kafka: EmbeddedKafka) -> Plant:
    return Plant(site, kafka)


def test_a_new_machine_does_not_begin_with_a_model_that_failed_on_another(
    plant: Plant, tmp_path: Path
) -> None:
    site, other = plant.site, Feed("pm4")
    wanted = fit_failing_bundle(tmp_path / "wanted", above=NEVER_IN_NORMAL_OPERATION)
    site.store.activate("*", wanted.id, set_by="anna")
    plant.judge(plant.feed.rows(20) + plant.feed.rows(3, steam=BROKEN_STEAM))

    async def is_given_up() -> bool:
        #  it follows pm3 silently, up to the fault
        await plant.rehearsals.before()
        return wanted.id in site.shelf.refused

    plant.go_on_until(is_given_up)
    fault = other.rows(20) + other.rows(1, steam=BROKEN_STEAM)
    scores = read(site.pipeline.process(fault, site.thresholds.tables)).scores

    assert {one["bundle"] for one in scores} == {site.first.id}


def test_a_model_is_not_given_up_for_a_rehearsal_that_was_dropped_while_it_joined(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, join = plant.site, Rehearsal.join
    site.store.shadow("*", site.second.id, set_by="anna")
    plant.judge(plant.feed.rows(20))
    dropped: list[Rehearsal] = []

    async def drop_and_join(
        self: Rehearsal, end: int, thresholds: Thresholds, *, skipped: Collection[int]
    ) -> None:
        if not dropped:
            dropped.append(self)
            reader = self.consumer
            plant.rehearsals.drop_all()

            async def is_stopped() -> bool:
                return self.consumer is None

            await until(is_stopped)
            self.consumer = reader
        await join(self, end, thresholds, skipped=skipped)

    monkeypatch.setattr(Rehearsal, "join", drop_and_join)

    async def is_on_trial() -> bool:
        await plant.rehearsals.before()
        return bool(plant.rehearsals.after(PARTITION, plant.judge(plant.feed.rows(1))))

    plant.go_on_until(is_on_trial)

    assert len(dropped) == 1
    assert site.health.refused_models == {}


def test_a_model_that_judges_in_a_partition_that_is_being_taken_over_is_not_put_away(
    plant: Plant, tmp_path: Path
) -> None:
    site = plant.site
    third = fit_small_bundle(tmp_path / "third", normal_recording(seed=9))
    judged = Pipeline(site.second, Rules())
    judged.process(Feed("pm4").rows(20), ThresholdTable(site.second.manifest.default_threshold))
    (machine,) = judged.machines.of([0])

    async def is_third_put_away() -> bool:
        return third.id not in site.models

    async def take_up() -> None:
        for one in (site.second, third):
            assert await site.shelf.put_to_work(one.id)

    asyncio.run(take_up())
    #  partition 1 has a machine, and its log is still read: no position of it is known
    site.pipeline.restore(1, "pm4", machine.snapshot(), next_offset=20, bundle_id=site.second.id)
    plant.go_on_until(is_third_put_away)

    assert site.second.id in site.models


def test_a_model_on_trial_does_not_take_the_place_of_one_that_cannot_be_used(plant: Plant) -> None:
    site = plant.site
    site.write("*", json.dumps({"active": "0123456789abcdef", "candidate": site.second.id}))
    plant.judge(plant.feed.rows(20))

    judging: set[str] = set()

    async def is_on_trial() -> bool:
        told = plant.rehearsals.after(PARTITION, plant.judge(plant.feed.rows(1)))
        await plant.rehearsals.before()
        judging.update(site.pipeline.machines.judging([0]).values())
        return bool(told) or len(judging) > 1

    plant.go_on_until(is_on_trial)

    assert judging == {site.first.id}


def test_a_model_that_fails_at_the_least_work_judges_nobody(site: Site, tmp_path: Path) -> None:
    failing = fit_failing_bundle(tmp_path / "failing", above=ALWAYS)
    site.store.activate("*", failing.id, set_by="anna")

    assert site.look() == ["model.refused"]
    assert "fails at work" in site.health.refused_models[failing.id]
    assert site.models.choice.of("pm3") == site.first.id


def test_a_model_that_failed_is_offered_to_nobody_and_who_has_it_keeps_it(site: Site) -> None:
    site.store.activate("*", site.second.id, set_by="anna")
    site.look()
    site.shelf.refuse(site.second.id, "it fails at work")

    for _ in range(2):  # at once, and with every look
        assert site.models.choice.of("pm3") == site.first.id
        assert site.models.choice.of("pm3", site.first.id) == site.first.id
        assert site.models.choice.of("pm3", site.second.id) == site.second.id
        assert site.look() == []


def test_until_an_entry_that_names_it_is_written_anew(site: Site) -> None:
    site.store.shadow("*", site.second.id, set_by="anna")
    site.look()
    site.shelf.refuse(site.second.id, "it fails at work")
    site.store.activate("pm4", site.first.id, set_by="ben")
    site.look()

    assert site.watch.candidates.of("pm3") == ""

    site.store.activate("*", site.second.id, set_by="anna")
    site.look()

    assert site.models.choice.of("pm3") == site.second.id
    assert site.health.refused_models == {}


def test_a_new_machine_begins_with_the_model_before_one_that_failed(
    site: Site, tmp_path: Path
) -> None:
    third = fit_small_bundle(tmp_path / "third", normal_recording(seed=9))
    site.store.activate("*", site.second.id, set_by="anna")
    site.store.activate("*", third.id, set_by="anna")
    site.restart()
    asyncio.run(site.shelf.put_to_work(site.second.id))  # its machines were taken up
    site.look()
    site.shelf.refuse(third.id, "it fails at work")

    assert site.models.choice.of("pm3") == site.second.id

    site.shelf.refuse(site.second.id, "it fails, too")

    assert site.models.choice.of("pm3") == site.first.id
