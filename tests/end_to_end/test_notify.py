"""A burst of alerts, a restart in the middle of it, and a Kafka that compacts: all is told."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from stream_detector.alerting.alert_state import AlertState
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.topics import create_topics
from stream_detector.worker import delivery
from tests.alerting.told import alert, alert_id
from tests.end_to_end.real_kafka import RealKafka
from tests.requirements import require_java_and_maven
from tests.worker.keeping import Plant
from tests.worker.notifying import notifier
from tests.worker.receiver import Receiver, receiver

pytestmark = pytest.mark.kafka

MACHINES = [f"pm{n}" for n in range(1, 6)]
KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


def test_a_burst_is_told_to_the_end_though_what_was_told_is_compacted_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_java_and_maven()
    monkeypatch.setattr(delivery, "LONGEST_WAIT_SECONDS", 0.05)

    async def scene(plant: Plant) -> None:
        async with asyncio.timeout(60), receiver() as there, plant.worker():
            webhook = {"webhook_url": there.url, "webhook_secret": KEY}
            async with notifier(plant, **webhook):
                plant.tell(*burst(range(15)))
                await there.until(lambda: len(there.bodies) >= 60)
                there.is_down = True
            there.is_down = False
            # With the nine of each machine that are left that is what a history holds.
            plant.tell(*burst(range(15, 22)))
            await until_compacted(plant)
            async with notifier(plant, **webhook):
                await there.until(lambda: set(told(there)) == set(all_of(range(22))))

            assert_told_in_order(there, range(22))

    with compacting_kafka(tmp_path) as plant:
        asyncio.run(scene(plant))


def test_what_waited_is_told_after_a_restart_though_no_state_has_it_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_java_and_maven()
    monkeypatch.setattr(delivery, "LONGEST_WAIT_SECONDS", 0.05)

    async def scene(plant: Plant) -> None:
        async with asyncio.timeout(60), receiver() as there, plant.worker():
            webhook = {"webhook_url": there.url, "webhook_secret": KEY}
            async with notifier(plant, **webhook):
                plant.tell(*burst(range(1)))
                await there.until(lambda: set(told(there)) == set(all_of(range(1))))
                there.is_down = True
                #  a history holds 25 of these
                plant.tell(*burst(range(1, 60)))
                await until_compacted(plant)
            there.is_down = False
            async with notifier(plant, **webhook):
                await there.until(lambda: set(told(there)) == set(all_of(range(60))))

            assert_told_in_order(there, range(60))
            assert all(one["alert"] for one in there.told if one["machine"] in MACHINES)

    with compacting_kafka(tmp_path) as plant:
        asyncio.run(scene(plant))


@contextmanager
def compacting_kafka(folder: Path) -> Iterator[Plant]:
    """A Kafka that keeps no forerunner of a state for longer than a second."""
    with RealKafka(folder, properties="log.cleaner.backoff.ms=200\n") as kafka:
        plant = Plant(kafka.bootstrap)
        list(create_topics(plant.settings(), partitions=2, replication=1))
        compact_at_once(plant)
        yield plant


def burst(hours: range) -> list[bytes]:
    """An alert of each machine in each hour, over after five minutes."""
    return [
        alert(event, 60 * hour + 5 * (seq - 1), seq=seq, raised=60 * hour, machine=machine)
        for hour in hours
        for machine in MACHINES
        for seq, event in ((1, "raised"), (2, "cleared"))
    ]


def all_of(hours: range) -> list[str]:
    """The names under which all that is told."""
    return [
        f"{alert_id(60 * hour, machine=machine)}/{seq}"
        for hour in hours
        for machine in MACHINES
        for seq in (1, 2)
    ]


def told(there: Receiver) -> list[str]:
    """What the webhook was told of them, repeats left out, in order."""
    ids = (one["id"] for one in there.told if one["machine"] in MACHINES)
    return list(dict.fromkeys(ids))


def assert_told_in_order(there: Receiver, hours: range) -> None:
    for machine in MACHINES:
        ids = [one for one in told(there) if one.startswith(f"{machine}.")]
        assert ids == [one for one in all_of(hours) if one.startswith(f"{machine}.")]


def compact_at_once(plant: Plant) -> None:
    wanted = {"segment.ms": "500", "max.compaction.lag.ms": "500"}
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in wanted.items()
    ]
    topic = plant.settings().alert_state_topic
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin = AdminClient({"bootstrap.servers": plant.broker})
    admin.incremental_alter_configs([resource])[resource].result()


async def until_compacted(plant: Plant) -> None:
    """Wait until of each machine the newest state alone is left."""
    n_more = 0
    while True:
        # Kafka compacts what others have followed.
        plant.tell(alert("raised", n_more, seq=1, raised=n_more, machine="pm9"))
        n_more += 1
        await asyncio.sleep(0.6)
        found: list[str] = []
        async with AlertStates(plant.settings()) as states:
            while changes := await states.next_changes(timeout_ms=500):
                found += [one.machine for one in changes if isinstance(one, AlertState)]
        if all(found.count(machine) == 1 for machine in MACHINES):
            return
