"""A bridge whose source is a counter: row number n has event time n x 100 ms and value n.

``python -m tests.end_to_end.journal_program JOURNAL UNTIL`` goes on with the number that its
journal has next, and waits at UNTIL until it is stopped.
"""

import asyncio
import sys
import time
from pathlib import Path

from stream_detector.bridges.configuration import Configuration, MachineTable
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.joining.mapping import TagMap, Target
from stream_detector.bridges.journal.delivery import Delivery
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.rows import TagRow
from stream_detector.bridges.running import run
from stream_detector.connections.log import configure_logging
from stream_detector.connections.settings import read_settings

STEP_US = 100_000
_TAGS = TagMap({"COUNT": Target("pm1", "sensor", "count")})
_TIMES = MachineTable(cadence_seconds=0.1, hold_seconds=0.1, lateness_seconds=0.0)


async def count(journal: Journal, until: int, stop: asyncio.Event) -> None:
    while not stop.is_set():
        start = journal.next_offset
        numbers = range(start, min(start + 20, until + 1))
        rows = [TagRow("COUNT", number * STEP_US, float(number)) for number in numbers]
        await asyncio.to_thread(journal.append, rows)
        await asyncio.sleep(0.005)


def main(path: str, until: int) -> None:
    settings = read_settings()
    configure_logging(settings)
    configuration = Configuration(name="counter", mapping=Path("none"), machines={"*": _TIMES})

    health = BridgeHealth(
        "counter",
        "the counter",
        stall_seconds=settings.stall_seconds,
        began_at=time.monotonic(),
    )

    async def work(stop: asyncio.Event) -> None:
        with Journal(Path(path), max_bytes=10**9) as journal:
            health.journal = journal
            delivery = Delivery(settings, configuration, _TAGS, journal, health)
            async with asyncio.TaskGroup() as group:
                group.create_task(delivery.run(stop))
                group.create_task(count(journal, until, stop))

    run(settings, health, work)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
