"""Waiting for a schema registry: what it should have told of is nobody's fault, and keeps."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.running import pause
from stream_detector.errors import RegistryAwayError

log = structlog.get_logger()

_RETRY_SECONDS: Final = 1.0

Result = TypeVar("Result")


async def when_registry_answers(
    decode: Callable[[], Result], stop: asyncio.Event, health: BridgeHealth
) -> Result | None:
    """Decode in a thread, again and again while the registry is away; None where it is stopped.

    It is said once that the registry is away, and once that it is back.
    """
    is_away = False
    while True:
        try:
            decoded = await asyncio.to_thread(decode)
        except RegistryAwayError as error:
            if not is_away:
                log.warning("registry.away", reason=str(error), doing="waiting, with all messages")
            is_away = True
            health.held_up("registry", str(error))
        else:
            if is_away:
                log.info("registry.back")
                health.freed("registry", now=time.monotonic())
            return decoded
        await pause(stop, _RETRY_SECONDS)
        if stop.is_set():
            return None
