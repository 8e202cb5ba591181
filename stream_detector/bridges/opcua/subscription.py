"""A subscription to nodes of an OPC UA server, whose messages we acknowledge when we have them.

asyncua's own hands events on and acknowledges them at once. What is below it waits for whoever
takes a message, and acknowledges it with the request for the next one.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Final

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from stream_detector.bridges.configuration import OpcUaTable
from stream_detector.errors import RefusedError, listed

log = structlog.get_logger()

_ITEMS_AT_ONCE: Final = 1000
_VALUES_AT_ONCE: Final = 10_000

_SIGNS_OF_LIFE: Final = 4
"""Within ``repeat_seconds``: a server with nothing to tell says so as often."""

_LIFETIME_MS: Final = 120_000
"""So long the server keeps what a killed bridge had asked for."""

_MOST_SILENT_SECONDS: Final = 10.0
"""Beyond three signs of life that did not come."""


class OpcUaSubscription:
    """What a server tells, a message at a time.

    Parameters
    ----------
    client : Client
        Connected.
    table : OpcUaTable
    """

    def __init__(self, client: Client, table: OpcUaTable) -> None:
        self._client, self._table = client, table
        self._told: asyncio.Queue[tuple[ua.PublishResult, asyncio.Future[None]]] = asyncio.Queue()
        self._kept: asyncio.Future[None] | None = None
        self._heard_at = time.monotonic()
        self._id = 0
        self.n_nodes = 0
        """Those that the server knows."""
        self.refused: dict[str, list[str]] = {}
        """The tags of the others, by the server's reasons."""
        self.publishing_ms = self.sampling_ms = self.sign_of_life_ms = 0.0
        """What the server makes of our wishes."""

    async def open(self, tags: Sequence[str]) -> None:
        """Ask for all nodes; tell of those that the server refuses.

        Raises
        ------
        RefusedError
            If it refuses all of them.
        """
        period_ms = self._table.publishing_interval_ms
        n_periods = max(1, int(self._table.repeat_seconds * 1000 / _SIGNS_OF_LIFE / period_ms))
        wish = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=ua.Double(period_ms),
            RequestedMaxKeepAliveCount=ua.UInt32(n_periods),
            RequestedLifetimeCount=ua.UInt32(
                max(3 * n_periods, math.ceil(_LIFETIME_MS / period_ms))
            ),
            MaxNotificationsPerPublish=ua.UInt32(_VALUES_AT_ONCE),
            PublishingEnabled=True,
        )
        answer = await self._client.uaclient.create_subscription(wish, self._hear)
        self._id = answer.SubscriptionId
        self.publishing_ms = answer.RevisedPublishingInterval
        self.sign_of_life_ms = answer.RevisedMaxKeepAliveCount * self.publishing_ms
        items: list[tuple[int, ua.NodeId]] = []
        for number, tag in enumerate(tags):
            try:
                items.append((number, ua.NodeId.from_string(tag)))
            except (UaError, ValueError):
                self.refused.setdefault("no node id", []).append(tag)
        for begin in range(0, len(items), _ITEMS_AT_ONCE):
            some = items[begin : begin + _ITEMS_AT_ONCE]
            for (number, _), reason in zip(some, await self._ask_for(some), strict=True):
                if reason is None:
                    self.n_nodes += 1
                else:
                    self.refused.setdefault(reason, []).append(tags[number])
        for reason, nodes in self.refused.items():
            log.warning("nodes.refused", reason=reason, count=len(nodes), nodes=listed(nodes))
        if not self.n_nodes:
            raise RefusedError(
                f"the OPC UA server {self._table.url} knows none of the mapping's nodes, the first "
                f"of which is {tags[0]!r}; tags have to be node ids, as ns=2;s=PM3.Speed"
            )

    async def next(self, timeout_seconds: float) -> ua.PublishResult | None:
        """Give the next message, also one that says nothing but that the server is there.

        None if none came in time. The one before has to be acknowledged.

        Raises
        ------
        ConnectionError
            If none came for so long that the server has forgotten us.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                told, self._kept = await self._told.get()
        except TimeoutError:
            silent_seconds = time.monotonic() - self._heard_at
            if silent_seconds > 3 * self.sign_of_life_ms / 1000 + _MOST_SILENT_SECONDS:
                raise ConnectionError(
                    f"the subscription gave no sign of life for {silent_seconds:.0f} s"
                ) from None
            return None
        return told

    def acknowledge(self) -> None:
        """Let the server forget the message that we have."""
        self._heard_at = time.monotonic()
        if self._kept is not None and not self._kept.done():
            self._kept.set_result(None)

    async def _hear(self, told: ua.PublishResult) -> None:
        """Hand a message over; asyncua acknowledges it after this returns, and not if it ends."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told.put_nowait((told, kept))
        await kept

    async def _ask_for(self, items: Sequence[tuple[int, ua.NodeId]]) -> list[str | None]:
        """Give of each node why the server refuses it; None where it does not."""
        wishes = [
            ua.MonitoredItemCreateRequest(
                ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value),
                MonitoringMode=ua.MonitoringMode.Reporting,
                RequestedParameters=ua.MonitoringParameters(
                    ClientHandle=ua.UInt32(number),
                    SamplingInterval=ua.Double(self._table.sampling_interval_ms),
                    QueueSize=ua.UInt32(self._table.queue_size),
                    DiscardOldest=True,
                ),
            )
            for number, node in items
        ]
        answers = await self._client.uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                SubscriptionId=self._id,
                TimestampsToReturn=ua.TimestampsToReturn.Both,
                ItemsToCreate=wishes,
            )
        )
        good = [one for one in answers if one.StatusCode.is_good()]
        self.sampling_ms = max([self.sampling_ms, *(one.RevisedSamplingInterval for one in good)])
        return [None if one.StatusCode.is_good() else one.StatusCode.name for one in answers]
