"""Whatever happens to the keepers of the alert book: it is as if one had kept it all the time."""

import asyncio

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from stream_detector.alerting.commands import Reply
from stream_detector.connections import consumers
from stream_detector.connections.topics import create_topics
from stream_detector.worker.book import BookService
from stream_detector.worker.bookkeeper import Bookkeeper
from tests.alerting.told import alert, alert_id
from tests.end_to_end.book_proof import prove
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.worker.keeping import Plant

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_nothing_done_is_lost_and_nothing_is_done_twice(
    installation: Installation, kafka: RealKafka
) -> None:
    written, happened = prove(installation, seconds=14, seed=6, kafka=kafka)

    assert written.faults == []
    assert len(written.replies) == len(written.commands) > 100
    assert len(written.states) > 500
    assert happened["kill -9"] > 1, "hardly anything happened, so hardly anything was proved"


def test_replies_that_are_sent_before_the_states_are_found(installation: Installation) -> None:
    written, _ = prove(installation, seconds=3, seed=6, fault="replies-first")

    assert written.faults


def test_a_book_in_the_midst_of_its_work_is_handed_over_after_it(
    kafka: RealKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Plant(kafka.bootstrap)
    list(create_topics(plant.settings(), partitions=2, replication=1))
    monkeypatch.setattr(consumers, "_HEARTBEAT_MS", 200)
    in_the_midst, wanted_by_another = asyncio.Event(), asyncio.Event()
    take_alerts, on_revoked = Bookkeeper.take_alerts, BookService.on_partitions_revoked

    async def slow_take_alerts(keeper: Bookkeeper, messages: list[ConsumerRecord]) -> None:
        if messages:
            in_the_midst.set()
            await wanted_by_another.wait()
        await take_alerts(keeper, messages)

    async def noted_on_revoked(service: BookService, revoked: set[TopicPartition]) -> None:
        if revoked:
            wanted_by_another.set()
        await on_revoked(service, revoked)

    monkeypatch.setattr(Bookkeeper, "take_alerts", slow_take_alerts)
    monkeypatch.setattr(BookService, "on_partitions_revoked", noted_on_revoked)

    async def scene() -> Reply:
        # Kafka itself waits for 60 s until it passes over who does not give the book away.
        async with asyncio.timeout(30), plant.operator() as anna, plant.worker():
            plant.tell(alert("raised", 0, seq=1, raised=0))
            await in_the_midst.wait()
            async with plant.worker(same_group=True):
                return await anna.ask("acknowledge", alert_id=alert_id(0))

    assert asyncio.run(scene()).status == "done"
