"""What Alertmanager is sent, by a server on loopback in its place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stream_detector.alerting.alert_state import Flood
from stream_detector.worker import alertmanager as alertmanager_module
from stream_detector.worker import delivery
from stream_detector.worker.health import DeliveryHealth
from tests.alerting.judged import at
from tests.alerting.told import Desk, alert, alert_id
from tests.worker.channels import alertmanager, alerts_of, raised, run, told_of_one, until
from tests.worker.receiver import receiver


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LONGEST_WAIT_SECONDS", 0.01)


def test_alertmanager_is_told_who_it_is_what_it_rests_on_and_until_when() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = Desk()
            contributor = {"sensor": "x19", "actual": 8.2, "expected": 3.1, "unit": "m/min"}
            raised(
                desk,
                site="mill-a",
                response="Check the draw.",
                contributors=[{**contributor, "share": 0.41}],
                **{"class": "alarm"},
            )
            ours.take(desk.state())
            await there.until(lambda: alerts_of(there))

            (told,) = alerts_of(there)
            assert told["labels"] == {
                "alertname": "sheet-break",
                "machine": "pm3",
                "site": "mill-a",
                "class": "alarm",
                "severity": "medium",
            }
            assert told["annotations"]["response"] == "Check the draw."
            assert told["annotations"]["sensors"] == "x19 8.2 m/min, expected 3.1"
            assert told["annotations"]["alert_id"] == alert_id(0)
            stands = datetime.fromisoformat(told["endsAt"]) - datetime.now(UTC)
            assert timedelta(seconds=150) < stands <= timedelta(seconds=180)
            assert datetime.fromisoformat(told["startsAt"]) <= datetime.now(UTC)

    run(scene())


@pytest.mark.parametrize(
    "odd", [{"contributors": ["x19"]}, {"evidence": "the night"}, {"site": 5}, {"class": None}]
)
def test_an_alert_that_is_not_as_ours_are_is_told_all_the_same(odd: dict[str, Any]) -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = Desk()
            raised(desk, **odd)
            ours.take(desk.state())
            await there.until(lambda: alerts_of(there))

            (told,) = alerts_of(there)
            assert told["labels"] == {
                "alertname": "sheet-break",
                "machine": "pm3",
                "class": "advisory",
                "severity": "medium",
            }

    run(scene())


def test_alertmanager_is_told_the_end_at_once() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = await told_of_one(there, ours)
            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 2)

            first, last = alerts_of(there)
            assert last["labels"] == first["labels"]
            assert datetime.fromisoformat(last["endsAt"]) <= datetime.now(UTC)

    run(scene())


def test_an_escalation_ends_the_alert_of_the_lower_severity() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = await told_of_one(there, ours)
            desk.tell(alert("escalated", 2, seq=2, raised=0, priority="high"))
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 3)

            _, over, stands = alerts_of(there)
            assert (over["labels"]["severity"], stands["labels"]["severity"]) == ("medium", "high")
            assert over["endsAt"] < stands["endsAt"]

    run(scene())


def test_what_stands_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alertmanager_module, "RESEND_SECONDS", 0.05)

    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = Desk()
            raised(desk)
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 4)

            assert len({one["labels"]["machine"] for one in alerts_of(there)}) == 1

    run(scene())


def test_what_stands_is_told_again_also_while_something_always_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alertmanager_module, "RESEND_SECONDS", 0.05)
    n_told = 0

    async def scene() -> None:
        nonlocal n_told
        async with receiver() as there, alertmanager(there) as ours:
            desk = Desk()
            raised(desk)
            raised(desk, machine="pm4")
            ours.take(desk.state())

            def change() -> bool:
                # Before each message is answered, another alert is raised or shelved.
                nonlocal n_told
                if len(there.bodies) > n_told:
                    n_told = len(there.bodies)
                    of_pm4: dict[str, Any] = {"machine": "pm4", "until": at(30), "comment": "felt"}
                    desk.ask("unshelve" if n_told % 2 else "shelve", **of_pm4)
                    ours.take(desk.state("pm4"))
                machines = [one["labels"]["machine"] for one in alerts_of(there)]
                return machines.count("pm3") == 4

            await there.until(change)

    run(scene())


def test_what_is_over_before_alertmanager_is_back_is_not_told_to_stand() -> None:
    health = DeliveryHealth()

    async def scene() -> None:
        async with receiver() as there, alertmanager(there, health) as ours:
            there.answers = [503]
            desk = Desk()
            raised(desk)
            ours.take(desk.state())

            def is_over() -> bool:
                # Before the refusal is answered: else the next attempt may be on its way.
                if not there.answers and desk.minute < 5:
                    desk.tell(alert("cleared", 5, seq=2, raised=0))
                    ours.take(desk.state())
                return bool(there.bodies)

            await there.until(is_over)

            now = datetime.now(UTC)
            assert [
                one for one in alerts_of(there) if datetime.fromisoformat(one["endsAt"]) > now
            ] == []
            await until(lambda: health.fault is None)

    run(scene())


def test_a_shelved_alert_is_over_for_alertmanager_and_comes_back() -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            desk = await told_of_one(there, ours)
            desk.ask("shelve", until=at(30), comment="felt change")
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 2)
            desk.wait(until=31)
            ours.take(desk.state())
            await there.until(lambda: len(alerts_of(there)) == 3)

            now = datetime.now(UTC)
            stands = [datetime.fromisoformat(one["endsAt"]) > now for one in alerts_of(there)]
            assert stands == [True, False, True]

    run(scene())


@pytest.mark.parametrize(
    ("n_listed", "ends"), [(99, "a97, a98"), (100, "a98, a99, and perhaps more")]
)
def test_a_flood_says_where_it_may_not_name_all_that_are_held_back(
    n_listed: int, ends: str
) -> None:
    async def scene() -> None:
        async with receiver() as there, alertmanager(there) as ours:
            alerts = tuple(f"a{n}" for n in range(n_listed))
            ours.take(
                Flood(active=True, began_at=at(0), ended_at=None, n_raised=200, alerts=alerts)
            )
            await there.until(lambda: alerts_of(there))

            (told,) = alerts_of(there)
            assert told["annotations"]["held_back"].endswith(ends)

    run(scene())
