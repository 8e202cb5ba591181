"""The alert book's place in the worker: whoever has the commands' one partition keeps it.

The group of the commands gives that partition to one worker. It ends what another one may
still be writing, reads the alerts as they stand, and goes on where they say: with all
partitions of the alerts, and with the commands. What goes wrong ends no more than that: the
book is forgotten, and taken up anew.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError
from mode import Service

from stream_detector.alerting.book import Book
from stream_detector.alerting.rules import Rules
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.consumers import follower, group_consumer, leave, start, started
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.connections.transactions import TransactionalProducer
from stream_detector.errors import ServiceError
from stream_detector.worker.bookkeeper import Bookkeeper
from stream_detector.worker.health import Health

log = structlog.get_logger()

_WAIT_MS: Final = 100
"""How long a look for alerts waits; commands are looked for after each. An operator sees what a
command did within a second, and an idle book takes a hundredth of a core."""

_POLL_MS: Final = 500
"""How long a look for commands waits where the book is another worker's."""

_PAUSE_SECONDS: Final = 1.0
"""After something went wrong."""

_LEAVE_SECONDS: Final = 5.0
"""How long leaving the group may take. While the broker is away it would take for ever."""


class BookService(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """Keeps the alert book, whenever it is this worker's.

    Parameters
    ----------
    settings : Settings
    rules : Rules
    health : Health
        Told how the book gets on.
    """

    def __init__(self, settings: Settings, rules: Rules, health: Health) -> None:
        super().__init__()
        self._settings = settings
        self._rules = rules
        self._health = health
        self._place = TopicPartition(settings.commands_topic, 0)
        self._turn = 0
        """Counts how often the book became ours, or was taken from us."""
        self._is_ours = False
        self._in_hand = asyncio.Lock()
        self._told: str | None = None

    async def on_start(self) -> None:
        """Get ready to join the group of the commands: no start waits for it."""
        self._member = self._make_member()

    async def on_stop(self) -> None:
        """Leave it, with what is in hand written down."""
        self._is_ours = False
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                async with self._in_hand:
                    pass
                await leave(self._member)
        except TimeoutError:
            log.warning("book.not-left", reason="Kafka does not answer")

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Finish what is in hand before another worker takes the book up."""
        self._turn, self._is_ours = self._turn + 1, False
        async with self._in_hand:
            self._health.book.given_away(now=time.monotonic())

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note whether the book is ours now."""
        self._turn, self._is_ours = self._turn + 1, bool(list(assigned))
        self._health.book.assigned(is_ours=self._is_ours, now=time.monotonic())

    @Service.task
    async def _serve(self) -> None:
        await self._join()
        while not self.should_stop:
            if not self._is_ours or self._place not in self._member.assignment():
                # Whoever asks for nothing is taken for dead; what comes now is not for us.
                await self._member.getmany(timeout_ms=_POLL_MS)
                continue
            try:
                await self._keep_book(self._turn)
            except ConsumerStoppedError:
                return  # we are being stopped
            except IllegalStateError:
                log.info("book.lost", reason="the group is giving it away")
            except (ServiceError, KafkaError) as error:
                self._fail(str(error))
                await self.sleep(_PAUSE_SECONDS)
            except Exception as error:
                # A fault of the book must not stop the scoring.
                log.exception("book.fault", doing="taking it up anew")
                self._health.book.failed(repr(error), now=time.monotonic())
                await self.sleep(_PAUSE_SECONDS)

    def _make_member(self) -> AIOKafkaConsumer:
        member = group_consumer(self._settings, self._settings.book_group)
        member.subscribe([self._settings.commands_topic], listener=self)
        return member

    async def _join(self) -> None:
        """Join the group, as often as it takes: readings are judged meanwhile."""
        while not self.should_stop:
            try:
                await start(self._member)
            except KafkaError as error:
                self._fail(str(error))
                self._member = self._make_member()
                await self.sleep(_PAUSE_SECONDS)
            else:
                return

    async def _keep_book(self, turn: int) -> None:
        """Take the book up, and keep it until it is not ours any more, or something fails."""
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
            self._told = None
            self._get_on()

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

    def _fail(self, error: str) -> None:
        if error != self._told:
            log.warning("book.failed", error=error, doing="taking it up anew")
        self._told = error
        self._health.book.failed(error, now=time.monotonic())


def _in_order(found: dict[TopicPartition, list[ConsumerRecord]]) -> list[ConsumerRecord]:
    """Put what was fetched from several partitions into the order in which Kafka took it."""
    messages = [message for fetched in found.values() for message in fetched]
    return sorted(messages, key=lambda one: (one.timestamp, one.partition, one.offset))
