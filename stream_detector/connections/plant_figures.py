"""The ledger and the figures of the trailing days, read from Kafka and kept up to date."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from stream_detector.alerting.figures import Figures, figures
from stream_detector.alerting.ledger import Ledger
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.alerting.rules import Rules
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.consumers import follower, kafka_faults, leave
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import AlertError
from stream_detector.pipeline.readings import kafka_time

TRAILING: Final = timedelta(days=30)

_POLL_MS: Final = 50

_AT_ONCE: Final = 100
"""Messages between which others get their turn: 10 ms of work."""


class PlantFigures:
    """Reads the figures; runs inside ``async with``.

    Parameters
    ----------
    settings : Settings
    rules : Rules
    trailing : timedelta
    """

    def __init__(self, settings: Settings, rules: Rules, trailing: timedelta = TRAILING) -> None:
        self._settings = settings
        self._rules = rules
        self._trailing = trailing
        self._ledger = Ledger(rules)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin so long ago.

        Raises
        ------
        ServiceError
            If Kafka does not answer, or a topic is missing.
        """
        topic, states = self._settings.alerts_topic, self._settings.alert_state_topic
        counts = await asyncio.to_thread(partition_counts, self._settings, reads=[topic, states])
        places = [TopicPartition(topic, number) for number in range(counts[topic])]
        self._states = AlertStates(self._settings)
        self._consumer: AIOKafkaConsumer = follower(self._settings)
        with kafka_faults():
            try:
                await self._open.enter_async_context(self._states)
                self._open.push_async_callback(leave, self._consumer)
                await self._consumer.start()
                self._consumer.assign(places)
                await self._seek(places, datetime.now(UTC) - self._trailing)
            except KafkaError:
                await self._open.aclose()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self._open.aclose()

    async def read(self) -> Figures:
        """Read what Kafka has more since the last time, and work the figures out.

        Raises
        ------
        ServiceError
            If Kafka does not answer.
        """
        with kafka_faults():
            await self._states.read_to_the_end()
            ends = await self._consumer.end_offsets(self._consumer.assignment())
            while any([await self._consumer.position(one) < end for one, end in ends.items()]):
                found = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
                for messages in found.values():
                    for message in messages:
                        self._fold(message)
        now = datetime.now(UTC)
        self._ledger.tick(now)
        return await asyncio.to_thread(
            figures,
            self._ledger,
            list(self._states.states.values()),
            self._rules,
            now=now,
            trailing=self._trailing,
        )

    async def _seek(self, places: list[TopicPartition], since: datetime) -> None:
        found = await self._consumer.offsets_for_times(
            {one: int(since.timestamp() * 1000) for one in places}
        )
        begins = await self._consumer.beginning_offsets(places)
        for one in places:
            at = found.get(one)
            # One message earlier, if there is one: it says that the plant was at work before. Where
            # there is none so late, and on the embedded broker, which does not say: from the begin.
            offset = -1 if at is None else at.offset - 1
            self._consumer.seek(one, max(offset, begins[one]))

    def _fold(self, message: ConsumerRecord) -> None:
        try:
            news = decode_news(message.value)
        except AlertError:
            return  # the alert book tells of it
        at = kafka_time(message.timestamp)
        if isinstance(news, OutcomeNews):
            self._ledger.fold_outcome(news, at)
        elif news is not None:
            self._ledger.fold(*news, at)
