"""A real Apache Kafka: one node that is broker and controller, ready in about 3 s."""

import fcntl
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.end_to_end.server import Server, free_port

_POM = Path(__file__).with_name("pom.xml")

# A killed broker can register again only when its last session has run out, after 9 s by default.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}{listeners}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
log.dirs={folder}/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""

LEAN = ("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Small and soon ready rather than fast: one test at a time talks to it."""

AS_SHIPPED = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
"""As Kafka's own scripts start it. In 256 MB, half of which its log cleaner takes, it stands still
for 130 ms every few seconds once it has many topics; whoever measures would measure that."""

_TIMED_LOG = [
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
]


class RealKafka(Server):
    """Reached at `bootstrap`; its data and its log lie in `folder`.

    `listeners` are further ones, each with its port; `properties` say what they are like, and
    `scram` is for each of its users as ``--add-scram`` takes it, and `java` how it runs.
    """

    def __init__(
        self,
        folder: Path,
        *,
        listeners: Mapping[str, int] | None = None,
        properties: str = "",
        scram: Sequence[str] = (),
        java: Sequence[str] = LEAN,
    ) -> None:
        folder.mkdir(exist_ok=True)
        port, controller_port = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self._classes = f"{_jars()}/*"
        self._properties = folder / "server.properties"
        self._properties.write_text(
            _PROPERTIES.format(
                port=port,
                controller_port=controller_port,
                folder=folder,
                listeners="".join(
                    f",{name}://127.0.0.1:{number}" for name, number in (listeners or {}).items()
                ),
            )
            + properties
        )
        self._scram = scram
        super().__init__(
            ["java", *java, *_TIMED_LOG, "-cp", self._classes, "kafka.Kafka", self._properties],
            log=folder / "kafka.log",
            is_ready=self._answers,
        )
        self._admin = AdminClient(
            {
                "bootstrap.servers": self.bootstrap,
                "reconnect.backoff.max.ms": 100,
                "log_level": 0,  # that nobody listens yet is no news
            }
        )

    def __enter__(self) -> Self:
        self._format()
        return super().__enter__()

    def lose_end_of_log(self, topic: str, offset: int) -> None:
        """Cut off what was sent to a topic in batches from this offset on; it does not run."""
        for log in self._properties.parent.glob(f"data/{topic}-*/*.log"):
            told = log.read_bytes()
            end = 0
            # Each batch begins with its first offset and the size of the rest.
            while end < len(told) and int.from_bytes(told[end : end + 8]) < offset:
                end += 12 + int.from_bytes(told[end + 8 : end + 12])
            os.truncate(log, end)

    def _format(self) -> None:
        arguments = ["format", "-t", "c3RyZWFtLWRldGVjdG9yMQ", "-c", str(self._properties)]
        arguments += [argument for one in self._scram for argument in ("--add-scram", one)]
        subprocess.run(
            ["java", "-cp", self._classes, "kafka.tools.StorageTool", *arguments, "--standalone"],
            check=True,
            capture_output=True,
        )

    def _answers(self) -> bool:
        try:
            return bool(self._admin.list_topics(timeout=1).brokers)
        except KafkaException:
            return False


def _jars() -> Path:
    """Return the folder of Kafka's jars; the first test run on a machine has Maven fill it."""
    found = re.search("<kafka.version>(.+)</kafka.version>", _POM.read_text())
    assert found, f"{_POM} names no Kafka"
    told = os.environ.get("STREAM_DETECTOR_CACHE")
    cache = Path(told or "~/.cache/stream-detector").expanduser()
    jars = cache / f"kafka-{found[1]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two test runs one fills the cache, the other waits
        if not jars.exists():
            # Filled under another name first: a folder with the right name is complete.
            unfinished = tempfile.mkdtemp(dir=cache, prefix="unfinished-")
            copy = ["dependency:copy-dependencies", f"-DoutputDirectory={unfinished}"]
            subprocess.run(["mvn", "-q", "-B", "-f", _POM, *copy], check=True)
            Path(unfinished).rename(jars)
    return jars
