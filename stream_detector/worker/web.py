"""``/healthz`` for whoever supervises the worker, ``/readyz`` for who waits, ``/metrics``."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from stream_detector.worker.health import Health, Status
from stream_detector.worker.metrics import HealthCollector, exposition

log = structlog.get_logger()


class HealthServer(Service):
    """Answers 200 while the worker is ok or degraded, 503 when it should be started again.

    Parameters
    ----------
    health : Health
    host : str
    port : int
    about : dict
        What does not change, e.g. the bundle's id.
    stream : Collector
        The metrics of the stream.
    is_ready : callable
        Tells whether it has its partitions, and their states.
    """

    def __init__(
        self,
        health: Health,
        host: str,
        port: int,
        about: dict[str, str],
        stream: Collector,
        is_ready: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._collectors = (HealthCollector(health), stream)
        self._is_ready = is_ready
        self._health = health
        self._host, self._port = host, port
        self._about = about

    async def on_start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/healthz", self._answer)
        app.router.add_get("/readyz", self._answer_ready)
        app.router.add_get("/metrics", self._answer_prometheus)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        log.info("health.listening", host=self._host, port=self._port)

    async def on_stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _answer(self, _: web.Request) -> web.Response:
        facts = health_facts(self._health, now=time.monotonic())
        status = 503 if facts["status"] == Status.FAILING else 200
        return web.json_response({**facts, **self._about}, status=status)

    async def _answer_ready(self, _: web.Request) -> web.Response:
        ready = self._is_ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def _answer_prometheus(self, _: web.Request) -> web.Response:
        body = exposition(*self._collectors)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def health_facts(health: Health, *, now: float) -> dict[str, Any]:
    """Give what is known as plain data; ages in seconds, null where it never was."""

    def age(at: float | None) -> float | None:
        return None if at is None else round(now - at, 1)

    report = health.report(now=now)
    return {
        "status": str(report.status),
        "reasons": list(report.reasons),
        "partitions": sorted(health.partitions),
        "lag": health.lag,
        "progress_age_s": age(health.progressed_at),
        "commit_age_s": age(health.committed_at),
        "thresholds_age_s": age(health.thresholds_at),
        "redis_fault": health.redis_fault,
        "unreadable_thresholds": len(health.unreadable_thresholds),
        "book_is_ours": health.book.is_ours,
        "book_age_s": age(health.book.alive_at) if health.book.is_ours else None,
    }
