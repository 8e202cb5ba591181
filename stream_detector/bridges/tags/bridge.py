"""``bridge tags``: a topic of tag messages -> readings, each exactly once.

What comes of the messages that were read together is written in one transaction: the readings,
the dead letters, and a note that says how far the topic was read. Whoever is killed finds all of
it or nothing, reads again what can still matter, silently, and goes on.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.joining.aligner import Aligner, Entry
from stream_detector.bridges.joining.machine_rows import NEVER
from stream_detector.bridges.joining.mapping import TagMap
from stream_detector.bridges.joining.readings import encode
from stream_detector.bridges.joining.rewind import Rewind
from stream_detector.bridges.letters import Letters
from stream_detector.bridges.patience import when_registry_answers
from stream_detector.bridges.rows import Decode, TagRow
from stream_detector.bridges.tags.notes import BridgeNote, offsets, read_note
from stream_detector.bridges.tags.tag_log import NO_TAGS, TagLog, TagMessage
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import check_cleanup, partition_counts, topics
from stream_detector.connections.transactions import TopicMessage, TransactionalProducer
from stream_detector.errors import RowError, SettingsError, listed

log = structlog.get_logger()

_READ_SECONDS: Final = 0.1
"""So long messages are gathered: what comes of them is one transaction."""

_NOTE_SECONDS: Final = 1.0
"""How often it is noted how far we are, though nothing came of it."""

_TELL_SECONDS: Final = 30.0
"""So long a partition may hold up the others unmentioned."""

Places = dict[int, int]
"""Of each partition the next offset."""


class TagBridge:
    """Reads one topic and writes the readings, as the only one of its name.

    Parameters
    ----------
    settings : Settings
    configuration : Configuration
    tags : TagMap
    decode : Decode
    health : BridgeHealth
    """

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        tags: TagMap,
        decode: Decode,
        health: BridgeHealth,
    ) -> None:
        if configuration.kafka is None:
            raise SettingsError(
                "the configuration has no [kafka] table; say in it which topic has the tags"
            )
        ours = [topic.name for topic in topics(settings)]
        if configuration.kafka.topic in ours:
            raise SettingsError(
                f"the configuration reads tags from {configuration.kafka.topic!r}, a topic of the "
                "detector itself; name the topic of the tags in [kafka]"
            )
        self._settings, self._configuration, self._tags = settings, configuration, tags
        self._topic = configuration.kafka.topic
        self._decode = decode
        self._health = health
        self._letters = Letters(settings)
        self._producer = TransactionalProducer(settings, f"bridge-{configuration.name}")
        self._noted_at = 0.0

    @property
    def topics(self) -> tuple[str, str]:
        """Those it reads, and nobody else of the detector."""
        return self._topic, self._settings.bridges_topic

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop.

        Raises
        ------
        ServiceError
            If Kafka or a topic is missing or refuses us, does not take what we write, or does not
            keep our notes.
        """
        n_partitions = await asyncio.to_thread(self._checked_topics)
        await self._producer.take_over()
        note = await asyncio.to_thread(read_note, self._settings, self._configuration.name)
        if note is not None and note.topic != self._topic:
            raise SettingsError(
                f"the bridge {self._configuration.name!r} read topic {note.topic!r} before, not "
                f"{self._topic!r}; give it another name in the configuration"
            )
        rewind, ends = offsets(note.rewind) if note else {}, offsets(note.next) if note else {}
        partitions = range(n_partitions)
        self._log = TagLog(
            self._settings,
            self._topic,
            starts={one: rewind.get(one, 0) for one in partitions},
            ends={one: ends.get(one, 0) for one in partitions},
        )
        self._aligner = Aligner(
            self._tags,
            self._configuration.timing,
            max_skew_us=round(self._settings.max_clock_skew_seconds * 1e6),
            clock_us=note.clock_us if note else NEVER,
        )
        self._rewind = Rewind[Places](self._aligner, dict(self._log.places))
        try:
            marks = await asyncio.to_thread(self._log.watermarks)
            self._tell_of_lost_rows({one: low for one, (low, _) in marks.items()}, ends)
            await self._catch_up(note, stop)
            await self._work(stop)
        finally:
            await asyncio.to_thread(self._log.close)
            log.info(
                "bridge.stopped",
                rows=self._aligner.n_rows,
                readings=self._health.n_readings,
                refused=self._health.refused.total(),
                unmapped=self._aligner.unmapped.total(),
            )

    def _checked_topics(self) -> int:
        """Give the partitions of the tags, if all topics are as we need them."""
        settings, notes = self._settings, self._settings.bridges_topic
        counts = partition_counts(settings, reads=[self._topic], remedy=NO_TAGS)
        writes = (settings.readings_topic, settings.dead_letters_topic, notes)
        partition_counts(settings, reads=[notes], writes=writes)
        check_cleanup(settings, [notes])
        return counts[self._topic]

    async def _catch_up(self, note: BridgeNote | None, stop: asyncio.Event) -> None:
        """Read again what can still matter; what comes of it was written before."""
        while not (self._log.is_at_ends() or stop.is_set()):
            messages = await asyncio.to_thread(self._log.read, _READ_SECONDS)
            decoded = await self._decoded(messages, stop)
            if decoded is None:
                return
            self._aligner.add(decoded[0])
            self._rewind.mark(dict(self._log.places))
            self._get_on()
        if stop.is_set():
            return
        log.info(
            "bridge.started",
            name=self._configuration.name,
            topic=self._topic,
            tags=len(self._tags.targets),
            machines=len(self._tags.machines),
            rows_read_again=self._aligner.n_rows,
        )
        self._aligner.settle(note.machines if note else {})
        self._log.go_on()
        self._health.is_started = True

    async def _work(self, stop: asyncio.Event) -> None:
        heard_at = time.monotonic()
        while not stop.is_set():
            messages = await asyncio.to_thread(self._log.read, _READ_SECONDS)
            now = time.monotonic()
            if messages or not self._log.waits_for:
                heard_at = now
                self._health.freed("partitions", now=now)
            elif now - heard_at > _TELL_SECONDS:
                heard_at = now
                missing = self._log.waits_for
                log.warning(
                    "partitions.missing",
                    partitions=missing,
                    doing="waiting: a row of theirs may come before those of the others",
                )
                self._health.held_up("partitions", f"partitions {missing} give nothing")
            decoded = await self._decoded(messages, stop)
            if decoded is None:
                return
            n_readings = self._health.n_readings
            written = self._made_of(messages, *decoded)
            if written or (messages and now - self._noted_at > _NOTE_SECONDS):
                self._noted_at = now
                await self._producer.send([*written, self._note()])
                self._health.n_delivered += self._health.n_readings - n_readings
            self._get_on()

    def _made_of(
        self, messages: Sequence[TagMessage], entries: list[Entry], refused: dict[int, RowError]
    ) -> list[TopicMessage]:
        """Align messages, and give the readings and dead letters that came of them."""
        aligned = self._aligner.add(entries)
        left_out: dict[int, RowError] = {}
        for refusal in aligned.refusals:
            # A message is one letter, for its first row that enters nothing.
            left_out.setdefault(refusal.entry, refusal.error)
        self._rewind.mark(dict(self._log.places))
        if new := self._aligner.newly_unmapped():
            log.warning("tags.unmapped", count=len(new), tags=listed(new))
        n_rows = sum(len(entry.rows) for entry in entries)
        self._health.took(n_rows, list(refused.values()), now=time.monotonic())
        self._health.made(
            len(aligned.readings),
            (error.code for error in left_out.values()),
            n_unmapped=self._aligner.unmapped.total(),
        )
        topic = self._settings.readings_topic
        return [
            *(TopicMessage(topic, one.machine.encode(), encode(one)) for one in aligned.readings),
            *(
                self._letters.write(self._topic, messages[number], error)
                for number, error in sorted((refused | left_out).items())
            ),
        ]

    async def _decoded(
        self, messages: Sequence[TagMessage], stop: asyncio.Event
    ) -> tuple[list[Entry], dict[int, RowError]] | None:
        """Give the rows of messages, and what is none; None if told to stop before."""
        read = partial(read_entries, messages, self._decode, topic=self._topic, health=self._health)
        return await when_registry_answers(read, stop, self._health)

    def _get_on(self) -> None:
        now = time.monotonic()
        self._letters.tell(now=now)
        self._health.got_on(now=now, n_waiting=self._log.n_waiting)

    def _note(self) -> TopicMessage:
        mark = self._rewind.start()
        note = BridgeNote(
            topic=self._topic,
            next={str(one): place for one, place in self._log.places.items()},
            rewind={str(one): place for one, place in mark.place.items()},
            clock_us=mark.clock_us,
            machines=self._aligner.note(),
        )
        name = self._configuration.name.encode()
        return TopicMessage(self._settings.bridges_topic, name, msgspec.json.encode(note))

    def _tell_of_lost_rows(self, begins: Places, noted: Places) -> None:
        for partition, begin in begins.items():
            if begin > noted.get(partition, begin):
                self._health.n_lost += begin - noted[partition]
                log.error(
                    "rows.lost",
                    partition=partition,
                    expected=noted[partition],
                    log_begins=begin,
                    reason="Kafka deleted them unread; keep the tags longer",
                )


def read_entries(
    messages: Sequence[TagMessage], decode: Decode, *, topic: str, health: BridgeHealth
) -> tuple[list[Entry], dict[int, RowError]]:
    """Give the rows of messages, and what is none by the message's number.

    Each message counts as progress: it may be a question to a slow registry.

    Raises
    ------
    RegistryAwayError, RefusedError
        As of the format.
    """
    entries: list[Entry] = []
    refused: dict[int, RowError] = {}
    for number, message in enumerate(messages):
        rows: list[TagRow] = []
        try:
            rows = decode(message.value or b"", topic=topic)
        except RowError as error:
            refused[number] = error
        entries.append(Entry(rows, message.stamp_ms * 1000))
        health.got_on(now=time.monotonic(), n_waiting=health.n_waiting)
    return entries, refused
