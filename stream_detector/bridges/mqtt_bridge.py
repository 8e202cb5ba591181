"""``bridge mqtt``: an MQTT broker -> journal -> readings on Kafka."""

import asyncio

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.delivery import Delivery
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal import Journal
from stream_detector.bridges.mapping import TagMap
from stream_detector.bridges.mqtt import MqttConnection
from stream_detector.bridges.mqtt_messages import MqttMessages
from stream_detector.bridges.mqtt_source import MqttSource
from stream_detector.bridges.rows import Decode
from stream_detector.bridges.running import together
from stream_detector.connections.settings import Settings
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import SettingsError


class MqttBridge:
    """The program.

    Parameters
    ----------
    settings : Settings
    source_settings : SourceSettings
    configuration : Configuration
    tags : TagMap
    decode : Decode
        As ``[format]`` says.
    health : BridgeHealth

    Raises
    ------
    SettingsError
        If the configuration has no table of the broker or of the journal.
    """

    def __init__(
        self,
        settings: Settings,
        source_settings: SourceSettings,
        configuration: Configuration,
        tags: TagMap,
        decode: Decode,
        health: BridgeHealth,
    ) -> None:
        if configuration.mqtt is None or configuration.journal is None:
            raise SettingsError(
                "the configuration lacks [mqtt] or [journal]; say in them where the broker is, and "
                "where on disk rows wait for Kafka"
            )
        self._settings, self._source_settings = settings, source_settings
        self._configuration, self._tags, self._decode = configuration, tags, decode
        self._health = health
        self._mqtt, self._journal = configuration.mqtt, configuration.journal

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop.

        Raises
        ------
        JournalError
            If the journal cannot be opened.
        ServiceError
            If the broker or Kafka refuses us, or a topic is missing.
        """
        connection = MqttConnection(self._mqtt, self._source_settings, self._configuration.name)
        messages = MqttMessages(
            self._decode, numbers_arrive=self._mqtt.time_of_numbers == "arrival"
        )
        with Journal(self._journal.path, max_bytes=self._journal.max_bytes) as journal:
            self._health.journal = journal
            source = MqttSource(connection, messages, journal, self._health)
            delivery = Delivery(
                self._settings, self._configuration, self._tags, journal, self._health
            )
            await together(source.run(stop), delivery.run(stop))
