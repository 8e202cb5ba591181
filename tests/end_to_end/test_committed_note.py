"""What is written beside a committed offset, on a real Kafka, which sends it without an end."""

import asyncio
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pydantic import SecretStr

from stream_detector.connections.consumers import committed_note, note_to_commit
from stream_detector.connections.settings import Settings
from tests.end_to_end.real_kafka import RealKafka

pytestmark = pytest.mark.kafka

#  as long as what the allocator gives, where there is no zero by chance
NOTES = [f"2026-11-28T10:29:{second:02d}.029Z" for second in range(10)]


def test_a_note_is_read_as_it_was_committed(kafka: RealKafka) -> None:
    topic = f"noted-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    settings = Settings(
        broker=f"kafka://{kafka.bootstrap}", redis_url=SecretStr("redis://127.0.0.1:1")
    )

    async def commit(note: str) -> None:
        place = TopicPartition(topic, 0)
        async with AIOKafkaConsumer(
            bootstrap_servers=kafka.bootstrap, group_id=topic, enable_auto_commit=False
        ) as consumer:
            consumer.assign([place])
            await consumer.commit({place: (1, note_to_commit(note))})

    read = []
    for note in NOTES:
        asyncio.run(commit(note))
        read.append(committed_note(settings, topic, topic))

    assert read == NOTES
