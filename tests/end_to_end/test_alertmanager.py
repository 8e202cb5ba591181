"""Alerts at a real Alertmanager: it fires, is told again, calls, and is told the end."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from stream_detector.worker import alertmanager as ours
from tests.alerting.told import alert, alert_id
from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_alertmanager import RealAlertmanager
from tests.end_to_end.server import free_port
from tests.small_models import BROKEN_STEAM
from tests.waiting import wait_until
from tests.worker.keeping import Plant, embedded_kafka, until
from tests.worker.notifying import notifier
from tests.worker.receiver import Receiver, receiver

pytestmark = pytest.mark.slow


async def standing(there: RealAlertmanager) -> list[dict[str, Any]]:
    return await asyncio.to_thread(there.alerts)


def calls(called: Receiver) -> list[tuple[str, str, str]]:
    """What people get from Alertmanager: state, machine and severity."""
    return [
        (told["status"], one["labels"].get("machine", "all"), one["labels"]["severity"])
        for told in called.told
        for one in told["alerts"]
    ]


def test_an_alert_fires_is_told_again_and_resolves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "RESEND_SECONDS", 0.5)
    monkeypatch.setattr(ours, "LASTS", timedelta(seconds=3))

    async def scene(plant: Plant) -> None:
        async with asyncio.timeout(60), receiver() as called:
            # Servers are started from the main thread.
            with RealAlertmanager(tmp_path, called.url) as there:
                async with plant.worker(), notifier(plant, alertmanager_url=there.url):
                    plant.tell(alert("raised", 0, seq=1, raised=0, runbook_url="https://mill/x"))
                    await called.until(lambda: calls(called))
                    (first,) = await standing(there)
                    assert first["labels"] == {
                        "alertname": "sheet-break",
                        "machine": "pm3",
                        "class": "advisory",
                        "severity": "medium",
                    }
                    assert first["annotations"]["alert_id"] == alert_id(0)
                    assert first["annotations"]["runbook_url"] == "https://mill/x"

                    async def told_again() -> bool:
                        found = await standing(there)
                        return bool(found) and found[0]["endsAt"] > first["endsAt"]

                    await until(told_again)
                    plant.tell(alert("cleared", 5, seq=2, raised=0))
                    await called.until(lambda: len(calls(called)) == 2)
                    assert await standing(there) == []

                    assert calls(called) == [
                        ("firing", "pm3", "medium"),
                        ("resolved", "pm3", "medium"),
                    ]

    with embedded_kafka() as kafka:
        asyncio.run(scene(Plant(kafka.bootstrap)))


def test_an_alert_that_nobody_tells_of_any_more_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "LASTS", timedelta(seconds=2))

    async def scene(plant: Plant) -> None:
        async with asyncio.timeout(60), receiver() as called:
            with RealAlertmanager(tmp_path, called.url) as there:
                async with plant.worker():
                    async with notifier(plant, alertmanager_url=there.url):
                        plant.tell(alert("raised", 0, seq=1, raised=0))
                        await called.until(lambda: calls(called))
                    await called.until(lambda: len(calls(called)) == 2)

                    assert calls(called)[1] == ("resolved", "pm3", "medium")

    with embedded_kafka() as kafka:
        asyncio.run(scene(Plant(kafka.bootstrap)))


def test_of_a_backlog_of_alerts_none_stands_that_is_over(tmp_path: Path) -> None:
    def is_told_the_end(called: Receiver, machine: str) -> bool:
        told = [status for status, one, _ in calls(called) if one == machine]
        return told == ["firing", "resolved"] * (len(told) // 2)

    async def scene(plant: Plant) -> None:
        async with asyncio.timeout(60), receiver() as called:
            with RealAlertmanager(tmp_path, called.url) as there:
                async with plant.worker(), notifier(plant, alertmanager_url=there.url):
                    for minute in range(0, 2400, 60):
                        plant.tell(
                            alert("raised", minute, seq=1, raised=minute),
                            alert("cleared", minute + 5, seq=2, raised=minute),
                        )
                    plant.tell(alert("raised", 2500, seq=1, raised=2500, machine="pm9"))
                    await called.until(lambda: ("firing", "pm9", "medium") in calls(called))

                    async def none_stands_that_is_over() -> bool:
                        labels = [one["labels"] for one in await standing(there)]
                        # The flood, and the last.
                        return sorted(one.get("machine", "all") for one in labels) == ["all", "pm9"]

                    await until(none_stands_that_is_over)
                    await called.until(lambda: is_told_the_end(called, "pm3"))

    with embedded_kafka() as kafka:
        asyncio.run(scene(Plant(kafka.bootstrap)))


def test_an_alert_that_follows_another_one_in_a_backlog_begins_when_it_began(
    tmp_path: Path,
) -> None:
    async def scene(plant: Plant) -> None:
        async with asyncio.timeout(60), receiver() as called:
            with RealAlertmanager(tmp_path, called.url) as there:
                async with plant.worker(), notifier(plant, alertmanager_url=there.url):
                    plant.tell(alert("raised", 0, seq=1, raised=0))
                    await called.until(lambda: calls(called))
                    (first,) = await standing(there)
                    plant.tell(
                        alert("cleared", 5, seq=2, raised=0),
                        alert("raised", 60, seq=1, raised=60),
                    )

                    async def the_second_stands() -> bool:
                        ids = [one["annotations"]["alert_id"] for one in await standing(there)]
                        return ids == [alert_id(60)]

                    await until(the_second_stands)
                    (second,) = await standing(there)

                    began = [datetime.fromisoformat(one["startsAt"]) for one in (first, second)]
                    assert began[1] - began[0] == timedelta(minutes=60)

    with embedded_kafka() as kafka:
        asyncio.run(scene(Plant(kafka.bootstrap)))


@pytest.mark.kafka
@pytest.mark.redis
def test_a_worker_tells_alertmanager_beside_the_stream(
    installation: Installation, tmp_path: Path
) -> None:
    port, feed = str(free_port()), feed_of("pm1")
    feed.rows(20)
    feed.rows(4, steam=BROKEN_STEAM)
    with (
        RealAlertmanager(tmp_path, "http://127.0.0.1:1/nobody") as there,
        installation.worker(alertmanager_url=there.url, health_port=port),
    ):
        installation.send(feed.records)
        wait_until(there.alerts, "it stands at Alertmanager", limit_seconds=40)

        (told,) = there.alerts()
        assert (told["labels"]["machine"], told["labels"]["severity"]) == ("pm1", "medium")
        assert told["annotations"]["sensors"].startswith("steam ")
        assert "run since 2024-05-01T00:00:00Z" in told["annotations"]["evidence"]
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        assert 'notifications_total{channel="alertmanager",result="failed"} 0.0' in metrics
