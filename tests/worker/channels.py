"""Channels at work, and those who listen to them on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from stream_detector.alerting.notices import Wants
from stream_detector.alerting.rules import Rules
from stream_detector.worker.alertmanager import Alertmanager
from stream_detector.worker.delivery import Receiver as Sender
from stream_detector.worker.health import DeliveryHealth
from stream_detector.worker.webhook import Webhook
from tests.alerting.told import Desk, alert
from tests.worker.receiver import Receiver

KEY = b"0123456789abcdef01234567"


@asynccontextmanager
async def webhook(
    at_work: Receiver, rules: Rules | None = None, health: DeliveryHealth | None = None
) -> AsyncIterator[Webhook]:
    async with aiohttp.ClientSession() as session:
        sender = Sender("webhook", at_work.url, session, health or DeliveryHealth())
        found = Webhook(sender, KEY, Wants(rules or Rules(), "webhook"))
        task = asyncio.create_task(found.run())
        try:
            yield found
        finally:
            task.cancel()


@asynccontextmanager
async def alertmanager(
    at_work: Receiver, health: DeliveryHealth | None = None
) -> AsyncIterator[Alertmanager]:
    async with aiohttp.ClientSession() as session:
        sender = Sender("alertmanager", at_work.url, session, health or DeliveryHealth())
        found = Alertmanager(sender, Wants(Rules(), "alertmanager"), "mill-a")
        task = asyncio.create_task(found.run())
        try:
            yield found
        finally:
            task.cancel()


def alerts_of(there: Receiver) -> list[dict[str, Any]]:
    """What an Alertmanager was told."""
    return [one for body in there.told for one in body]


def run(scene: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await scene

    asyncio.run(limited())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.001)


def raised(desk: Desk, **properties: Any) -> None:
    desk.tell(alert("raised", 0, seq=1, raised=0, **properties))


async def told_of_one(there: Receiver, ours: Alertmanager) -> Desk:
    """A desk with an alert, of which Alertmanager was told."""
    desk = Desk()
    raised(desk)
    ours.take(desk.state())
    await there.until(lambda: alerts_of(there))
    return desk
