"""Alertmanager is told the end of whatever it may have been told of."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from stream_detector.alerting.life import rfc3339
from stream_detector.worker import alertmanager as alertmanager_module
from stream_detector.worker import delivery
from stream_detector.worker.health import DeliveryHealth
from tests.alerting.judged import at
from tests.alerting.told import Alerts, Desk, alert
from tests.worker.channels import alertmanager, alerts_of, raised, run, told_of_one, until
from tests.worker.receiver import Receiver, receiver


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LONGEST_WAIT_SECONDS", 0.01)


def standing(there: Receiver) -> set[str]:
    """The machines of which an alert stands at who was told all this."""
    now, stands = datetime.now(UTC), dict[str, bool]()
    for one in alerts_of(there):
        stands[one["labels"]["machine"]] = datetime.fromisoformat(one["endsAt"]) > now
    return {machine for machine, is_open in stands.items() if is_open}


def test_alerts_that_come_and_go_while_a_message_is_on_its_way_are_ended() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = Desk()
            raised(desk)
            ours.take(desk.state())

            def burst() -> bool:
                # Before the first message is answered.
                if len(there.bodies) == 1 and desk.minute < 1:
                    for n in range(1, 4):
                        desk.tell(alert("cleared", n * 60 - 1, seq=2, raised=n * 60 - 60))
                        ours.take(desk.state())
                        if n < 3:
                            desk.tell(alert("raised", n * 60, seq=1, raised=n * 60))
                            ours.take(desk.state())
                return len(there.bodies) == 2

            await there.until(burst)

            assert standing(there) == set()

    run(scene())


def test_an_alert_that_ends_after_a_message_that_seemed_lost_is_ended() -> None:
    health = DeliveryHealth()

    async def scene() -> None:
        async with receiver() as there, alertmanager(there, health) as ours:
            there.is_down = there.takes_all = True
            desk = Desk()
            raised(desk)
            ours.take(desk.state())
            await until(lambda: health.fault)
            assert standing(there) == {"pm3"}
            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(desk.state())
            there.is_down = False
            await until(lambda: health.fault is None)

            assert standing(there) == set()

    run(scene())


def test_an_alert_that_ends_while_it_cannot_be_told_again_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alertmanager_module, "RESEND_SECONDS", 0.05)
    health = DeliveryHealth()

    async def scene() -> None:
        async with receiver() as there, alertmanager(there, health) as ours:
            desk = Desk()
            raised(desk)
            ours.take(desk.state())
            await there.until(lambda: standing(there))
            there.is_down = True
            await until(lambda: health.fault)
            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(desk.state())
            there.is_down = False
            await until(lambda: health.fault is None)

            assert standing(there) == set()

    run(scene())


@pytest.mark.parametrize("seed", range(5))
def test_in_the_end_only_what_stands_stands_whatever_of_it_got_lost(seed: int) -> None:
    random = Random(seed)

    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = Desk()
            lives = [Alerts(f"pm{n}", "sheet-break") for n in range(4)]
            for minute in range(400):
                life = random.choice(lives)
                desk.tell(life.next(30.0 * minute, random.choice([0, 2, 3])))
                ours.take(desk.state(life.machine))
                if random.random() < 0.3:
                    there.takes_all = random.random() < 0.5
                    there.answers = [503] if random.random() < 0.4 else []
                    await asyncio.sleep(random.choice([0, 0.001, 0.003]))
            there.takes_all, there.answers = False, []
            stands = {life.machine for life in lives if life.is_open}
            await until(lambda: standing(there) == stands)

    run(scene())


def test_an_alert_ends_when_its_machine_says_so_and_the_next_one_is_told_after_it() -> None:
    #  0 raised  5 cleared  60 raised           by the machine's clock, days ago
    #  told      '--- in one message ---'
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = await told_of_one(there, ours)
            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(desk.state())
            desk.tell(alert("raised", 60, seq=1, raised=60))
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 3)

            _, first, second = alerts_of(there)
            times = [first["startsAt"], first["endsAt"], second["startsAt"]]
            assert times == [rfc3339(at(minute)) for minute in (0, 5, 60)]
            assert standing(there) == {"pm3"}

    run(scene())


def test_an_alert_that_another_one_follows_without_an_end_ends_where_that_begins() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = await told_of_one(there, ours)
            desk.tell(alert("raised", 60, seq=1, raised=60))
            desk.tell(alert("updated", 70, seq=2, raised=60))
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 3)

            _, first, second = alerts_of(there)
            assert first["endsAt"] == second["startsAt"] == rfc3339(at(60))

    run(scene())


def test_an_end_is_past_for_a_clock_that_is_seconds_behind_too() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = await told_of_one(there, ours)
            ahead = rfc3339(datetime.now(UTC) + timedelta(minutes=1))
            desk.tell(alert("cleared", 5, seq=2, raised=0, event_time=ahead))
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 2)

            end = datetime.fromisoformat(alerts_of(there)[1]["endsAt"])
            assert end <= datetime.now(UTC) - timedelta(seconds=5)

    run(scene())
