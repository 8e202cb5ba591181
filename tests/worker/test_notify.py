"""Who is told of alerts, from Kafka on: the book at work on the embedded broker."""

import asyncio
from collections.abc import Iterator

import pytest

from stream_detector.connections.health_report import Status
from stream_detector.worker import delivery
from stream_detector.worker.health import Health
from tests.alerting.told import alert
from tests.worker.keeping import Plant, embedded_kafka, until
from tests.worker.notifying import notifier
from tests.worker.receiver import Receiver, receiver

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"

slow_to_leave = pytest.mark.slow
"""The embedded broker takes seconds to let one of a group go and another one in."""


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    monkeypatch.setattr(delivery, "LONGEST_WAIT_SECONDS", 0.05)
    with embedded_kafka() as kafka:
        yield Plant(kafka.bootstrap)


def both(there: Receiver) -> dict[str, str]:
    """It is both: a webhook and an Alertmanager."""
    return {
        "webhook_url": there.url + "/hook",
        "webhook_secret": KEY,
        "alertmanager_url": there.url + "/alertmanager/",
    }


def events(there: Receiver) -> list[tuple[str, str]]:
    """What the webhook was told."""
    return [(one["event"], one["machine"]) for one in there.told if isinstance(one, dict)]


async def committed(health: Health, there: Receiver, count: int) -> None:
    """Wait until the webhook took so many messages."""
    await there.until(lambda: len(events(there)) >= count)

    async def counted() -> bool:
        return health.deliveries["webhook"].n_delivered >= count

    await until(counted)


def test_an_alert_reaches_webhook_and_alertmanager(plant: Plant) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker(), notifier(plant, **both(there)):
            plant.tell(alert("raised", 0, seq=1, raised=0))
            plant.tell(alert("updated", 10, seq=2, raised=0))
            plant.tell(alert("cleared", 12, seq=3, raised=0))
            await there.until(lambda: len(events(there)) == 2)

            assert events(there) == [("raised", "pm3"), ("cleared", "pm3")]
            lists = [one for one in there.told if isinstance(one, list)]
            assert all(one["labels"]["machine"] == "pm3" for told in lists for one in told)

    asyncio.run(scene())


def test_who_listens_for_the_first_time_is_told_of_what_stands_and_of_nothing_past(
    plant: Plant,
) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker(), plant.operator() as anna:
            plant.tell(alert("raised", 0, seq=1, raised=0))
            plant.tell(alert("cleared", 5, seq=2, raised=0))
            plant.tell(alert("raised", 6, seq=1, raised=6, machine="pm4"))
            await anna.sees("cleared")
            await anna.sees("raised", key="pm4/sheet-break")
            async with notifier(plant, **both(there)):
                await there.until(lambda: events(there))
                plant.tell(alert("raised", 60, seq=1, raised=60))
                await there.until(lambda: len(events(there)) == 2)

            assert events(there) == [("raised", "pm4"), ("raised", "pm3")]

    asyncio.run(scene())


@slow_to_leave
def test_after_a_restart_it_goes_on_where_it_was(plant: Plant) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker(), plant.operator() as anna:
            async with notifier(plant, **both(there)) as health:
                plant.tell(alert("raised", 0, seq=1, raised=0))
                await committed(health, there, 1)
                await until(lambda: committed_offset(plant))
            plant.tell(alert("cleared", 5, seq=2, raised=0))
            await anna.sees("cleared")
            async with notifier(plant, **both(there)):
                await there.until(lambda: len(events(there)) == 2)

            assert events(there) == [("raised", "pm3"), ("cleared", "pm3")]

    asyncio.run(scene())


@slow_to_leave
def test_what_was_not_taken_before_a_restart_is_told_after_it(plant: Plant) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker():
            there.is_down = True
            async with notifier(plant, **both(there)) as health:
                plant.tell(alert("raised", 0, seq=1, raised=0))

                async def failed() -> bool:
                    return health.deliveries.get("webhook") is not None and bool(
                        health.deliveries["webhook"].fault
                    )

                await until(failed)
                report = health.report(now=1.0)
                assert report.status is Status.DEGRADED
                assert "the webhook gets no alerts: it answers 503" in report.reasons
            there.is_down = False
            async with notifier(plant, **both(there)):
                await there.until(lambda: events(there))

            assert events(there) == [("raised", "pm3")]

    asyncio.run(scene())


def test_a_webhook_that_is_away_keeps_nothing_from_alertmanager(plant: Plant) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker():
            there.is_down_at = "/hook"
            async with notifier(plant, **both(there)):
                plant.tell(alert("raised", 0, seq=1, raised=0))
                plant.tell(alert("raised", 1, seq=1, raised=1, machine="pm4"))
                await there.until(
                    lambda: (
                        {
                            one["labels"]["machine"]
                            for told in there.told
                            if isinstance(told, list)
                            for one in told
                        }
                        == {"pm3", "pm4"}
                    )
                )

            assert events(there) == []

    asyncio.run(scene())


async def committed_offset(plant: Plant) -> bool:
    """Whether the group has written down that it came to the end."""
    from confluent_kafka import Consumer, TopicPartition

    def ask() -> bool:
        consumer = Consumer({"bootstrap.servers": plant.broker, "group.id": "mill-notify"})
        try:
            place = TopicPartition("detector.alert-state", 0)
            _, end = consumer.get_watermark_offsets(place, timeout=5)
            # What ends a transaction has an offset of its own.
            return bool(consumer.committed([place], timeout=5)[0].offset >= end - 1)
        finally:
            consumer.close()

    return await asyncio.to_thread(ask)
