"""Who is told of alerts, from Kafka on: the book at work on the embedded broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream_detector.alerting.life import rfc3339
from stream_detector.connections.consumers import committed_note, started
from stream_detector.connections.health_report import Status
from stream_detector.worker import delivery
from stream_detector.worker.health import Health
from tests.alerting.judged import at
from tests.alerting.told import Desk, alert, alert_id
from tests.worker.keeping import Plant, embedded_kafka, until
from tests.worker.notifying import notifier
from tests.worker.receiver import Receiver, receiver

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"

PLACE = TopicPartition("detector.alert-state", 0)

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


def burst(n_alerts: int) -> list[bytes]:
    """So many alerts of a machine one after the other, each over after five minutes."""
    return [
        alert(event, minute + 5 * (seq - 1), seq=seq, raised=minute)
        for minute in range(0, 60 * n_alerts, 60)
        for seq, event in ((1, "raised"), (2, "cleared"))
    ]


def names(n_alerts: int) -> list[str]:
    """The names under which all that is told."""
    return [f"{alert_id(minute)}/{seq}" for minute in range(0, 60 * n_alerts, 60) for seq in (1, 2)]


def ids(there: Receiver) -> list[str]:
    """What the webhook was told of alerts; so many at a time are a flood, too."""
    return [one["id"] for one in there.told if isinstance(one, dict) and one["flood"] is None]


def test_a_backlog_of_alerts_is_told_one_by_one(plant: Plant) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker(), notifier(plant, **both(there)):
            plant.tell(*burst(80))
            await there.until(lambda: len(ids(there)) == 160)

            assert ids(there) == names(80)

    asyncio.run(scene())


@slow_to_leave
def test_a_backlog_of_alerts_is_told_to_the_end_after_a_restart_in_the_middle(
    plant: Plant,
) -> None:
    async def scene() -> None:
        async with receiver() as there, plant.worker():
            async with notifier(plant, **both(there)):
                plant.tell(*burst(80))
                await there.until(lambda: len(ids(there)) == 50)
            async with notifier(plant, **both(there)):
                await there.until(lambda: ids(there)[-1:] == names(80)[-1:])

            told = ids(there)
            assert list(dict.fromkeys(told)) == names(80)
            assert len(told) < 160 + 60, "what was written down as told is not told again"

    asyncio.run(scene())


def test_of_a_state_whose_forerunners_are_compacted_away_the_untold_rest_is_told(
    plant: Plant,
) -> None:
    #  raised  cleared  raised          what is left is the last state
    #       told
    desk = Desk()
    for message in burst(2)[:3]:
        desk.tell(message)
    state = msgspec.json.encode(desk.state())
    plant.send("detector.alert-state", (state,), 0, key=b"pm3/sheet-break")

    async def noted() -> bool:
        note = await asyncio.to_thread(committed_note, plant.settings(), "mill-notify", PLACE.topic)
        #  ten minutes before the last that happened
        return note == rfc3339(at(50))

    async def scene() -> None:
        async with group_member(plant) as ours:
            await ours.commit({PLACE: (0, rfc3339(at(1)))})
        async with receiver() as there:
            async with notifier(plant, **both(there)):
                await there.until(lambda: len(ids(there)) == 2)
                await until(noted)

            assert ids(there) == [f"{alert_id(0)}/2", f"{alert_id(60)}/1"]

    asyncio.run(scene())


@asynccontextmanager
async def group_member(plant: Plant) -> AsyncIterator[AIOKafkaConsumer]:
    """Somebody who may commit, and is gone before others come."""
    ours = AIOKafkaConsumer(
        bootstrap_servers=plant.broker, group_id="mill-notify", enable_auto_commit=False
    )
    ours.assign([PLACE])
    async with started(ours):
        yield ours


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
