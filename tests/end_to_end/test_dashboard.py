"""Every query of the dashboard, asked of a real Prometheus that scrapes a real worker."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_prometheus import RealPrometheus
from tests.end_to_end.server import free_port
from tests.small_models import BROKEN_STEAM
from tests.waiting import wait_until

if TYPE_CHECKING:
    from stream_detector.pipeline.readings import Record

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def queries() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana/stream-detector.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_every_query_of_the_dashboard_gives_numbers(
    installation: Installation, tmp_path: Path
) -> None:
    port = str(free_port())
    rules = DEPLOY / "prometheus/rules.yml"
    # Nobody listens there: attempts fail, and that is a number too.
    nobody = f"http://127.0.0.1:{free_port()}"
    worker = installation.worker(health_port=port, alertmanager_url=nobody, log_level="info")
    with worker, RealPrometheus(tmp_path, port, rules) as prometheus:
        # A rate needs counters to be seen before and after: so readings come in two parts.
        feed = feed_of("pm1")
        wait_until(
            lambda: prometheus.ask("stream_detector_readings_judged_total"),
            "it was scraped",
            limit_seconds=30,
        )
        rows: list[Record] = feed.rows(30) + feed.rows(3, steam=BROKEN_STEAM)
        installation.send(rows)
        asked = [one.replace("$__rate_interval", "1m") for one in queries()]
        assert len(asked) > 20

        def unanswered() -> list[str]:
            return [one for one in asked if not has_number(prometheus, one)]

        wait_until(lambda: not unanswered(), "all have numbers", limit_seconds=60)
        assert prometheus.ask("sum(rate(stream_detector_readings_judged_total[1m])) > 0")
        (open_ones,) = prometheus.ask('stream_detector_alert_states{state="unacknowledged"}')
        assert open_ones["value"][1] == "1"


def has_number(prometheus: RealPrometheus, query: str) -> bool:
    return any(not math.isnan(float(one["value"][1])) for one in prometheus.ask(query))
