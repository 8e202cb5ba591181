"""Tells others of alerts: reads the alerts as they stand, beside the stream.

The group of its own gives this to one of the workers. That reads all there is, of which it knows
by the group's offset what was told, and goes on. The offset moves on behind what was delivered:
so all is told at least once, under a name by which a repeat is known. Beside the offset a time is
written: from there on the log of the alerts says what Kafka has compacted away of their states.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import structlog
from aiokafka import ConsumerRecord

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.notices import Wants
from stream_detector.alerting.recall import Recall, Recalled
from stream_detector.alerting.rules import Rules
from stream_detector.alerting.untold import ALL_IS_NEWS
from stream_detector.connections.alert_states import decode_change
from stream_detector.connections.consumers import committed_note, note_to_commit
from stream_detector.connections.receivers import signing_key
from stream_detector.connections.settings import Settings
from stream_detector.worker.alert_log import alerts_since
from stream_detector.worker.alertmanager import PATH, Alertmanager
from stream_detector.worker.delivery import Receiver
from stream_detector.worker.health import DeliveryHealth, Health
from stream_detector.worker.sole_service import SoleService
from stream_detector.worker.webhook import Webhook

log = structlog.get_logger()

_WAIT_MS: Final = 200
"""How long a look for changes waits; after each it is written down what was delivered."""

_BEHIND: Final = timedelta(minutes=10)
"""So far the book may be behind one machine's alerts when it is done with another one's."""


class NotifyService(SoleService):
    """Tells those whom the settings name, whenever that is this worker's.

    Parameters
    ----------
    settings : Settings
    rules : Rules
    health : Health
        Told how it gets on.
    """

    def __init__(self, settings: Settings, rules: Rules, health: Health) -> None:
        topic, group = settings.alert_state_topic, settings.notify_group
        super().__init__(settings, name="notify", topic=topic, group=group)
        self._rules = rules
        self._health = health

    async def _put_down(self) -> None:
        """End it; what is on its way may be told again by another worker."""
        self._health.deliveries.clear()

    async def _work(self, turn: int) -> None:
        """Read what stands, then tell what changes."""
        async with aiohttp.ClientSession() as session:
            channels = _Channels(self._settings, self._rules, self._health, session)
            await self._read_what_was_told(channels)
            log.info("notify.begun", channels=list(self._health.deliveries))
            telling = [asyncio.create_task(one.run()) for one in channels.all]
            try:
                while self._turn == turn and not self.should_stop:
                    found = await self._member.getmany(self._place, timeout_ms=_WAIT_MS)
                    for offset, change in _changes(found.get(self._place, ())):
                        # What there was before is read: an alert that comes now begins now.
                        channels.note(change)
                        channels.take(offset, change, ALL_IS_NEWS)
                    await self._commit(turn, channels)
                    self._get_well()
                    for one in telling:
                        if one.done():
                            one.result()
            finally:
                for one in telling:
                    one.cancel()
                await asyncio.gather(*telling, return_exceptions=True)

    async def _read_what_was_told(self, channels: "_Channels") -> None:
        self._committed = committed = await self._member.committed(self._place)
        end = (await self._member.end_offsets([self._place]))[self._place]
        await self._member.seek_to_beginning(self._place)
        if committed is None:
            async for offset, change in self._changes_until(end):
                # Where nobody was told of anything yet, only what stands is news.
                channels.note(change)
                if _stands(change):
                    channels.take(offset, change, None)
                else:
                    channels.know(change)
            return
        told_until, recall = await self._told_until(), Recall(self._rules, committed)
        async for offset, change in self._changes_until(end):
            channels.note(change)
            recall.note(offset, change)
            if offset < committed:
                channels.know(change)
        if told_until is not None and channels.tells_one_by_one:
            async for message, at in alerts_since(self._settings, told_until):
                if (found := recall.find(message, at)) is not None:
                    channels.recall(found, told_until)
        self._member.seek(self._place, committed)
        async for offset, change in self._changes_until(end):
            if not recall.has_all_of(offset, change):
                channels.take(offset, change, told_until)

    async def _changes_until(self, end: int) -> AsyncIterator[tuple[int, AlertState | Flood]]:
        # By position: compaction leaves holes, and what ends a transaction is no message.
        while await self._member.position(self._place) < end:
            found = await self._member.getmany(self._place, timeout_ms=_WAIT_MS)
            for one in _changes(found.get(self._place, ())):
                yield one

    async def _told_until(self) -> datetime | None:
        """Give the time that was written with what was told last."""
        group, topic = self._settings.notify_group, self._place.topic
        try:
            note = await asyncio.to_thread(committed_note, self._settings, group, topic)
            return datetime.fromisoformat(note)
        except ValueError:
            return None  # by a release that wrote none, or without its end

    async def _commit(self, turn: int, channels: "_Channels") -> None:
        """Write down below which offset all is delivered, and until when."""
        done = channels.undone_since
        if done is None:
            done = await self._member.position(self._place)
        if (self._committed is None or done > self._committed) and self._turn == turn:
            note = note_to_commit(rfc3339(channels.told_until))
            await self._member.commit({self._place: (done, note)})
            self._committed = done


def _changes(messages: Iterable[ConsumerRecord]) -> Iterator[tuple[int, AlertState | Flood]]:
    for message in messages:
        change = decode_change(message)
        if isinstance(change, AlertState | Flood):
            yield message.offset, change


def _stands(change: AlertState | Flood) -> bool:
    return change.open if isinstance(change, AlertState) else change.active


class _Channels:
    """Those who are told."""

    def __init__(
        self, settings: Settings, rules: Rules, health: Health, session: aiohttp.ClientSession
    ) -> None:
        self._alertmanager: Alertmanager | None = None
        self._webhook: Webhook | None = None
        self._newest: datetime | None = None
        """Kafka's time of the newest change."""
        health.deliveries.clear()
        if settings.alertmanager_url is not None:
            told = health.deliveries["alertmanager"] = DeliveryHealth()
            url = settings.alertmanager_url.get_secret_value().rstrip("/") + PATH
            receiver = Receiver("alertmanager", url, session, told)
            self._alertmanager = Alertmanager(receiver, Wants(rules, "alertmanager"), rules.site)
        if settings.webhook_url is not None and settings.webhook_secret is not None:
            told = health.deliveries["webhook"] = DeliveryHealth()
            receiver = Receiver("webhook", settings.webhook_url.get_secret_value(), session, told)
            key = signing_key(settings.webhook_secret)
            self._webhook = Webhook(receiver, key, Wants(rules, "webhook"))

    @property
    def all(self) -> list[Alertmanager | Webhook]:
        return [one for one in (self._alertmanager, self._webhook) if one is not None]

    @property
    def undone_since(self) -> int | None:
        return None if self._webhook is None else self._webhook.undone_since

    @property
    def told_until(self) -> datetime:
        """Before that time nothing has happened that is not told."""
        undone = None if self._webhook is None else self._webhook.undone_at
        newest = undone or self._newest
        return ALL_IS_NEWS if newest is None else newest - _BEHIND

    @property
    def tells_one_by_one(self) -> bool:
        """Whether anybody is told all that has happened, not only what stands."""
        return self._webhook is not None

    def note(self, change: AlertState | Flood) -> None:
        """Take in how something stands."""
        if self._alertmanager is not None:
            self._alertmanager.take(change)
        if isinstance(change, AlertState):
            self._newest = max(self._newest or change.changed_at, change.changed_at)

    def know(self, change: AlertState | Flood) -> None:
        """Take in what the webhook was told before."""
        if self._webhook is not None:
            self._webhook.know(change)

    def recall(self, found: Recalled, told_until: datetime) -> None:
        """Take in what the log of the alerts says of the time before."""
        if self._webhook is not None:
            self._webhook.recall(found, told_until=told_until)

    def take(self, offset: int, change: AlertState | Flood, told_until: datetime | None) -> None:
        """Take in what is news."""
        if self._webhook is not None:
            self._webhook.take(offset, change, told_until=told_until)
