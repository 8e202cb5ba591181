"""The ledger and the figures of a plant, from a real Kafka and a real worker."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
from confluent_kafka import Producer

from stream_detector.connections.plant_figures import PlantFigures
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import create_topics
from tests.alerting.accounts import stood, warned
from tests.alerting.told import RULES
from tests.contract.schemas import faults
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.server import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka


def test_only_the_trailing_days_are_read_and_one_message_before_them(kafka: RealKafka) -> None:
    name = uuid.uuid4().hex[:8]
    topics = {
        f"{kind}_topic": f"{kind}-{name}"
        for kind in ("alerts", "alert_state", "readings", "scores", "dead_letters", "snapshots")
    }
    settings = Settings.model_validate(
        {
            "broker": kafka.bootstrap,
            **topics,
            "commands_topic": f"c-{name}",
            "replies_topic": f"r-{name}",
        }
    )
    list(create_topics(settings, partitions=1, replication=1))
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    now = datetime.now(UTC)
    for days_ago, messages in ((9, stood((0, 5))), (8, warned(60, 64)), (1, stood((120, 130)))):
        stamp = int((now - timedelta(days=days_ago)).timestamp() * 1000)
        for message in messages:
            producer.produce(settings.alerts_topic, message, timestamp=stamp)
    assert producer.flush(30) == 0

    async def read(days: int) -> tuple[int, datetime]:
        async with PlantFigures(settings, RULES, timedelta(days=days)) as plant:
            found = await plant.read()
            return found.kpis.n_calls, found.kpis.start

    n_calls, start = asyncio.run(read(2))
    assert n_calls == 1
    assert abs(start - (now - timedelta(days=2))) < timedelta(minutes=5)
    n_calls, start = asyncio.run(read(30))
    assert n_calls == 3
    assert abs(start - (now - timedelta(days=9))) < timedelta(minutes=5)


@pytest.mark.redis
def test_a_worker_publishes_the_figures_and_the_commands_show_them(
    installation: Installation,
) -> None:
    producer = Producer({"bootstrap.servers": installation.broker})
    for message in warned(0, 4):
        producer.produce(installation.topics["alerts"], message, partition=0)
    assert producer.flush(30) == 0
    port = str(free_port())

    def metrics() -> str:
        try:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    with installation.worker(health_port=port):
        wait_until(lambda: "_kpi_n_calls 1.0" in metrics(), "it has figures", limit_seconds=30)
        assert 'stream_detector_scorecard_n_warned{horizon_s="240"} 1.0' in metrics()

        ledger = json.loads(installation.run("alerts", "ledger").stdout)
        assert [one["closed_as"] for one in ledger["alerts"]] == ["early"]
        assert [one["lead_s"] for one in ledger["outcomes"]] == [240.0]
        assert [one["horizon_s"] for one in ledger["scorecards"]] == [240, 600, 1800, 3600]
        kpi = json.loads(installation.run("alerts", "kpi", "--days", "7").stdout)
        assert kpi["n_calls"] == 1
        assert faults(ledger, "ledger.v1.json") == faults(kpi, "kpi.v1.json") == []
