"""A plant whose tags come over a topic, and the bridge that makes readings of them."""

import itertools
import json
import subprocess
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stream_detector.bridges.rows import TagRow
from tests.end_to_end.installation import COMMAND, run
from tests.end_to_end.server import Server
from tests.waiting import wait_until

SECOND = 1_000_000
N_PARTITIONS = 3
_LIMIT_SECONDS = 60.0

CONFIGURATION = """\
name = "{name}"
mapping = "tags.csv"

[machines."*"]
cadence_seconds = 10
hold_seconds = 30
lateness_seconds = 5

[kafka]
topic = "{topic}"
"""

MAPPING = "tag,machine,sensor,kind,scale,meaning\n" + "".join(
    f"{machine}.X{number},{machine},x{number},,{number},\n{machine}.Y{number},{machine},,,,\n"
    for machine in ("pm3", "pm4")
    for number in (1, 2, 3)
).replace("Y1,pm3,,,,", "Y1,pm3,,event,,1=break").replace("Y2,pm3,,,,", "Y2,pm3,,mode,,")


class TagPlant:
    """Topics of its own on a broker, and a folder with the configuration of its bridge."""

    def __init__(self, broker: str, folder: Path) -> None:
        name = uuid.uuid4().hex[:8]
        self.broker = broker
        self.folder = folder
        self.name = f"mill-{name}"
        self.topics = {
            kind: f"{kind}-{name}" for kind in ("tags", "readings", "dead_letters", "bridges")
        }
        self._admin = AdminClient({"bootstrap.servers": broker, "log_level": 0})
        config = {"bridges": {"cleanup.policy": "compact"}}
        wanted = [
            NewTopic(
                topic, 1 if kind == "bridges" else N_PARTITIONS, 1, config=config.get(kind, {})
            )
            for kind, topic in self.topics.items()
        ]
        for made in self._admin.create_topics(wanted).values():
            made.result(30)
        self.configuration = folder / "bridge.toml"
        self.configuration.write_text(
            CONFIGURATION.format(name=self.name, topic=self.topics["tags"])
        )
        (folder / "tags.csv").write_text(MAPPING)
        self.environment = {
            "DETECTOR_BROKER": broker,
            "DETECTOR_READINGS_TOPIC": self.topics["readings"],
            "DETECTOR_DEAD_LETTERS_TOPIC": self.topics["dead_letters"],
            "DETECTOR_BRIDGES_TOPIC": self.topics["bridges"],
        }
        self._numbers = itertools.count(1)

    def bridge(self) -> Server:
        """The bridge, not started yet; it is ready when it works on what is new."""
        log = self.folder / f"bridge-{next(self._numbers)}.log"
        return Server(
            [*COMMAND, "bridge", "tags", "--config", self.configuration],
            log=log,
            is_ready=lambda: "bridge.started" in log.read_text(),
            environment=self.environment,
        )

    def send(self, messages: Iterable[tuple[bytes, datetime]]) -> None:
        """Send messages with Kafka's times of them, and return when Kafka has them."""
        producer = Producer({"bootstrap.servers": self.broker, "enable.idempotence": True})
        for value, stamp in messages:
            key = json.loads(value)["tag"].encode() if value.startswith(b"{") else None
            stamp_ms = round(stamp.timestamp() * 1000)
            producer.produce(self.topics["tags"], value, key=key, timestamp=stamp_ms)
            producer.poll(0)
        assert producer.flush(_LIMIT_SECONDS) == 0

    def read(self, kind: str) -> list[Message]:
        """All that a reader of committed messages sees in a topic."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.broker,
                "group.id": "not used",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        n_partitions = 1 if kind == "bridges" else N_PARTITIONS
        open_ones = set(range(n_partitions))
        consumer.assign([TopicPartition(self.topics[kind], one, 0) for one in open_ones])
        found: list[Message] = []
        try:
            while open_ones:
                for message in consumer.consume(1000, timeout=0.1):
                    error = message.error()
                    if error is None:
                        found.append(message)
                    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- so named
                        open_ones.discard(message.partition() or 0)
                    else:
                        raise KafkaException(error)
        finally:
            consumer.close()
        return found

    def n_notes(self) -> int:
        """How often it was noted how far the bridge is."""
        return len(self.read("bridges"))

    def wait_until_done(self) -> None:
        """Return when the bridge has noted that it has read all tags."""
        ends = {
            str(one.partition()): (one.offset() or 0) + 1
            for one in sorted(self.read("tags"), key=lambda one: one.offset() or 0)
        }

        def is_noted() -> bool:
            notes = self.read("bridges")
            return (
                bool(notes) and ends.items() <= json.loads(notes[-1].value() or b"")["next"].items()
            )

        wait_until(is_noted, f"{ends} is noted", limit_seconds=_LIMIT_SECONDS)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the group on the configuration."""
        arguments = ("bridge", command, "--config", self.configuration)
        return run(*COMMAND, *arguments, environment=self.environment)

    def check(self) -> str:
        """What is said of the configuration, of which all is well."""
        done = self.run("check")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def message(row: TagRow) -> bytes:
    """A row as the plant sends it."""
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.time_us)
    return json.dumps({"tag": row.tag, "time": time.isoformat(), "value": row.value}).encode()
