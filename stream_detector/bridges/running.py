"""How a bridge's program runs until it is told to stop, looked at from outside."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress

from stream_detector.bridges.health import BridgeHealth, health_facts
from stream_detector.bridges.metrics import BridgeCollector
from stream_detector.connections.health_pages import HealthPages
from stream_detector.connections.settings import Settings
from stream_detector.connections.watchdog import Watchdog
from stream_detector.errors import StreamDetectorError


def run(
    settings: Settings,
    health: BridgeHealth,
    work: Callable[[asyncio.Event], Awaitable[None]],
    *,
    topics: Collection[str] = (),
) -> None:
    """Run until SIGTERM or Ctrl-C set the event that ``work`` is handed, and it ends.

    Meanwhile ``/healthz``, ``/readyz`` and ``/metrics`` are served where the settings say, and
    the watchdog ends the process if it gets on no more, or has lost one of these topics, beside
    those of the readings and of the dead letters.
    """

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        needed = {settings.readings_topic, settings.dead_letters_topic, *topics}
        Watchdog(settings, health, topics=needed).start()
        if not settings.health_port:
            await work(stop)
            return
        pages = HealthPages(
            settings.health_host,
            settings.health_port,
            facts=lambda: health_facts(health, now=time.monotonic()),
            is_ready=lambda: health.is_started and health.is_connected,
            collectors=[BridgeCollector(health)],
        )
        await pages.start()
        try:
            await work(stop)
        finally:
            await pages.stop()

    asyncio.run(until_stopped())


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def together(*works: Coroutine[None, None, None]) -> None:
    """Work at all of it until all is done, or until the first error of ours, which is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except* StreamDetectorError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[StreamDetectorError]) -> StreamDetectorError:
    """Give the error that ended it all: a group is of no use to whoever reads one line."""
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
