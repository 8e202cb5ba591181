"""How a bridge's program runs until it is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable


def run(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until SIGTERM or Ctrl-C set the event that ``work`` is handed, and it ends."""

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await work(stop)

    asyncio.run(until_stopped())
