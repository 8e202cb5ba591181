"""From an MQTT broker to a journal: on disk first, then acknowledged."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.journal.keeping import is_kept
from stream_detector.bridges.mqtt.connection import Delivered, MqttConnection, NewSession
from stream_detector.bridges.mqtt.messages import MqttMessages
from stream_detector.bridges.mqtt.sparkplug import NAMESPACE
from stream_detector.bridges.mqtt.sparkplug_payload import rebirth_command
from stream_detector.bridges.patience import when_registry_answers
from stream_detector.bridges.rows import Decode, TagRow
from stream_detector.connections.settings import Settings
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import SettingsError

_MOST_AT_ONCE: Final = 500
"""Messages of one transaction of the journal."""


class MqttSource:
    """Fills a journal.

    Parameters
    ----------
    connection : MqttConnection
    messages : MqttMessages
    journal : Journal
    health : BridgeHealth
    """

    def __init__(
        self,
        connection: MqttConnection,
        messages: MqttMessages,
        journal: Journal,
        health: BridgeHealth,
    ) -> None:
        self._connection = connection
        self._messages = messages
        self._journal = journal
        self._health = health

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop.

        Raises
        ------
        RefusedError
            If the broker does not take us.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._connection.run(stop))
            group.create_task(self._keep(stop))

    async def _keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._health.listened(now=time.monotonic(), fault=self._connection.fault)
            found = await asyncio.to_thread(self._connection.take, _MOST_AT_ONCE)
            read = partial(self._read, deque(found), [])
            rows = await when_registry_answers(read, stop, self._health)
            if rows is None:
                return
            letters = self._messages.letters()
            if await is_kept(self._journal, rows, letters, self._health, stop):
                refused = [one.error for one in letters]
                self._health.took(len(rows), refused, now=time.monotonic())
                for one in found:
                    if isinstance(one, Delivered):
                        self._connection.acknowledge(one)
            for group, node in self._messages.nodes.rebirths():
                command = rebirth_command(time.time_ns() // 1_000_000)
                self._connection.publish(f"{NAMESPACE}/{group}/NCMD/{node}", command)

    def _read(self, left: deque[Delivered | NewSession], rows: list[TagRow]) -> list[TagRow]:
        """Read what is left; called again after an error, it goes on where it was."""
        while left:
            first = left[0]
            if isinstance(first, Delivered):
                rows += self._messages.take(first.message)
            else:
                self._messages.nodes.forget()
            left.popleft()
        return rows


def mqtt_source(
    configuration: Configuration,
    settings: Settings,
    source_settings: SourceSettings,
    decode: Decode,
    health: BridgeHealth,
) -> Callable[[Journal], MqttSource]:
    """Give what makes the source of a journal.

    Parameters
    ----------
    configuration : Configuration
    settings : Settings
    source_settings : SourceSettings
    decode : Decode
        As ``[format]`` says.
    health : BridgeHealth

    Raises
    ------
    SettingsError
        If the configuration has no table of the broker.
    """
    table = configuration.mqtt
    if table is None:
        raise SettingsError("the configuration lacks [mqtt]; say in it where the broker is")

    def make(journal: Journal) -> MqttSource:
        connection = MqttConnection(table, source_settings, configuration.name)
        messages = MqttMessages(
            decode,
            numbers_arrive=table.time_of_numbers == "arrival",
            max_skew_us=settings.max_clock_skew_us,
        )
        return MqttSource(connection, messages, journal, health)

    return make
