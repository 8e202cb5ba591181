"""``/metrics``: the same facts as ``/healthz`` for Prometheus, and the figures of the alerts.

The figures are those of the worker that keeps the alert book; the others have none, so nothing
is counted twice.
"""

import time
from collections import Counter
from collections.abc import Iterable
from typing import get_args

import msgspec
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from stream_detector.alerting.figures import Closing, Figures
from stream_detector.connections.health_report import Status
from stream_detector.connections.prometheus import count, gauge
from stream_detector.worker.health import Health


class HealthCollector(Collector):
    """Says what is known when Prometheus asks.

    Parameters
    ----------
    health : Health
    """

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """Give all metrics."""
        health = self._health
        now = time.monotonic()
        is_away = health.redis_fault is not None

        def age_of(at: float | None) -> dict[tuple[()], float]:
            return {} if at is None else {(): now - at}

        status = health.report(now=now).status
        statuses = {(str(one),): float(one == status) for one in Status}
        yield gauge("status", "1 for how the worker is, as /healthz has it.", statuses, ["status"])
        lags = {(str(one),): n for one, n in sorted(health.lags.items())}
        yield gauge("lag_readings", "Readings that wait, by partition.", lags, ["partition"])
        yield gauge("kafka_away", "1 while Kafka does not answer.", {(): health.kafka_away})
        yield gauge("redis_away", "1 while Redis does not do its part.", {(): is_away})
        yield gauge("progress_age_seconds", "Since it got on last.", age_of(health.progressed_at))
        yield gauge("commit_age_seconds", "Since its last commit.", age_of(health.committed_at))
        yield gauge(
            "thresholds_age_seconds",
            "Since thresholds were read from Redis.",
            age_of(health.thresholds_at),
        )
        yield gauge(
            "thresholds_unreadable",
            "Entries in Redis that nobody can read.",
            {(): len(health.unreadable_thresholds)},
        )
        yield gauge(
            "models_refused",
            "Models that are wanted, but cannot be used.",
            {(): len(health.refused_models)},
        )
        yield gauge(
            "model_choices_unreadable",
            "Choices of a model in Redis that nobody can read.",
            {(): len(health.unreadable_choices)},
        )
        yield gauge("partitions", "Partitions it has.", {(): len(health.partitions)})
        yield gauge("book_is_ours", "1 where the alert book is kept.", {(): health.book.is_ours})
        failed = health.book.error is not None
        yield gauge("book_failed", "1 while the book does not get on.", {(): failed})
        if health.book.standing is not None:
            states = {(one,): n for one, n in health.book.standing().items()}
            yield gauge("alert_states", "Alerts by how they stand.", states, ["state"])
        sent = {
            (channel, result): n
            for channel, one in health.deliveries.items()
            for result, n in (
                ("delivered", one.n_delivered),
                ("failed", one.n_failed),
                ("refused", one.n_refused),
                ("dropped", one.n_dropped),
            )
        }
        text = "Messages to those who are told of alerts; failed ones are sent again."
        yield count("notifications", text, sent, ["channel", "result"])
        if health.figures is not None:
            yield from _of_figures(health.figures)


def _of_figures(figures: Figures) -> Iterable[Metric]:
    closed = Counter(one.closed_as for one in figures.ledger.alerts)
    yield gauge(
        "alerts",
        "Alerts of the trailing 30 days by what became of them.",
        {(one,): closed[one] for one in get_args(Closing)},
        ["closed_as"],
    )
    for name in ("n_outcomes", "n_warned", "n_missed", "recall", "recall_by_chance"):
        yield _of_cards(figures, name)
    for name in ("median_lead_s", "nuisance_per_day", "alarm_share"):
        yield _of_cards(figures, name)
    found = msgspec.to_builtins(figures.kpis)
    del found["schema"], found["start"], found["end"]
    shares = found.pop("by_priority")
    found["n_chattering"] = len(found.pop("chattering"))
    for name, value in found.items():
        values = {} if value is None else {(): value}
        yield gauge(f"kpi_{name}", f"{name} as `alerts kpi` has it.", values)
    shares = {(priority,): share for priority, share in shares.items()}
    yield gauge("kpi_priority_share", "Share of the calls by priority.", shares, ["priority"])


def _of_cards(figures: Figures, name: str) -> Metric:
    values = {
        (f"{card.horizon_s:g}",): value
        for card in figures.ledger.scorecards
        if (value := getattr(card, name)) is not None
    }
    text = f"{name} of the trailing 30 days, as `alerts ledger` has it."
    return gauge(f"scorecard_{name}", text, values, ["horizon_s"])
