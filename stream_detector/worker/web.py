"""What the worker tells of itself at ``/healthz``, ``/readyz`` and ``/metrics``."""

import time
from collections.abc import Callable
from typing import Any

from mode import Service
from prometheus_client.registry import Collector

from stream_detector.connections.health_pages import HealthPages
from stream_detector.connections.settings import Settings
from stream_detector.worker.counts import Counts
from stream_detector.worker.health import Health
from stream_detector.worker.metrics import HealthCollector


class HealthServer(Service):
    """Serves the pages as long as the worker lives.

    Parameters
    ----------
    settings : Settings
        Say where.
    health : Health
    counts : Counts
    about : dict
        What does not change, e.g. the bundle's id.
    stream : Collector
        The metrics of the stream.
    is_ready : callable
        Tells whether it has its partitions, and their states.
    """

    def __init__(
        self,
        settings: Settings,
        health: Health,
        *,
        counts: Counts,
        about: dict[str, str],
        stream: Collector,
        is_ready: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._pages = HealthPages(
            settings.health_host,
            settings.health_port,
            facts=lambda: {**health_facts(health, counts, now=time.monotonic()), **about},
            is_ready=is_ready,
            collectors=(HealthCollector(health), stream),
        )

    async def on_start(self) -> None:
        """Listen."""
        await self._pages.start()

    async def on_stop(self) -> None:
        """Stop listening."""
        await self._pages.stop()


def health_facts(health: Health, counts: Counts, *, now: float) -> dict[str, Any]:
    """Give what is known as plain data; ages in seconds, null where it never was."""

    def age(at: float | None) -> float | None:
        return None if at is None else round(now - at, 1)

    report = health.report(now=now)
    return {
        "status": str(report.status),
        "reasons": list(report.reasons),
        "partitions": sorted(health.partitions),
        "lag": health.lag,
        "dead_letters": counts.dead_letters.total(),
        "progress_age_s": age(health.progressed_at),
        "commit_age_s": age(health.committed_at),
        "thresholds_age_s": age(health.thresholds_at),
        "redis_fault": health.redis_fault,
        "unreadable_thresholds": len(health.unreadable_thresholds),
        "refused_models": sorted(health.refused_models),
        "unreadable_choices": len(health.unreadable_choices),
        "book_is_ours": health.book.is_ours,
        "book_age_s": age(health.book.alive_at) if health.book.is_ours else None,
    }
