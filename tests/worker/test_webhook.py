"""What a webhook is sent, by a server on loopback that is not always well."""

import base64
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.rules import Notify, Rule, Rules
from stream_detector.connections.health_report import Status
from stream_detector.worker import delivery
from stream_detector.worker.health import DeliveryHealth, Health
from tests.alerting.judged import at
from tests.alerting.told import Desk, alert, alert_id
from tests.contract.schemas import faults
from tests.worker.channels import KEY, raised, run, until, webhook
from tests.worker.receiver import receiver


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LONGEST_WAIT_SECONDS", 0.01)


def test_a_webhook_message_is_signed_and_holds_to_its_schema() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            desk = Desk()
            raised(desk)
            ours.take(7, desk.state())
            await there.until(lambda: there.bodies)

            headers, body = there.headers[0], there.bodies[0]
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            expected = base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
            assert headers["webhook-signature"] == f"v1,{expected}"
            sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            assert abs(datetime.now(UTC) - sent_at) < timedelta(minutes=1)
            told = there.told[0]
            assert told["id"] == f"{alert_id(0)}/1"
            # The alert is one of a test, and short.
            assert faults({**told, "alert": None}, "notification.v1.json") == []

    run(scene())


def test_what_is_not_taken_is_sent_again_under_the_same_id_and_then_what_follows() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            there.answers = [500, 429, 503]
            desk = Desk()
            raised(desk)
            ours.take(7, desk.state())
            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(8, desk.state())
            await there.until(lambda: len(there.bodies) == 2)

            assert [one["event"] for one in there.told] == ["raised", "cleared"]
            assert there.answers == []

    run(scene())


def test_what_is_refused_for_good_is_given_up_and_holds_up_nothing() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            there.answers = [404]
            desk = Desk()
            raised(desk)
            ours.take(7, desk.state())
            desk.tell(alert("escalated", 2, seq=2, raised=0, priority="high"))
            ours.take(8, desk.state())
            await there.until(lambda: there.bodies)

            assert [one["event"] for one in there.told] == ["escalated"]

    run(scene())


def test_a_receiver_that_refuses_is_a_reason_until_it_takes_something() -> None:
    health = Health(stall_seconds=60, began_at=0.0)
    ours_told = health.deliveries["webhook"] = DeliveryHealth()
    refused = "the webhook gets no alerts: it refused the last message with 401"

    async def scene() -> None:
        async with receiver() as there, webhook(there, health=ours_told) as ours:
            there.answers = [401]
            desk = Desk()
            raised(desk)
            ours.take(7, desk.state())
            await until(lambda: ours_told.n_refused)
            report = health.report(now=1.0)
            assert (report.status, report.reasons) == (Status.DEGRADED, (refused,))

            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(8, desk.state())
            await until(lambda: ours_told.n_delivered)
            assert health.report(now=2.0).status is Status.OK

    run(scene())


def test_nothing_is_done_before_it_is_taken() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            there.is_down = True
            desk = Desk()
            raised(desk)
            ours.take(7, desk.state())
            desk.tell(alert("cleared", 5, seq=2, raised=0))
            ours.take(9, desk.state())
            assert ours.undone_since == 7

            there.is_down = False
            await there.until(lambda: len(there.bodies) == 2)
            await until(lambda: ours.undone_since is None)

    run(scene())


def test_an_alert_shelved_while_the_receiver_is_away_is_not_told() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            desk = Desk()
            raised(desk, machine="pm4")
            raised(desk)
            first, second = desk.state("pm4"), desk.state()
            desk.ask("shelve", until=at(30), comment="seen")
            ours.take(1, first)
            ours.take(2, second)
            ours.take(3, desk.state())
            await there.until(lambda: there.bodies)
            await until(lambda: ours.undone_since is None)

            assert [one["machine"] for one in there.told] == ["pm4"]

    run(scene())


def burst(desk: Desk, n_alerts: int) -> Iterator[AlertState]:
    """So many alerts one after the other."""
    for minute in range(0, 60 * n_alerts, 60):
        desk.tell(alert("raised", minute, seq=1, raised=minute))
        yield desk.state()
        desk.tell(alert("cleared", minute + 5, seq=2, raised=minute))
        yield desk.state()


def test_a_burst_that_a_history_does_not_hold_is_told_alert_by_alert() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            for offset, state in enumerate(burst(Desk(), 100)):
                ours.take(offset, state)
            await there.until(lambda: len(there.bodies) == 200)

            assert [one["id"] for one in there.told] == [
                f"{alert_id(minute)}/{seq}" for minute in range(0, 6000, 60) for seq in (1, 2)
            ]

    run(scene())


def test_what_is_too_much_for_a_receiver_that_is_away_is_counted_and_logged_once() -> None:
    health = DeliveryHealth()

    async def scene() -> None:
        async with receiver() as there, webhook(there, health=health) as ours:
            there.is_down = True
            states = burst(Desk(), 200)
            ours.take(0, next(states))
            await until(lambda: health.fault)
            for offset, state in enumerate(states, start=1):
                ours.take(offset, state)
            assert health.n_dropped == 100
            there.is_down = False
            await until(lambda: ours.undone_since is None)

            events = [one["event"] for one in there.told]
            assert events == ["raised", "cleared"] * 150

    with capture_logs() as lines:
        run(scene())

    told = [one for one in lines if one["event"] == "notify.dropped"]
    assert [(one["machine"], one["rule"], one["messages"]) for one in told] == [
        ("pm3", "sheet-break", 100)
    ]


def test_who_waits_is_told_by_turns() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            desk = Desk()
            for offset, state in enumerate(burst(desk, 2)):
                ours.take(offset, state)
            raised(desk, machine="pm4")
            ours.take(4, desk.state("pm4"))
            await there.until(lambda: len(there.bodies) == 5)

            assert [one["machine"] for one in there.told] == ["pm3", "pm4", "pm3", "pm3", "pm3"]

    run(scene())


def test_a_flood_is_told_once_when_it_begins() -> None:
    async def scene() -> None:
        async with receiver() as there, webhook(there) as ours:
            began = Flood(active=True, began_at=at(0), ended_at=None, n_raised=11, alerts=("a",))
            ours.take(11, began)
            ours.take(12, replace(began, n_raised=12, alerts=("a", "b")))
            ours.take(13, replace(began, active=False, ended_at=at(20), alerts=("a", "b")))
            await there.until(lambda: len(there.bodies) == 2)

            assert [one["event"] for one in there.told] == ["flood-began", "flood-ended"]
            assert there.told[1]["flood"]["alerts"] == ["a", "b"]

    run(scene())


def test_a_rule_that_never_wants_a_webhook_has_none() -> None:
    rules = Rules(rules=(Rule(name="sheet-break", notify=Notify(webhook="never")),))

    async def scene() -> None:
        async with receiver() as there, webhook(there, rules) as ours:
            desk = Desk()
            raised(desk)
            raised(desk, machine="pm4", rule="odd")
            ours.take(1, desk.state())
            ours.take(2, desk.state("pm4", "odd"))
            await there.until(lambda: there.bodies)

            assert [one["rule"] for one in there.told] == ["odd"]

    run(scene())
