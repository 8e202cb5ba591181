"""The embedded Kafka does what producers, consumers and groups expect of a broker."""

import ctypes.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient

from stream_detector.errors import ServiceError
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.mock_cluster import load_librdkafka
from stream_detector.sandbox.wheels import installed_file

LIMIT_SECONDS = 20.0


@pytest.fixture(scope="module")
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka({"readings": 4, "alerts": 1}) as running:
        yield running


def produce(kafka: EmbeddedKafka, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0})
    for number, value in enumerate(values):
        producer.produce("readings", value, key=b"pm3", partition=number % 4)
    assert producer.flush(LIMIT_SECONDS) == 0


def consume(kafka: EmbeddedKafka, count: int, *, group: str) -> list[Message]:
    """Read as a member of a group, and commit."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
            # A member that follows another has to wait for this, less a second.
            "session.timeout.ms": 1500,
            "heartbeat.interval.ms": 300,
        }
    )
    consumer.subscribe(["readings"])
    messages: list[Message] = consumer.consume(count, timeout=LIMIT_SECONDS)
    consumer.commit(asynchronous=False)
    consumer.close()
    return messages


def test_topics_have_the_partitions_asked_for(kafka: EmbeddedKafka) -> None:
    topics = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=LIMIT_SECONDS)

    assert {name: len(topic.partitions) for name, topic in topics.topics.items()} == {
        "readings": 4,
        "alerts": 1,
    }


def test_a_group_reads_what_was_produced_and_goes_on_where_it_stopped(
    kafka: EmbeddedKafka,
) -> None:
    first, later = [b"1", b"2", b"3", b"4", b"5"], [b"6", b"7"]

    produce(kafka, first)
    read_first = consume(kafka, 5, group="detector")
    produce(kafka, later)
    read_later = consume(kafka, 2, group="detector")

    assert {message.value() for message in read_first} == set(first)
    assert {message.value() for message in read_later} == set(later)
    assert {message.key() for message in read_first} == {b"pm3"}


def test_it_listens_on_the_loopback_address_only(kafka: EmbeddedKafka) -> None:
    # /proc/net/tcp: the 2nd word is the local address, the 4th the state (0A = listening),
    # the 10th the inode that also names the open file of the process.
    files = Path(f"/proc/{kafka.process.pid}/fd").iterdir()
    opened = {str(file.readlink()) for file in files}
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [s[1] for s in sockets if s[3] == "0A" and f"socket:[{s[9]}]" in opened]

    assert listening
    assert all(address.startswith("0100007F:") for address in listening)


def test_it_ends_with_its_block() -> None:
    with EmbeddedKafka({}) as kafka:
        pass

    assert kafka.process.status is not None


def test_a_broker_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # so its Python does not find itself

    with pytest.raises(ServiceError, match="did not start: it gave no address"):
        EmbeddedKafka({"readings": 1})


def run_without_input(*topics: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stream_detector.sandbox.mock_cluster", *topics],
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )


def test_the_program_answers_with_its_address_and_ends_with_its_input() -> None:
    ended = run_without_input("readings:4")

    assert ended.stdout.startswith("127.0.0.1:")
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_the_program_answers_with_the_reason_when_it_has_no_address() -> None:
    ended = run_without_input("readings:4", "readings:8")

    assert ended.stdout == "topic 'readings' cannot be made: Broker: Topic already exists\n"
    assert ended.returncode == 1


def test_a_library_without_a_mock_cluster_is_refused_by_name() -> None:
    libc = ctypes.util.find_library("c")
    assert libc is not None

    with pytest.raises(ServiceError, match=f"{libc} has no usable mock cluster"):
        load_librdkafka(Path(libc))


def test_a_library_that_is_missing_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"librdkafka-none\.so has no usable mock cluster"):
        load_librdkafka(Path("/nowhere/librdkafka-none.so"))


def test_a_distribution_without_the_file_has_none() -> None:
    assert installed_file("click", "librdkafka*.so*") is None
