"""Keeping what a source told: it is acknowledged when a journal has it, however long that takes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import structlog

from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.journal.journaled import Letter
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import JournalError

log = structlog.get_logger()

_AGAIN_SECONDS: Final = 1.0
"""Between two tries of a disk that takes nothing."""


async def is_kept(
    journal: Journal,
    rows: Sequence[TagRow],
    letters: Sequence[Letter],
    health: BridgeHealth,
    stop: asyncio.Event,
) -> bool:
    """Try until the disk takes what a source told; False if told to stop before."""
    if not (rows or letters):
        return True
    return await is_done(partial(journal.append, rows, letters), health, stop)


async def is_done(change: Callable[[], object], health: BridgeHealth, stop: asyncio.Event) -> bool:
    """Try a change of the journal, at least once, until the disk takes it or we are to stop.

    A full disk is said once, and no reason to end: there is room again sooner or later, and until
    then everything waits, in order.
    """
    is_told = False
    while True:
        try:
            await asyncio.to_thread(change)
        except JournalError as error:
            health.held_up("journal", str(error))
            if not is_told:
                log.error("journal.refuses", error=str(error), doing="trying again")  # noqa: TRY400
            is_told = True
        else:
            health.freed("journal", now=time.monotonic())
            return True
        if stop.is_set():
            return False
        await asyncio.sleep(_AGAIN_SECONDS)
