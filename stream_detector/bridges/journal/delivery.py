"""From a journal to Kafka: its rows become readings, and what could not be used dead letters.

A batch is read, joined, delivered, and only then noted. So whoever is killed loses nothing; the
last readings may come again, with the same values, and the detector drops those. While Kafka is
away all waits, in order, and the journal fills.
"""

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from typing import Final, NamedTuple

import msgspec
import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.joining.aligner import LAST_US, Aligner, Entry
from stream_detector.bridges.joining.machine_rows import NEVER, MachineNote
from stream_detector.bridges.joining.mapping import TagMap
from stream_detector.bridges.joining.readings import encode, utc
from stream_detector.bridges.joining.rewind import Rewind
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.journal.journaled import Progress, Stretch
from stream_detector.bridges.journal.keeping import is_done
from stream_detector.bridges.letters import Letters
from stream_detector.bridges.rows import TagRow
from stream_detector.bridges.running import pause
from stream_detector.bridges.tags.tag_log import TagMessage
from stream_detector.connections.kafka import client_options, cluster_metadata
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.connections.transactions import TopicMessage
from stream_detector.errors import RefusedError, RowError, ServiceError, listed

log = structlog.get_logger()

_MOST_ROWS: Final = 2000
"""Read at once: some 30 ms of work."""

_MOST_LETTERS: Final = 100

_WAIT_SECONDS: Final = 0.2
"""How long a look for rows waits, and a look for deliveries: then it is seen whether to stop."""

_NOTE_SECONDS: Final = 1.0
"""How often it is noted how far we are: so much is delivered again after a kill."""

_PAUSES: Final = (1.0, 10.0)
"""Seconds between two tries to reach a Kafka that is not there when we begin: first, longest."""


class Memory(msgspec.Struct, frozen=True):
    """What the aligner has to know again, beside the rows that are read again."""

    clock_us: int
    machines: dict[str, MachineNote]


class _Batch(NamedTuple):
    next_offset: int
    """Of the first row that is not in it."""
    letters_end: int | None
    """Before this offset the letters of the journal are in it; None where there are none."""
    messages: list[TopicMessage]
    n_readings: int
    """How many of the messages are readings."""


