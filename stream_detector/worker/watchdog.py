"""Looks beside the stream whether Kafka and our topics are still there.

The clients retry for ever, and tell so a hundred times a second. Here it is told once
that Kafka does not answer, and once that it is back. Where a topic is gone, waiting is
in vain: the process ends, so that people see it.
"""

import asyncio

import structlog
from mode import Service

from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import missing_topics, topics
from stream_detector.errors import ServiceError

log = structlog.get_logger()

_LOOK_SECONDS = 5.0

_LOOKS = 2
"""So often a topic has to be missing: a broker that just started does not know them all yet."""


class Watchdog(Service):
    """Asks Kafka for its topics every 5 seconds.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._away = False
        self._n_missing = 0

    @Service.task
    async def _watch(self) -> None:
        # No timer: while Kafka is away, a look takes as long as the time between two.
        while not self.should_stop:
            await self.sleep(_LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        try:
            cluster = await asyncio.to_thread(cluster_metadata, self._settings)
        except ServiceError as error:
            if not self._away:
                log.warning("kafka.away", error=str(error), doing="waiting for it")
            self._away = True
            return
        if self._away:
            log.info("kafka.back")
            self._away = False
        missing = missing_topics(cluster, (topic.name for topic in topics(self._settings)))
        self._n_missing = self._n_missing + 1 if missing else 0
        if self._n_missing == _LOOKS:
            raise ServiceError(
                f"Kafka has lost topic {', '.join(missing)}; make it again with "
                "`stream-detector topics create`"
            )
