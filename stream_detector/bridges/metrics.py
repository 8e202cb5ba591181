"""``/metrics``: what a bridge has done, and how it is, for Prometheus.

Everything carries the bridge's name, and nothing that of a machine or a tag: 100,000 tags would be
as many series.
"""

import time
from collections.abc import Iterable

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from stream_detector.bridges.health import BridgeHealth
from stream_detector.connections.health_report import Status
from stream_detector.connections.prometheus import Values, count, gauge


class BridgeCollector(Collector):
    """Says what is known when Prometheus asks.

    Parameters
    ----------
    health : BridgeHealth
    """

    def __init__(self, health: BridgeHealth) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """Give all metrics."""
        health, now = self._health, time.monotonic()
        status = health.report(now=now).status
        statuses = {(str(one),): float(one == status) for one in Status}
        yield self._gauge("status", "1 for how it is, as /healthz has it.", statuses, "status")
        yield self._gauge("connected", "1 while its source can give rows.", health.is_connected)
        yield self._gauge("kafka_away", "1 while Kafka does not answer.", health.kafka_away)
        yield self._gauge("rows_waiting", "Rows or messages that no reading has.", health.n_waiting)
        age = {} if health.row_at is None else {(): now - health.row_at}
        yield self._gauge("row_age_seconds", "Since the source gave the last row.", age)
        if health.journal is not None:
            used, most = health.journal.n_bytes, health.journal.max_bytes
            yield self._gauge("journal_bytes", "What rows on disk take.", used)
            yield self._gauge("journal_max_bytes", "What they may take.", most)
        yield self._count("rows", "Rows that the source gave.", health.n_rows)
        lost = "Rows dropped or deleted before they became readings."
        yield self._count("rows_lost", lost, health.n_rows_lost)
        yield self._count("rows_unmapped", "Rows of tags that nobody mapped.", health.n_unmapped)
        refused = {(code,): n for code, n in tuple(health.refused.items())}
        yield self._count("refused", "Rows and messages refused, by reason.", refused, "code")
        yield self._count("readings", "Readings made of the rows.", health.n_readings)
        delivered = "Those that Kafka has confirmed."
        yield self._count("readings_delivered", delivered, health.n_delivered)

    def _gauge(self, name: str, text: str, values: Values | float, *labels: str) -> Metric:
        return gauge(f"bridge_{name}", text, self._named(values), ["bridge", *labels])

    def _count(self, name: str, text: str, values: Values | float, *labels: str) -> Metric:
        return count(f"bridge_{name}", text, self._named(values), ["bridge", *labels])

    def _named(self, values: Values | float) -> Values:
        if isinstance(values, float | int):
            values = {(): values}
        return {(self._health.name, *labels): value for labels, value in values.items()}
