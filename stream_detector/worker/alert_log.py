"""The log of the alerts, from a time on: what the compacted topic of their states leaves out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from aiokafka import TopicPartition

from stream_detector.connections.consumers import follower, started
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.pipeline.readings import kafka_time

_WAIT_MS = 200


async def alerts_since(
    settings: Settings, since: datetime
) -> AsyncIterator[tuple[bytes | None, datetime]]:
    """Give the alerts that Kafka took since a time, up to now, each with Kafka's time of it.

    They are in order within each partition, so those of a machine are. The embedded broker, which
    compacts nothing, gives none.

    Raises
    ------
    ServiceError
        If Kafka does not answer.
    """
    topic = settings.alerts_topic
    counts = await asyncio.to_thread(partition_counts, settings, reads=[topic])
    places = [TopicPartition(topic, number) for number in range(counts[topic])]
    async with started(follower(settings)) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        asked = {one: max(int(since.timestamp() * 1000), 0) for one in places}
        for one, found in (await consumer.offsets_for_times(asked)).items():
            consumer.seek(one, ends[one] if found is None else found.offset)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                for message in messages:
                    at = kafka_time(message.timestamp)
                    if at >= since:
                        yield message.value, at
