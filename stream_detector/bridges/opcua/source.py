"""From an OPC UA server to a journal: on disk first, then acknowledged."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from asyncua.ua.uaerrors import UaError

from stream_detector.bridges.configuration import Configuration, OpcUaTable
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.journal.keeping import is_kept
from stream_detector.bridges.opcua.client import connect, make_client, reason_of
from stream_detector.bridges.opcua.rows import ToldRows
from stream_detector.bridges.opcua.subscription import OpcUaSubscription
from stream_detector.bridges.rows import TagRow
from stream_detector.bridges.running import pause
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import SettingsError

log = structlog.get_logger()

_LOOK_SECONDS: Final = 0.2
"""How often it is seen whether to stop."""

_GOODBYE_SECONDS: Final = 1.0
"""A server that is away does not answer to it."""

_LONGEST_PAUSE_SECONDS: Final = 5.0
"""Between two tries to connect: what changes meanwhile nobody keeps for us."""


class OpcUaSource:
    """Fills a journal from one server.

    Parameters
    ----------
    table : OpcUaTable
    access : SourceSettings
    tags : sequence of str
        Node ids, as ``ns=2;s=PM3.Speed``.
    journal : Journal
    health : BridgeHealth
    """

    def __init__(
        self,
        table: OpcUaTable,
        access: SourceSettings,
        tags: Sequence[str],
        journal: Journal,
        health: BridgeHealth,
    ) -> None:
        self._table, self._access, self._journal = table, access, journal
        self._health = health
        self._tags = list(tags)
        self._n_failed = 0
        """Tries since we were connected last."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; connect again for ever.

        Raises
        ------
        SettingsError
            If a certificate cannot be used.
        RefusedError
            If the server refuses us, or knows none of the nodes.
        """
        while not stop.is_set():
            try:
                await self._follow(stop)
            except (OSError, UaError) as error:
                reason = reason_of(error)
                self._health.listened(now=time.monotonic(), fault=reason)
                if not self._n_failed:
                    log.warning("opcua.away", url=self._table.url, reason=reason)
                self._n_failed += 1
                await pause(stop, min(2.0 ** (self._n_failed - 1), _LONGEST_PAUSE_SECONDS))

    async def _follow(self, stop: asyncio.Event) -> None:
        """Write what one connection tells, until it is lost."""
        async with messages(self._table, self._access, self._tags) as told:
            self._n_failed = 0
            while not stop.is_set():
                rows = await told.next_rows(_LOOK_SECONDS)
                self._health.listened(now=time.monotonic())
                if rows is None:
                    continue
                if await is_kept(self._journal, rows, (), self._health, stop):
                    self._health.took(len(rows), (), now=time.monotonic())
                    told.acknowledge()


class ToldMessages:
    """The rows of each message of a server.

    Parameters
    ----------
    table : OpcUaTable
    tags : sequence of str
    subscription : OpcUaSubscription
        It is open.
    """

    def __init__(
        self, table: OpcUaTable, tags: Sequence[str], subscription: OpcUaSubscription
    ) -> None:
        self._subscription = subscription
        self.refused = subscription.refused
        """Tags that the server does not know or does not let us have, by its reasons."""
        delay_ms = subscription.publishing_ms + subscription.sampling_ms
        # The next sign of life may come too late to do it then.
        repeat_ms = table.repeat_seconds * 1000 - subscription.sign_of_life_ms
        self._rows = ToldRows(
            tags,
            uncertain=table.uncertain,
            clock=table.clock,
            delay_us=round(delay_ms * 1000),
            repeat_us=round(repeat_ms * 1000),
        )

    async def next_rows(self, timeout_seconds: float) -> list[TagRow] | None:
        """Give the rows of the next message, mostly some or none; None if none came in time.

        Raises
        ------
        ConnectionError
            If the server ended the subscription, or forgot it.
        """
        told = await self._subscription.next(timeout_seconds)
        return None if told is None else self._rows.take(told)

    def acknowledge(self) -> None:
        """Let the server forget the message."""
        self._subscription.acknowledge()


@asynccontextmanager
async def messages(
    table: OpcUaTable, access: SourceSettings, tags: Sequence[str]
) -> AsyncIterator[ToldMessages]:
    """Connect to a server and subscribe to the nodes of the tags.

    Raises
    ------
    SettingsError, RefusedError
        As of `OpcUaSource.run`.
    OSError, UaError
        If the server is away.
    """
    client = await make_client(table, access)
    await connect(client, table)
    try:
        subscription = OpcUaSubscription(client, table)
        await subscription.open(tags)
        log.info("opcua.connected", url=table.url, nodes=subscription.n_nodes)
        yield ToldMessages(table, tags, subscription)
    finally:
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await client.disconnect()
        except (OSError, UaError):
            log.debug("opcua.disconnected")


def opcua_source(
    configuration: Configuration,
    source_settings: SourceSettings,
    tags: Sequence[str],
    health: BridgeHealth,
) -> Callable[[Journal], OpcUaSource]:
    """Give what makes the source of a journal.

    Parameters
    ----------
    configuration : Configuration
    source_settings : SourceSettings
    tags : sequence of str
        Node ids.
    health : BridgeHealth

    Raises
    ------
    SettingsError
        If the configuration has no table of the server.
    """
    table = configuration.opcua
    if table is None:
        raise SettingsError("the configuration lacks [opcua]; say in it where the server is")
    return lambda journal: OpcUaSource(table, source_settings, tags, journal, health)
