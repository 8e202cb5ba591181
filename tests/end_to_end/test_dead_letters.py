"""What is no reading is passed on as it came, with the reason; the stream goes on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from confluent_kafka import Message, Producer

from tests.contract.schemas import faults
from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import feed_of
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.subscriber import decoded, headers

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

CODECS = ("gzip", "snappy", "lz4", "zstd")

# Incompressible, so that no codec makes it fit where it does not.
NOISE = np.random.default_rng(1).bytes(11_000_000)

IN_TIME = '{"machine": "pm3", "time": "2024-05-01T06:00:00Z", "values": {"speed": %s}}'

REFUSED: dict[str, tuple[bytes | None, bytes | None, str]] = {
    "text": (b"pm3", b"Guten Morgen", "not-json"),
    "a tombstone": (b"pm3", None, "empty"),
    "nothing at all": (None, None, "empty"),
    "no text": (b"\xff\xfe", b"\xff\xfe\x00", "not-json"),
    "a wrong type": (b"pm3", (IN_TIME % '"fast"').encode(), "invalid"),
    "no zone": (b"pm3", (IN_TIME % "1").replace("Z", "").encode(), "invalid"),
    "neither values nor event": (
        b"pm3",
        b'{"machine": "pm3", "time": "2024-05-01T06:00:00Z"}',
        "nothing",
    ),
    "a clock far ahead": (b"pm3", (IN_TIME % "1").replace("2024", "2999").encode(), "clock"),
    "as long as Kafka takes": (b"pm3", NOISE[:1_048_000], "too-large"),
}
"""Key, value and the reason code."""


@dataclass(frozen=True)
class Outcome:
    """Where the messages stood in the log, and what came out."""

    offsets: dict[str, tuple[int, int]]
    letters: Sequence[Message]
    scores: Sequence[Message]


@pytest.fixture(scope="module")
def outcome(
    kafka: RealKafka,
    redis_server: RealRedis,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """A worker that is sent all that, and good readings between, in every compression."""
    folder = tmp_path_factory.mktemp("letters")
    installation = install(kafka, redis_server, small_bundle_folder, folder)
    installation.configure("readings", "max.message.bytes", "20000000")
    installation.configure("dead_letters", "max.message.bytes", "10000000")
    topic, offsets = installation.topics["readings"], {}
    feeds = {codec: feed_of(f"pm-{codec}") for codec in CODECS}
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.max.bytes": 20_000_000})

    def send(name: str, key: bytes | None, value: bytes | None) -> None:
        def note(error: object, message: Message) -> None:
            assert error is None
            offsets[name] = (message.partition() or 0, message.offset() or 0)

        producer.produce(topic, value, key, on_delivery=note)
        assert producer.flush(30) == 0

    with installation.worker():
        for codec, feed in feeds.items():
            installation.send(feed.rows(5), {"compression.type": codec})
        for name, (key, value, _) in REFUSED.items():
            send(name, key, value)
        send("longer than a letter may be", b"pm3", NOISE)
        for codec, feed in feeds.items():
            installation.send(feed.rows(5), {"compression.type": codec})
        installation.wait_until_done()
    with (
        installation.subscriber("dead_letters") as letters,
        installation.subscriber("scores") as scores,
    ):
        return Outcome(offsets, letters.read_to_the_end(), scores.read_to_the_end())


def letter(outcome: Outcome, name: str) -> Message:
    partition, offset = outcome.offsets[name]
    (found,) = (
        message
        for message in outcome.letters
        if (headers(message)["partition"], headers(message)["offset"])
        == (str(partition), str(offset))
    )
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_that_is_no_reading_is_passed_on_as_it_came(outcome: Outcome, name: str) -> None:
    key, value, code = REFUSED[name]
    found = letter(outcome, name)

    assert (found.key(), found.value()) == (key, value)
    assert headers(found)["reason_code"] == code
    assert faults(headers(found), "dead-letter.v1.json") == []


def test_a_message_longer_than_a_letter_may_be_is_told_of_without_its_value(
    outcome: Outcome,
) -> None:
    found = letter(outcome, "longer than a letter may be")

    assert (found.key(), found.value()) == (b"pm3", None)
    assert headers(found)["reason_code"] == "too-large"
    assert headers(found)["value_left_out"] == str(len(NOISE))
    assert faults(headers(found), "dead-letter.v1.json") == []


def test_there_is_no_other_letter(outcome: Outcome) -> None:
    assert len(outcome.letters) == len(outcome.offsets)


@pytest.mark.parametrize("codec", CODECS)
def test_readings_are_read_however_they_are_compressed(outcome: Outcome, codec: str) -> None:
    scored = [one for one in outcome.scores if one.key() == f"pm-{codec}".encode()]

    assert len(scored) == 10
    assert {decoded(one)["quality"]["state"] for one in scored} == {"good"}
    assert json.loads(scored[-1].value() or b"")["score"] is not None
