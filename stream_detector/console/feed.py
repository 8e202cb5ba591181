"""Follows the topics, and tells the plant what they say.

Without a group: each page reads everything. First the alerts as they stand, to the end of their
topic; then, beside what changes there, from some way back: scores, readings, data-quality events,
outcomes, and what was said of each alert.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import msgspec
import structlog
from aiokafka.errors import KafkaError as FollowingError
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.kafka import client_options, kafka_reason
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.console.machine import ReadingSeen
from stream_detector.console.plant import OutcomeSeen, Plant
from stream_detector.errors import UNREADABLE, ServiceError
from stream_detector.pipeline.messages import AlertMessage, DataQualityMessage, ScoreMessage

log = structlog.get_logger()

_AT_ONCE: Final = 500
_WAIT_SECONDS: Final = 0.25
_ASK_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 2.0
_START_SECONDS: Final = 10.0

_MAX_SCORES: Final = 2_000_000
"""Scores that are read back at most, half a minute of work: a week of 400 machines with a
reading every two minutes."""

_MAX_READINGS: Final = 200_000
_MAX_EVENTS: Final = 200_000


class Feed:
    """Reads for the plant; made by the one who runs it, closed by ``run`` itself.

    Parameters
    ----------
    settings : Settings
    plant : Plant

    Raises
    ------
    ServiceError
        If Kafka does not answer or does not let us, or a topic is missing.
    """

    def __init__(self, settings: Settings, plant: Plant) -> None:
        self._settings = settings
        self._plant = plant
        self._back = {
            settings.scores_topic: _MAX_SCORES,
            settings.alerts_topic: _MAX_EVENTS,
            settings.readings_topic: _MAX_READINGS,
        }
        # Replies and commands are for what people do about alerts.
        self._counts = partition_counts(
            settings,
            reads=(*self._back, settings.alert_state_topic, settings.replies_topic),
            writes=(settings.commands_topic,),
        )
        self._consumer = Consumer(
            {
                **client_options(settings),
                # A group is asked for, but never joined.
                "group.id": f"{settings.group}-console",
                "enable.auto.commit": False,
                # Where Kafka has dropped what we would read next: go on with what is left.
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": settings.fetch_wait_ms,
            }
        )
        self._unread: set[tuple[str, int]] = set()
        """Partitions that were not read to their end so far."""
        self._unreadable: set[str] = set()
        """Topics of which that was told."""
        self._asked_at = 0.0
        self._is_away = False
        self._is_ending = False

    def end(self) -> None:
        """Let ``run`` come to its end, within a second."""
        self._is_ending = True

    async def run(self) -> None:
        """Follow the topics until ``end``; not to be cancelled, for a thread reads meanwhile.

        Raises
        ------
        ServiceError
            If Kafka is gone before all was read that was there.
        """
        try:
            async with AlertStates(self._settings) as states:
                await states.read_to_the_end(on_progress=self._go_on)
                self._take_states((*states.states.values(), *filter(None, [states.flood])))
                log.info("console.alerts_read", alerts=len(self._plant.alerts))
                await asyncio.to_thread(self._assign)
                while not self._is_ending:
                    await self._take_some()
                    self._take_states(await states.next_changes(timeout_ms=0))
                    if not self._unread and not self._plant.is_complete:
                        self._plant.is_complete = True
                        log.info("console.caught_up", machines=len(self._plant.machines))
        except _Ended:
            pass
        except FollowingError as error:
            raise ServiceError(f"Kafka does not give the alerts as they stand: {error}") from error
        finally:
            self._consumer.close()

    def _go_on(self) -> None:
        if self._is_ending:
            raise _Ended

    def _assign(self) -> None:
        """Begin to read, so many messages before the end of each topic."""
        places = []
        try:
            for topic, back in self._back.items():
                n_partitions = self._counts[topic]
                for number in range(n_partitions):
                    low, high = self._consumer.get_watermark_offsets(
                        TopicPartition(topic, number), timeout=_START_SECONDS
                    )
                    start = max(low, high - back // n_partitions)
                    places.append(TopicPartition(topic, number, start))
            self._unread = {(one.topic, one.partition) for one in places}
            self._consumer.assign(places)
        except KafkaException as error:
            raise ServiceError(f"Kafka does not say what to read: {kafka_reason(error)}") from error

    async def _take_some(self) -> None:
        messages = await asyncio.to_thread(self._consumer.consume, _AT_ONCE, _WAIT_SECONDS)
        for message in messages:
            error = message.error()
            if error is None:
                self._take(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - so it is named
                self._unread.discard((message.topic() or "", message.partition() or 0))
        if messages:
            self._plant.heard_at = time.time()
        await self._ask()

    async def _ask(self) -> None:
        """Ask Kafka something small now and then: silence alone does not tell that it is there."""
        if time.monotonic() - self._asked_at < _ASK_SECONDS:
            return
        place = TopicPartition(self._settings.scores_topic, 0)
        was_away, self._is_away = self._is_away, False
        try:
            await asyncio.to_thread(
                self._consumer.get_watermark_offsets, place, timeout=_ANSWER_SECONDS
            )
            self._plant.heard_at = time.time()
        except KafkaException as error:
            self._is_away = True
            if not was_away:
                log.warning("kafka.away", error=kafka_reason(error))
        if was_away and not self._is_away:
            log.info("kafka.back")
        self._asked_at = time.monotonic()

    def _take(self, message: Message) -> None:
        topic, value = message.topic() or "", message.value()
        _, stamp = message.timestamp()
        self._plant.newest = max(self._plant.newest, stamp / 1000)
        try:
            if value is None:
                return
            if topic == self._settings.scores_topic:
                score = _scores.decode(value)
                self._plant.take_score(score, received_at=stamp / 1000)
            elif topic == self._settings.readings_topic:
                reading = _readings.decode(value)
                # The worker refuses one of a wrong clock; here all that follow would look late.
                if reading.time.timestamp() - stamp / 1000 <= self._settings.max_clock_skew_seconds:
                    self._plant.take_reading(reading, received_at=stamp / 1000)
            else:
                self._take_event(value)
        except (*UNREADABLE, OverflowError) as error:
            # Of readings the worker tells; what it writes itself should be readable.
            if topic not in (self._settings.readings_topic, *self._unreadable):
                self._unreadable.add(topic)
                log.warning("console.unreadable", topic=topic, error=str(error))

    def _take_states(self, changes: Iterable[AlertState | Flood]) -> None:
        for change in changes:
            if isinstance(change, Flood):
                self._plant.take_flood(change)
                continue
            try:
                self._plant.take_alert(change)
            except msgspec.ValidationError as error:
                # The book keeps alerts of other programs too, of which we would not know a score.
                log.warning("console.unreadable", alert=change.key, error=str(error))

    def _take_event(self, value: bytes) -> None:
        kind = _kinds.decode(value).schema
        if kind.startswith("data-quality/1."):
            self._plant.take_fault(_faults.decode(value))
        elif kind.startswith("outcome/1."):
            self._plant.take_outcome(_outcomes.decode(value))
        elif kind.startswith("alert/1."):
            self._plant.take_reason(_alerts.decode(value))


class _Ended(Exception):  # noqa: N818 - it is no fault
    """``end`` was called before all was read that was there."""


class _Kind(msgspec.Struct):
    schema: str


_kinds = msgspec.json.Decoder(_Kind)
_scores = msgspec.json.Decoder(ScoreMessage)
_readings = msgspec.json.Decoder(ReadingSeen)
_faults = msgspec.json.Decoder(DataQualityMessage)
_alerts = msgspec.json.Decoder(AlertMessage)
_outcomes = msgspec.json.Decoder(OutcomeSeen)
