"""stream-detector as somebody runs it: commands as processes, on servers that others use too."""

import itertools
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from stream_detector.pipeline.readings import Record
from tests.end_to_end.server import Server
from tests.end_to_end.subscriber import Subscriber
from tests.waiting import wait_until

COMMAND = (sys.executable, "-m", "stream_detector")
TOPICS = ("readings", "alerts", "scores", "dead_letters", "snapshots")
SINGLE = ("commands", "replies", "alert_state")
"""Those of one partition."""
N_PARTITIONS = 4
_LIMIT_SECONDS = 120.0


class Installation:
    """One of several on a broker: with topics and a consumer group of its own.

    `folder` takes the logs. `settings` are further ones, without ``DETECTOR_``.
    """

    def __init__(
        self,
        broker: str,
        redis_url: str,
        *,
        bundle: Path,
        folder: Path,
        name: str | None = None,
        n_partitions: int = N_PARTITIONS,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        name = name or uuid.uuid4().hex[:8]
        self.broker = broker
        self.bundle = bundle
        self.group = f"detector-{name}"
        self.topics = topic_names(name)
        self.n_partitions = n_partitions
        self.folder = folder
        self._settings = {
            "broker": broker,
            "redis_url": redis_url,
            "bundle": str(bundle),
            "group": self.group,
            **{f"{kind}_topic": topic for kind, topic in self.topics.items()},
            **(settings or {}),
        }
        self._admin = AdminClient({"bootstrap.servers": broker, "log_level": 0})
        self._workers: list[Server] = []
        self._numbers = itertools.count(1)

    def environment(self, **settings: str | None) -> dict[str, str]:
        """Our settings as variables, these ones changed; None leaves one out."""
        return {
            f"DETECTOR_{name.upper()}": value
            for name, value in {**self._settings, **settings}.items()
            if value is not None
        }

    def run(
        self, *arguments: str | Path, **settings: str | None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return run(*COMMAND, *arguments, environment=self.environment(**settings))

    def worker(self, command: Sequence[str] = COMMAND, **settings: str | None) -> Server:
        """A worker that is not started yet; it is ready when it has its partitions."""
        log = self.folder / f"worker-{next(self._numbers)}.log"
        worker = Server(
            [*command, "worker"],
            log=log,
            is_ready=lambda: "partitions.assigned" in log.read_text(),
            environment=self.environment(**settings),
        )
        self._workers.append(worker)
        return worker

    def log_tail(self) -> str:
        return "\n\n".join(worker.log_tail() for worker in self._workers)

    def create_topics(self, kinds: Iterable[str] | None = None) -> None:
        """Make our topics; retention and lengths are as the broker has them by itself."""
        special = {
            "readings": {"message.timestamp.type": "LogAppendTime"},
            "snapshots": {"cleanup.policy": "compact"},
            "commands": {"message.timestamp.type": "LogAppendTime"},
            "alert_state": {"cleanup.policy": "compact"},
        }
        wanted = [
            NewTopic(topic, partitions_of(kind, self.n_partitions), 1, config=special.get(kind, {}))
            for kind, topic in self.topics.items()
            if kinds is None or kind in kinds
        ]
        for made in self._admin.create_topics(wanted).values():
            made.result(30)

    def send(
        self,
        records: Iterable[Record],
        options: Mapping[str, str | int] | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """Send these messages to the readings topic, and return when Kafka has them.

        ``options`` are further ones of the producer. A time is what they are stamped with, if
        the topic is one that senders stamp.
        """
        # Idempotent: without, a message that is sent again stands behind later ones of its machine.
        producer = Producer(
            {
                "bootstrap.servers": self.broker,
                "enable.idempotence": True,
                **(options or {}),
            }
        )
        stamp = int(at.timestamp() * 1000) if at else 0
        for record in records:
            topic = self.topics["readings"]
            producer.produce(topic, record.value, key=record.key, timestamp=stamp)
        assert producer.flush(_LIMIT_SECONDS) == 0, "not everything was delivered"

    @contextmanager
    def subscriber(self, kind: str) -> Iterator[Subscriber]:
        """Somebody who reads one of our topics."""
        subscriber = Subscriber(self.broker, self.topics[kind])
        try:
            yield subscriber
        finally:
            subscriber.close()

    def configure(self, kind: str, name: str, value: str) -> None:
        """Change the configuration of one of our topics."""
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        topic = ConfigResource(ResourceType.TOPIC, self.topics[kind], incremental_configs=[entry])
        for changed in self._admin.incremental_alter_configs([topic]).values():
            changed.result(30)
        asked = ConfigResource(ResourceType.TOPIC, self.topics[kind])

        def in_force() -> bool:
            (found,) = self._admin.describe_configs([asked]).values()
            return bool(found.result(30)[name].value == value)

        wait_until(in_force, f"{kind} has {name}={value}", limit_seconds=_LIMIT_SECONDS)

    def forget_readings_before(self, offset: int) -> None:
        """Let Kafka drop the begin of each partition of the readings, as it does with age."""
        topic = self.topics["readings"]
        ends = [TopicPartition(topic, number, offset) for number in self.committed()]
        for dropped in self._admin.delete_records(ends).values():
            dropped.result(30)

    def delete_topic(self, kind: str) -> None:
        """Take one of our topics away."""
        for deleted in self._admin.delete_topics([self.topics[kind]]).values():
            deleted.result(30)

    def make_anew(self, kind: str) -> None:
        """Take one of our topics away, and make it again as soon as Kafka lets us."""
        self.delete_topic(kind)

        def is_made() -> bool:
            try:
                self.create_topics([kind])
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
                return False
            return True

        wait_until(is_made, f"{kind} is there again", limit_seconds=_LIMIT_SECONDS)

    def wait_until_done(self) -> None:
        """Return when all readings were judged, and what came of them delivered and committed."""
        with self.subscriber("readings") as readings:
            ends = {one.partition(): (one.offset() or 0) + 1 for one in readings.read_to_the_end()}

        def is_committed() -> bool:
            try:
                return self.committed() == ends
            except KafkaException:
                return False  # a broker that has just started does not know its groups yet

        wait_until(is_committed, f"{ends} is committed", limit_seconds=_LIMIT_SECONDS)

    def is_done(self) -> bool:
        """Tell whether all readings are committed, of senders that write no transactions.

        Not while the broker does not say, as one does not that has just started.
        """
        consumer = Consumer({"bootstrap.servers": self.broker, "group.id": self.group})
        topic = self.topics["readings"]
        try:
            ends = {
                number: consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=_LIMIT_SECONDS
                )[1]
                for number in range(self.n_partitions)
            }
            return self.committed() == {number: end for number, end in ends.items() if end}
        except KafkaException:
            return False
        finally:
            consumer.close()

    def shares(self) -> dict[str, frozenset[int]]:
        """The partitions of each worker that is in the group now."""
        (group,) = self._admin.describe_consumer_groups([self.group]).values()
        return {
            member.member_id: frozenset(
                place.partition for place in member.assignment.topic_partitions
            )
            for member in group.result(_LIMIT_SECONDS).members
        }

    def commit(self, offset: int) -> None:
        """Write of each partition of the readings that all below was judged; nobody is at work."""
        topic = self.topics["readings"]
        consumer = Consumer({"bootstrap.servers": self.broker, "group.id": self.group})
        try:
            places = [TopicPartition(topic, number, offset) for number in range(self.n_partitions)]
            consumer.commit(offsets=places, asynchronous=False)
        finally:
            consumer.close()

    def committed(self) -> dict[int, int]:
        """How far the group has come on each partition where it has begun."""
        topic = self.topics["readings"]
        places = [TopicPartition(topic, number) for number in range(self.n_partitions)]
        consumer = Consumer({"bootstrap.servers": self.broker, "group.id": self.group})
        try:
            found = consumer.committed(places, timeout=_LIMIT_SECONDS)
        finally:
            consumer.close()
        return {place.partition: place.offset for place in found if place.offset >= 0}


def partitions_of(kind: str, n_partitions: int = N_PARTITIONS) -> int:
    """How many partitions the topic of such messages has, where the others have so many."""
    return 1 if kind in SINGLE else n_partitions


def topic_names(name: str) -> dict[str, str]:
    """The topics of the installation of this name, by what is in them."""
    return {kind: f"{kind}-{name}" for kind in (*TOPICS, *SINGLE)}


def run(
    *command: str | Path, environment: Mapping[str, str], limit_seconds: float = _LIMIT_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with these variables besides our own."""
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=limit_seconds,
    )
