"""Keeps the alert book: takes in what Kafka has, and writes down what came of it.

All that comes of what was taken in together is written in one transaction: the states that
changed, the replies, and last a marker that says how far everything was read. So whoever
takes the book up finds all of it or nothing, and goes on from there: nothing is done twice,
nothing is lost, and no reply says of a change what is not so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from aiokafka import ConsumerRecord

from stream_detector.alerting.alert_state import FLOOD_KEY, MARKER_KEY, BookMarker, Flood
from stream_detector.alerting.book import Book, Kept
from stream_detector.alerting.commands import (
    RefusalCode,
    Reply,
    decode_command,
    decode_sender,
)
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.connections.settings import Settings
from stream_detector.connections.transactions import TopicMessage, TransactionalProducer
from stream_detector.errors import AlertError, CommandError
from stream_detector.pipeline.readings import kafka_time

log = structlog.get_logger()

_MARKER_EVERY: Final = timedelta(seconds=10)
"""How often it is written how far all was read, though nothing changed."""


class Bookkeeper:
    """Keeps one book, as long as it is ours.

    Parameters
    ----------
    book : Book
    producer : TransactionalProducer
    settings : Settings
    marker : BookMarker or None
        How far all was read to come to this book.
    """

    def __init__(
        self,
        book: Book,
        producer: TransactionalProducer,
        settings: Settings,
        marker: BookMarker | None,
    ) -> None:
        self._book = book
        self.standing = book.standing
        """Counts its alerts by how they stand."""
        self._producer = producer
        self._states_topic = settings.alert_state_topic
        self._replies_topic = settings.replies_topic
        self.alerts = {int(one): at for one, at in marker.alerts.items()} if marker else {}
        """Of each partition of the alerts, the offset below which all is in the book."""
        self.commands = marker.commands if marker else 0
        """The same of the commands."""
        self._marked = self._marker()
        self._marked_at: datetime | None = None

    async def take_alerts(self, messages: Iterable[ConsumerRecord]) -> None:
        """Take in messages of the alerts topic.

        Raises
        ------
        ServiceError
            If it cannot be written down: this book is of no use any more then.
        """
        kept: list[Kept] = []
        for message in messages:
            kept += self._fold(message)
            self.alerts[message.partition] = message.offset + 1
        if kept:
            await self._write(kept)

    async def take_commands(self, messages: Iterable[ConsumerRecord]) -> None:
        """Carry commands out, and answer each.

        Raises
        ------
        ServiceError
            If it cannot be written down: this book is of no use any more then.
        """
        kept: list[Kept] = []
        replies: list[TopicMessage] = []
        for message in messages:
            reply, changes = self._carry_out(message)
            kept += changes
            key = reply.command_id.encode() if reply.command_id else message.key
            replies.append(TopicMessage(self._replies_topic, key, msgspec.json.encode(reply)))
            self.commands = message.offset + 1
        if replies:
            await self._write(kept, replies)

    async def tick(self, now: datetime) -> None:
        """Take in what time it is.

        Raises
        ------
        ServiceError
            If it cannot be written down: this book is of no use any more then.
        """
        kept = self._book.tick(now)
        last = self._marked_at = self._marked_at or now
        if kept or (now - last >= _MARKER_EVERY and self._marker() != self._marked):
            self._marked_at = now
            await self._write(kept)

    def _fold(self, message: ConsumerRecord) -> list[Kept]:
        at = kafka_time(message.timestamp)
        try:
            news = decode_news(message.value)
            if news is None:
                return []
            if isinstance(news, OutcomeNews):
                return self._book.fold_outcome(news, at)
            return self._book.fold(*news, at)
        except AlertError as error:
            log.warning(
                "alert.unreadable",
                partition=message.partition,
                offset=message.offset,
                reason=str(error),
                doing="passing over it",
            )
        except Exception:
            # One message must end neither the book nor the worker, which scores too.
            log.exception("alert.fault", partition=message.partition, offset=message.offset)
        return []

    def _carry_out(self, message: ConsumerRecord) -> tuple[Reply, Sequence[Kept]]:
        at = kafka_time(message.timestamp)
        try:
            command = decode_command(message.value)
            reply, kept = self._book.carry_out(command, at)
        except CommandError as refused:
            reply, kept = _refusal(message, at, refused), []
        except Exception:
            log.exception("command.fault", offset=message.offset)
            fault = CommandError(RefusalCode.FAULT, "the book failed at it; report this")
            reply, kept = _refusal(message, at, fault), []
        names = ("command", "by", "alert_id", "machine", "rule", "reason")
        facts = {name: value for name in names if (value := getattr(reply, name)) is not None}
        log.info("command.done" if reply.status == "done" else "command.refused", **facts)
        return reply, kept

    def _marker(self) -> BookMarker:
        alerts = {str(one): offset for one, offset in sorted(self.alerts.items())}
        return BookMarker(alerts=alerts, commands=self.commands)

    async def _write(self, kept: Iterable[Kept], replies: Iterable[TopicMessage] = ()) -> None:
        marker = self._marker()
        topic = self._states_topic
        await self._producer.send(
            [
                *(TopicMessage(topic, _key(one), msgspec.json.encode(one)) for one in kept),
                *replies,
                TopicMessage(topic, MARKER_KEY, msgspec.json.encode(marker)),
            ]
        )
        self._marked = marker


def _key(one: Kept) -> bytes:
    return FLOOD_KEY if isinstance(one, Flood) else one.key.encode()


def _refusal(message: ConsumerRecord, at: datetime, refused: CommandError) -> Reply:
    command_id, command, by = decode_sender(message.value)
    return Reply(
        command_id=command_id,
        command=command,
        status="refused",
        reason_code=refused.code,
        reason=refused.reason,
        alert_id=None,
        machine=None,
        rule=None,
        by=by,
        at=at,
    )
