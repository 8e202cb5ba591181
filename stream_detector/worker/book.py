"""The alert book's place in the worker: whoever has the commands' one partition keeps it.

The group of the commands gives that partition to one worker. It ends what another one may
still be writing, reads the alerts as they stand, and goes on where they say: with all
partitions of the alerts, and with the commands.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream_detector.alerting.book import Book
from stream_detector.alerting.rules import Rules
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.consumers import follower, started
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.connections.transactions import TransactionalProducer
from stream_detector.errors import ServiceError
from stream_detector.worker.bookkeeper import Bookkeeper
from stream_detector.worker.health import Health
from stream_detector.worker.sole_service import SoleService

log = structlog.get_logger()

_WAIT_MS: Final = 100
"""How long a look for alerts waits; commands are looked for after each. An operator sees what a
command did within a second, and an idle book takes a hundredth of a core."""


class BookService(SoleService):
    """Keeps the alert book, whenever it is this worker's.

    Parameters
    ----------
    settings : Settings
    rules : Rules
    health : Health
        Told how the book gets on.
    """

    def __init__(self, settings: Settings, rules: Rules, health: Health) -> None:
        topic, group = settings.commands_topic, settings.book_group
        super().__init__(settings, name="book", topic=topic, group=group)
        self._rules = rules
        self._health = health
        self._in_hand = asyncio.Lock()

    async def _work(self, turn: int) -> None:
        """Take the book up, and keep it."""
        keeper = await self._take_up()
        async with started(follower(self._settings)) as alerts:
            await self._begin(alerts, keeper)
            self._health.book.standing = keeper.standing
            try:
                await self._go_on(turn, alerts, keeper)
            finally:
                self._health.book.standing = None

    async def _go_on(self, turn: int, alerts: AIOKafkaConsumer, keeper: Bookkeeper) -> None:
        """Take in alerts and commands as they come."""
        while self._turn == turn and not self.should_stop:
            found = await alerts.getmany(timeout_ms=_WAIT_MS)
            # Without the lock: once a rebalance has begun this waits for its end, and the
            # rebalance for what is in hand.
            commands = await self._member.getmany(self._place, timeout_ms=0)
            async with self._in_hand:
                if self._turn != turn:
                    break
                await keeper.take_alerts(_in_order(found))
                if commands:
                    # Who sends one has seen an alert: so the book has to know it first.
                    await self._catch_up(alerts, keeper)
                    await keeper.take_commands(_in_order(commands))
                await keeper.tick(datetime.now(UTC))
            self._check_partitions(alerts)
            self._get_well()
            self._get_on()

    async def _put_down(self) -> None:
        """Let what is in hand be written down."""
        async with self._in_hand:
            self._health.book.given_away(now=time.monotonic())

    def _note_assigned(self) -> None:
        self._health.book.assigned(is_ours=self._is_ours, now=time.monotonic())

    def _note_failed(self, error: str) -> None:
        self._health.book.failed(error, now=time.monotonic())

    async def _take_up(self) -> Bookkeeper:
        began = time.monotonic()
        # First: what another one writes after that is not committed, so all is there to be read.
        producer = TransactionalProducer(self._settings, self._settings.book_group)
        await producer.take_over()
        async with AlertStates(self._settings) as stored:
            await stored.read_to_the_end(on_progress=self._get_on)
        book = Book(self._rules, stored.states.values(), stored.flood)
        log.info(
            "book.taken-up",
            states=len(book.states),
            open=sum(state.open for state in book.states),
            seconds=round(time.monotonic() - began, 3),
        )
        return Bookkeeper(book, producer, self._settings, stored.marker)

    async def _begin(self, alerts: AIOKafkaConsumer, keeper: Bookkeeper) -> None:
        """Go on where the book says that it was."""
        topic = self._settings.alerts_topic
        counts = await asyncio.to_thread(partition_counts, self._settings, reads=[topic])
        partitions = [TopicPartition(topic, one) for one in range(counts[topic])]
        alerts.assign(partitions)
        for one in partitions:
            alerts.seek(one, keeper.alerts.get(one.partition, 0))
        self._member.seek(self._place, keeper.commands)

    async def _catch_up(self, alerts: AIOKafkaConsumer, keeper: Bookkeeper) -> None:
        """Take in all alerts that Kafka has now."""
        ends = await alerts.end_offsets(alerts.assignment())
        while any([await alerts.position(one) < end for one, end in ends.items()]):
            await keeper.take_alerts(_in_order(await alerts.getmany(timeout_ms=_WAIT_MS)))
            self._get_on()

    def _check_partitions(self, alerts: AIOKafkaConsumer) -> None:
        """Notice partitions that the alerts topic was given meanwhile."""
        known = alerts.partitions_for_topic(self._settings.alerts_topic) or ()
        if len(known) > len(alerts.assignment()):
            raise ServiceError(f"{self._settings.alerts_topic!r} has {len(known)} partitions now")

    def _get_on(self) -> None:
        self._health.book.got_on(now=time.monotonic())


def _in_order(found: dict[TopicPartition, list[ConsumerRecord]]) -> list[ConsumerRecord]:
    """Put what was fetched from several partitions into the order in which Kafka took it."""
    messages = [message for fetched in found.values() for message in fetched]
    return sorted(messages, key=lambda one: (one.timestamp, one.partition, one.offset))
