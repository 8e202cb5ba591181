"""The alerts as they stand, from the compacted topic: all of them, then each change."""

from collections.abc import Callable, Sequence
from typing import Self

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream_detector.alerting.alert_state import (
    FLOOD_KEY,
    MARKER_KEY,
    AlertState,
    BookMarker,
    Flood,
)
from stream_detector.alerting.news import news_of
from stream_detector.connections.consumers import follower, leave, start
from stream_detector.connections.settings import Settings
from stream_detector.errors import UNREADABLE

log = structlog.get_logger()

_POLL_MS = 50
"""How long a look waits that need not wait: what ends a transaction is there, but no message."""


class AlertStates:
    """Reads the alerts as they stand; runs inside ``async with``.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    states : dict of str to AlertState
        By ``machine/rule``, as far as was read.
    flood : Flood or None
        The one that is or was last.
    marker : BookMarker or None
        How far the book has read to come to this.
    """

    def __init__(self, settings: Settings) -> None:
        self._consumer: AIOKafkaConsumer = follower(settings)
        self._place = TopicPartition(settings.alert_state_topic, 0)
        self.states: dict[str, AlertState] = {}
        self.flood: Flood | None = None
        self.marker: BookMarker | None = None

    async def __aenter__(self) -> Self:
        """Begin at the begin."""
        await start(self._consumer)
        self._consumer.assign([self._place])
        await self._consumer.seek_to_beginning(self._place)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await leave(self._consumer)

    async def read_to_the_end(self, *, on_progress: Callable[[], None] = lambda: None) -> None:
        """Read all that is committed now; ``on_progress`` is called now and then meanwhile."""
        end = (await self._consumer.end_offsets([self._place]))[self._place]
        # By position: compaction leaves holes, and what ends a transaction is no message.
        while await self._consumer.position(self._place) < end:
            await self.next_changes(timeout_ms=_POLL_MS)
            on_progress()

    async def next_changes(self, *, timeout_ms: int) -> Sequence[AlertState | Flood]:
        """Give what changed next, in order; nothing, if nothing does for so long."""
        found = await self._consumer.getmany(self._place, timeout_ms=timeout_ms)
        changes = map(self._take, found.get(self._place, ()))
        return [one for one in changes if one is not None]

    def _take(self, message: ConsumerRecord) -> AlertState | Flood | None:
        if message.value is None:
            self.states.pop((message.key or b"").decode(errors="replace"), None)
            return None
        match decode_change(message):
            case AlertState() as state:
                self.states[state.key] = state
                return state
            case Flood() as flood:
                self.flood = flood
                return flood
            case marker:
                self.marker = marker or self.marker
                return None


def decode_change(message: ConsumerRecord) -> AlertState | Flood | BookMarker | None:
    """Read a message of the topic; None is one that nobody can read, or a key that is gone."""
    key, value = message.key or b"", message.value
    if value is None:
        return None
    try:
        if key == MARKER_KEY:
            return msgspec.json.decode(value, type=BookMarker)
        if key == FLOOD_KEY:
            return msgspec.json.decode(value, type=Flood)
        state = msgspec.json.decode(value, type=AlertState)
        if state.alert is not None:
            news_of(state.alert)
    except UNREADABLE as error:
        # Nobody of ours wrote that; the alert's next message brings it back.
        log.warning("alert-state.unreadable", key=repr(key), error=str(error))
        return None
    return state