class Delivery:
    """Reads one journal and writes the readings.

    Parameters
    ----------
    settings : Settings
    configuration : Configuration
    tags : TagMap
    journal : Journal
    health : BridgeHealth
    """

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        tags: TagMap,
        journal: Journal,
        health: BridgeHealth,
    ) -> None:
        self._settings, self._name, self._journal = settings, configuration.name, journal
        self._health = health
        self._letters = Letters(settings)
        progress = journal.progress()
        memory = msgspec.json.decode(progress.memory, type=Memory) if progress else None
        self._aligner = Aligner(
            tags,
            configuration.timing,
            max_skew_us=settings.max_clock_skew_us,
            clock_us=memory.clock_us if memory else NEVER,
        )
        self._next = progress.rewind_offset if progress else 1
        self._rewind = Rewind[int](self._aligner, self._next)
        if progress and memory:
            self._read_again(progress.next_offset)
            self._aligner.settle(memory.machines)
        self._noted, self._noted_at = self._next, time.monotonic()
        self._error: KafkaError | None = None
        self._producer = Producer(
            {
                **client_options(settings),
                # None twice and none out of order, however often a delivery is tried.
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 0,
                "compression.type": "lz4",
                # For ever: the rows are on disk, and wait there for those that are on their way.
                "message.timeout.ms": 0,
                "reconnect.backoff.max.ms": 2000,
            }
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop.

        Raises
        ------
        ServiceError
            If a topic is missing, or Kafka refuses us or what we write.
        JournalError
            If the journal cannot be read.
        """
        if not await self._find_kafka(stop):
            return
        while not stop.is_set():
            # In one thread, at one go: each change between threads waits for its turn, and with the
            # event loop waiting for the disk, too, the slowest 1 % of 2,000 messages a second took
            # ten times as long on a busy machine.
            batch = await asyncio.to_thread(self._next_batch)
            if batch.messages and not await self._deliver(batch.messages, stop):
                return
            self._health.n_delivered += batch.n_readings
            self._next = batch.next_offset
            self._rewind.mark(self._next)
            self._get_on()
            if batch.letters_end is not None:
                forget = partial(self._journal.forget_letters, batch.letters_end)
                await is_done(forget, self._health, stop)
            if self._next > self._noted and time.monotonic() - self._noted_at > _NOTE_SECONDS:
                await is_done(self._note, self._health, stop)
        await is_done(self._note, self._health, stop)

    def _read_again(self, end: int) -> None:
        """Take again the rows that can still matter; their readings are delivered."""
        while self._next < end:
            stretch = self._journal.read(self._next, limit=min(_MOST_ROWS, end - self._next))
            self._aligner.add(_entries(stretch))
            self._get_on()
            self._next = stretch.next_offset if stretch.rows else end
            self._rewind.mark(self._next)

    async def _find_kafka(self, stop: asyncio.Event) -> bool:
        """Wait until Kafka is there, and see that the topics are; False if told to stop."""
        seconds = _PAUSES[0]
        while not stop.is_set():
            try:
                await asyncio.to_thread(cluster_metadata, self._settings)
            except RefusedError:
                raise
            except ServiceError:  # the watchdog tells of it
                await pause(stop, seconds)
                seconds = min(2 * seconds, _PAUSES[1])
            else:
                topics = (self._settings.readings_topic, self._settings.dead_letters_topic)
                await asyncio.to_thread(partition_counts, self._settings, writes=topics)
                log.info("bridge.started", name=self._name, next_offset=self._next)
                self._health.is_started = True
                return True
        return False

    def _next_batch(self) -> _Batch:
        """Wait for rows, and make of them what goes to Kafka."""
        self._journal.wait_beyond(self._next, timeout_seconds=_WAIT_SECONDS)
        stretch = self._journal.read(self._next, limit=_MOST_ROWS)
        letters = self._journal.letters(limit=_MOST_LETTERS)
        aligned = self._aligner.add(_entries(stretch))
        if new := self._aligner.newly_unmapped():
            log.warning("tags.unmapped", count=len(new), tags=listed(new))
        self._health.made(
            len(aligned.readings),
            (error.code for _, _, error in aligned.refusals),
            n_unmapped=self._aligner.unmapped.total(),
        )
        messages = [
            *(
                TopicMessage(self._settings.readings_topic, one.machine.encode(), encode(one))
                for one in aligned.readings
            ),
            *(
                self._dead_letter(self._name, stretch.offset + at, _written(row), error)
                for at, row, error in aligned.refusals
            ),
            *(
                self._dead_letter(one.topic, number, one.value, one.error)
                for number, one in letters.items()
            ),
        ]
        letters_end = max(letters) + 1 if letters else None
        return _Batch(stretch.next_offset, letters_end, messages, len(aligned.readings))

    def _dead_letter(self, topic: str, offset: int, value: bytes, error: RowError) -> TopicMessage:
        return self._letters.write(topic, TagMessage(0, offset, 0, None, value), error)

    async def _deliver(self, messages: Iterable[TopicMessage], stop: asyncio.Event) -> bool:
        """Return when Kafka has all of them; False if told to stop before."""
        await asyncio.to_thread(self._produce, messages)
        while await asyncio.to_thread(self._producer.flush, _WAIT_SECONDS):
            self._check()
            if stop.is_set():
                return False
        self._check()
        return True

    def _produce(self, messages: Iterable[TopicMessage]) -> None:
        for topic, key, value, headers in messages:
            while True:
                try:
                    self._producer.produce(
                        topic, value, key=key, headers=list(headers), on_delivery=self._note_error
                    )
                except BufferError:  # more readings than the client takes at once
                    self._producer.poll(_WAIT_SECONDS)
                except KafkaException as error:
                    self._error = error.args[0]
                    return
                else:
                    break

    def _note_error(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._error = error

    def _check(self) -> None:
        if self._error is not None:
            raise ServiceError(
                f"Kafka does not take what the bridge writes: {self._error.str()}; what it has not "
                "taken waits on disk"
            )

    def _get_on(self) -> None:
        now, waiting = time.monotonic(), self._journal.next_offset - self._next
        self._letters.tell(now=now)
        self._health.got_on(now=now, n_waiting=waiting)

    def _note(self) -> None:
        mark = self._rewind.start()
        memory = Memory(mark.clock_us, self._aligner.note())
        self._journal.note(Progress(self._next, mark.place, msgspec.json.encode(memory)))
        self._noted, self._noted_at = self._next, time.monotonic()


def _entries(stretch: Stretch) -> list[Entry]:
    return [Entry((row,), at) for row, at in zip(stretch.rows, stretch.logged_us, strict=True)]


def _written(row: TagRow) -> bytes:
    """Write a row that enters nothing, for people."""
    is_time = 0 <= row.time_us <= LAST_US
    written = utc(row.time_us) if is_time else row.time_us
    return msgspec.json.encode({"tag": row.tag, "time": written, "value": row.value})
