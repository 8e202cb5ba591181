"""What has to be told now and then, whether readings come or not."""

import asyncio

import structlog
from mode import Service

from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import topic_notes
from stream_detector.worker.agent import BatchWork
from stream_detector.worker.reader import BatchReader

log = structlog.get_logger()

_SILENCES_SECONDS = 5.0
_ODDITIES_SECONDS = 60.0


class Housekeeping(Service):
    """Looks for silent machines, and sums up what should not be like that.

    Parameters
    ----------
    settings : Settings
    work : BatchWork
    reader : BatchReader
    """

    def __init__(self, settings: Settings, work: BatchWork, reader: BatchReader) -> None:
        super().__init__()
        self._settings = settings
        self._work = work
        self._reader = reader

    @Service.task
    async def _look_at_topics(self) -> None:
        for note in await asyncio.to_thread(topic_notes, self._settings):
            log.warning("topics.doubtful", reason=note)

    @Service.task
    async def _tell_silences(self) -> None:
        # No timer: while Kafka is away, a look takes as long as the time between two.
        while not self.should_stop:
            await self.sleep(_SILENCES_SECONDS)
            await self._work.tell_silences(await self._reader.read_to_the_end())

    @Service.task
    async def _tell_oddities(self) -> None:
        while not self.should_stop:
            await self.sleep(_ODDITIES_SECONDS)
            self._work.oddities.sum_up()
