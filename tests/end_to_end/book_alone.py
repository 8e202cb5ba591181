"""A worker that does nothing but keep the alert book, whenever it is its own.

``python -m tests.end_to_end.book_alone FAULT FILE`` runs until SIGTERM, and writes its process id
into the file when it takes the book up. It is up sooner than a whole worker, and its place is given
to another one after two seconds without a sign of life, so that much can happen to it in a short
time. FAULT is ``none``, or one that the proof has to find:

``replies-first``
    it tells what was done before that is written down, and once dies between the two
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stream_detector.alerting.book import Kept
from stream_detector.connections import consumers
from stream_detector.connections.log import configure_logging
from stream_detector.connections.settings import read_settings
from stream_detector.connections.transactions import TopicMessage
from stream_detector.worker.book import BookService
from stream_detector.worker.bookkeeper import Bookkeeper
from stream_detector.worker.health import Health
from tests.alerting.told import RULES


def reply_first(file: Path) -> None:
    died = file.with_suffix(".died")
    write: Any = Bookkeeper._write  # noqa: SLF001 - it breaks what is nobody else's to touch

    async def reply_and_write(
        keeper: Any, kept: Iterable[Kept], replies: Iterable[TopicMessage] = ()
    ) -> None:
        if replies:
            await keeper._producer.send(replies)  # noqa: SLF001
            if not died.exists():
                died.touch()
                os._exit(9)
        await write(keeper, kept)

    Bookkeeper._write = reply_and_write  # type: ignore[method-assign,assignment]  # noqa: SLF001


def sign_in(file: Path) -> None:
    take_up: Any = BookService._take_up  # noqa: SLF001

    async def sign_and_take_up(service: Any) -> Bookkeeper:
        keeper: Bookkeeper = await take_up(service)
        await asyncio.to_thread(file.write_text, str(os.getpid()))
        return keeper

    BookService._take_up = sign_and_take_up  # type: ignore[method-assign,assignment]  # noqa: SLF001


FAULTS = {"none": lambda _: None, "replies-first": reply_first}


async def main() -> None:
    settings = read_settings()
    configure_logging(settings)
    health = Health(stall_seconds=60, began_at=time.monotonic())
    service = BookService(settings, RULES, health)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await service.start()
    await ended.wait()
    await service.stop()
    os._exit(0)  # no thread of a client that waits for a broker


if __name__ == "__main__":
    FAULTS[sys.argv[1]](Path(sys.argv[2]))
    sign_in(Path(sys.argv[2]))
    consumers._SESSION_TIMEOUT_MS, consumers._HEARTBEAT_MS = 2000, 300  # noqa: SLF001
    asyncio.run(main())
