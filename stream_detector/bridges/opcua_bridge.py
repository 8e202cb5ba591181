"""``bridge opcua``: an OPC UA server -> journal -> readings on Kafka."""

import asyncio

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.delivery import Delivery
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal import Journal
from stream_detector.bridges.mapping import TagMap
from stream_detector.bridges.opcua_source import OpcUaSource
from stream_detector.bridges.running import together
from stream_detector.connections.settings import Settings
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import SettingsError


class OpcUaBridge:
    """The program.

    Parameters
    ----------
    settings : Settings
    source_settings : SourceSettings
    configuration : Configuration
    tags : TagMap
    health : BridgeHealth

    Raises
    ------
    SettingsError
        If the configuration has no table of the server or of the journal.
    """

    def __init__(
        self,
        settings: Settings,
        source_settings: SourceSettings,
        configuration: Configuration,
        tags: TagMap,
        health: BridgeHealth,
    ) -> None:
        if configuration.opcua is None or configuration.journal is None:
            raise SettingsError(
                "the configuration lacks [opcua] or [journal]; say in them where the server is, "
                "and where on disk rows wait for Kafka"
            )
        self._settings, self._source_settings = settings, source_settings
        self._configuration, self._tags = configuration, tags
        self._health = health
        self._opcua, self._journal = configuration.opcua, configuration.journal

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop.

        Raises
        ------
        JournalError
            If the journal cannot be opened.
        SettingsError, ServiceError
            As of `OpcUaSource.run`; or if Kafka refuses us, or a topic is missing.
        """
        with Journal(self._journal.path, max_bytes=self._journal.max_bytes) as journal:
            self._health.journal = journal
            tags = list(self._tags.targets)
            source = OpcUaSource(self._opcua, self._source_settings, tags, journal, self._health)
            delivery = Delivery(
                self._settings, self._configuration, self._tags, journal, self._health
            )
            await together(source.run(stop), delivery.run(stop))
