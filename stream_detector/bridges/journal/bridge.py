"""``bridge mqtt`` and ``bridge opcua``: a source -> journal -> readings on Kafka."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.joining.mapping import TagMap
from stream_detector.bridges.journal.delivery import Delivery
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.running import together
from stream_detector.connections.settings import Settings
from stream_detector.errors import SettingsError

log = structlog.get_logger()


class Source(Protocol):
    """Fills a journal with what a plant sends."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        ...


class JournalBridge:
    """The program.

    Parameters
    ----------
    settings : Settings
    configuration : Configuration
    tags : TagMap
    health : BridgeHealth
    make_source : callable
        Makes what fills a journal.

    Raises
    ------
    SettingsError
        If the configuration has no table of the journal.
    """

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        tags: TagMap,
        health: BridgeHealth,
        make_source: Callable[[Journal], Source],
    ) -> None:
        if configuration.journal is None:
            raise SettingsError(
                "the configuration lacks [journal]; say in it where on disk rows wait for Kafka"
            )
        self._settings, self._configuration, self._tags = settings, configuration, tags
        self._health = health
        self._table = configuration.journal
        self._make_source = make_source

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop.

        Raises
        ------
        JournalError
            If the journal cannot be opened.
        SettingsError, ServiceError
            As the source does; or if Kafka refuses us, or a topic is missing.
        """
        if not self._table.path.exists():
            log.info("journal.new", path=str(self._table.path))
        with Journal(self._table.path, max_bytes=self._table.max_bytes) as journal:
            self._health.journal = journal
            source = self._make_source(journal)
            delivery = Delivery(
                self._settings, self._configuration, self._tags, journal, self._health
            )
            await together(source.run(stop), delivery.run(stop))
