"""Every query of the dashboards, asked of a real Prometheus that scrapes what they are of."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.end_to_end.mqtt_plant import MqttPlant
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_mosquitto import RealMosquitto
from tests.end_to_end.real_prometheus import RealPrometheus
from tests.end_to_end.server import free_port
from tests.small_models import BROKEN_STEAM
from tests.waiting import wait_until

if TYPE_CHECKING:
    from stream_detector.pipeline.readings import Record

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


RULES = DEPLOY / "prometheus/rules.yml"


def queries(name: str) -> list[str]:
    """What a dashboard asks, as Grafana would fill it in."""
    dashboard = json.loads((DEPLOY / f"grafana/{name}.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [one.replace("$__rate_interval", "1m") for one in found]


def test_every_query_of_the_dashboard_gives_numbers(
    installation: Installation, tmp_path: Path
) -> None:
    port = str(free_port())
    # Nobody listens there: attempts fail, and that is a number too.
    nobody = f"http://127.0.0.1:{free_port()}"
    worker = installation.worker(health_port=port, alertmanager_url=nobody, log_level="info")
    with worker, RealPrometheus(tmp_path, port, RULES) as prometheus:
        # A rate needs counters to be seen before and after: so readings come in two parts.
        feed = feed_of("pm1")
        wait_until(
            lambda: prometheus.ask("stream_detector_readings_judged_total"),
            "it was scraped",
            limit_seconds=30,
        )
        rows: list[Record] = feed.rows(30) + feed.rows(3, steam=BROKEN_STEAM)
        installation.send(rows)
        asked = queries("stream-detector")
        assert len(asked) > 20

        wait_until(lambda: not unanswered(prometheus, asked), "all have numbers", limit_seconds=60)
        assert prometheus.ask("sum(rate(stream_detector_readings_judged_total[1m])) > 0")
        (open_ones,) = prometheus.ask('stream_detector_alert_states{state="unacknowledged"}')
        assert open_ones["value"][1] == "1"


def test_every_query_of_the_dashboard_of_bridges_gives_numbers(
    kafka: RealKafka, tmp_path: Path
) -> None:
    port = str(free_port())
    with RealMosquitto(tmp_path / "mosquitto") as mosquitto:
        settings = {"DETECTOR_HEALTH_PORT": port}
        tags = {"PM1.SPEED": "speed"}
        plant = MqttPlant(kafka, mosquitto, tmp_path, tags=tags, settings=settings)
        prometheus = RealPrometheus(tmp_path, port, RULES, job="stream-detector-bridges")
        with plant.bridge, prometheus:
            wait_until(
                lambda: prometheus.ask("stream_detector_bridge_connected == 1"),
                "it was scraped",
                limit_seconds=30,
            )
            rows = [
                json.dumps({"tag": tag, "time": f"2026-11-22T03:10:0{n}Z", "value": n}).encode()
                for n in range(5)
                for tag in ("PM1.SPEED", "PM1.NOBODY")
            ]
            mosquitto.publish([("mill/pm1", one) for one in (*rows, b"?")])
            asked = queries("stream-detector-bridges")
            assert len(asked) > 10

            wait_until(
                lambda: not unanswered(prometheus, asked), "all have numbers", limit_seconds=60
            )
            assert prometheus.ask('stream_detector_bridge_status{status="ok"} == 1')
            assert prometheus.ask("sum(rate(stream_detector_bridge_rows_unmapped_total[1m])) > 0")


def unanswered(prometheus: RealPrometheus, asked: list[str]) -> list[str]:
    return [one for one in asked if not has_number(prometheus, one)]


def has_number(prometheus: RealPrometheus, query: str) -> bool:
    return any(not math.isnan(float(one["value"][1])) for one in prometheus.ask(query))
