"""Somebody who is told of alerts: an HTTP server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Receiver:
    """Keeps what comes, and answers 200, or what it is to answer next."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """The next ones."""
    takes_all: bool = False
    """Also what it does not answer with 200."""
    is_down: bool = False
    is_down_at: str = ""
    """This path alone."""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def told(self) -> list[Any]:
        """What was taken."""
        return [json.loads(one) for one in self.bodies]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that comes."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: bool(condition()))

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        is_down = self.is_down or request.path == self.is_down_at
        status = self.answers.pop(0) if self.answers else 503 if is_down else 200
        async with self._changed:
            if status == 200 or self.takes_all:
                self.bodies.append(body)
                self.headers.append(dict(request.headers))
            self._changed.notify_all()
        return web.Response(status=status)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/{any:.*}", found.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        found.url = f"http://{host}:{port}"
        yield found
    finally:
        await runner.cleanup()
