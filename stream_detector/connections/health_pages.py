"""``/healthz`` for whoever supervises a program, ``/readyz`` for who waits, ``/metrics``."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from stream_detector.connections.health_report import Status
from stream_detector.connections.listening import listen
from stream_detector.connections.prometheus import exposition

log = structlog.get_logger()


class HealthPages:
    """Answers 200 while the program is ok or degraded, 503 when it should be started again.

    The port is taken at once, so that a program without it ends before it has begun.

    Parameters
    ----------
    host : str
    port : int
    facts : callable
        Gives what ``/healthz`` tells; a ``status`` among it.
    is_ready : callable
        Tells whether it has all that it begins with.
    collectors : sequence of Collector
        What ``/metrics`` tells.

    Raises
    ------
    ServiceError
        If the port is not to be had.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        facts: Callable[[], dict[str, Any]],
        is_ready: Callable[[], bool],
        collectors: Sequence[Collector],
    ) -> None:
        self._host, self._port = host, port
        remedy = "set another DETECTOR_HEALTH_PORT, or correct DETECTOR_HEALTH_HOST"
        self._listening = listen(host, port, remedy=remedy)
        self._facts, self._is_ready, self._collectors = facts, is_ready, collectors

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/healthz", self._answer)
        app.router.add_get("/readyz", self._answer_ready)
        app.router.add_get("/metrics", self._answer_prometheus)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listening).start()
        log.info("health.listening", host=self._host, port=self._port)

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _answer(self, _: web.Request) -> web.Response:
        facts = self._facts()
        return web.json_response(facts, status=503 if facts["status"] == Status.FAILING else 200)

    async def _answer_ready(self, _: web.Request) -> web.Response:
        ready = self._is_ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def _answer_prometheus(self, _: web.Request) -> web.Response:
        body = exposition(*self._collectors)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
