"""Rows of a journal become readings on a real Kafka, whoever is away or killed meanwhile."""

import itertools
import random
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.end_to_end.journal_program import STEP_US
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.server import Server
from tests.end_to_end.subscriber import Subscriber, decoded
from tests.requirements import require_java_and_maven
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    """One of our own: it is stopped."""
    require_java_and_maven()
    with RealKafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture
def names(broker: RealKafka) -> dict[str, str]:
    """The settings of the bridge, with topics of its own."""
    found = {kind: f"{kind}-{uuid.uuid4().hex[:8]}" for kind in ("readings", "dead_letters")}
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    for made in admin.create_topics([NewTopic(name, 2, 1) for name in found.values()]).values():
        made.result()
    return {
        "DETECTOR_BROKER": broker.bootstrap,
        **{f"DETECTOR_{kind.upper()}_TOPIC": name for kind, name in found.items()},
    }


def counter(folder: Path, environment: dict[str, str], *, until: int) -> Server:
    log = folder / "counter.log"
    program = [sys.executable, "-m", "tests.end_to_end.journal_program"]
    return Server(
        [*program, folder / "journal.db", str(until)],
        log=log,
        environment=environment,
        is_ready=log.exists,
    )


def numbers(subscriber: Subscriber) -> list[int]:
    """What the readings say, in their order; each at its own time."""
    readings = [decoded(message) for message in subscriber.messages]
    found = [int(one["values"]["count"]) for one in readings]
    assert [one["time"] for one in readings] == [_time(number) for number in found]
    return found


def _time(number: int) -> str:
    seconds, tenths = divmod(number * STEP_US // 100_000, 10)
    text = f"1970-01-01T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{tenths}00000Z" if tenths else f"{text}Z"


def test_a_bridge_that_is_killed_again_and_again_loses_nothing(
    broker: RealKafka, names: dict[str, str], tmp_path: Path
) -> None:
    until, random_ = 20_000, random.Random(7)
    server = counter(tmp_path, names, until=until)
    subscriber = Subscriber(broker.bootstrap, names["DETECTOR_READINGS_TOPIC"])
    for _ in range(6):
        server.start()
        subscriber.wait_for(len(subscriber.messages) + random_.randrange(1, 1_500))
        server.kill()

    server.start()
    # The last row's reading waits for a newer row.
    subscriber.wait_until(lambda: numbers(subscriber)[-1:] == [until - 1], "the last reading")
    assert server.stop() == 0
    found = numbers(subscriber)
    assert sorted(set(found)) == list(range(1, until))
    # Backwards only where a life began, and no more was repeated than a second may bring.
    back = [was - now for was, now in itertools.pairwise(found) if now <= was]
    assert len(back) <= 6
    assert len(found) - len(set(found)) < until / 2


def test_while_kafka_is_away_all_waits_on_disk_in_order(
    broker: RealKafka, names: dict[str, str], tmp_path: Path
) -> None:
    until = 6_000
    server = counter(tmp_path, names, until=until)
    subscriber = Subscriber(broker.bootstrap, names["DETECTOR_READINGS_TOPIC"])
    with server:
        subscriber.wait_until(lambda: len(subscriber.messages) > 100, "some readings")
        broker.stop()
        wait_until(lambda: "kafka.away" in server.log(), "it is said", limit_seconds=30)
        wait_until(
            lambda: (tmp_path / "journal.db-wal").stat().st_size > 200_000, "rows go on to disk"
        )
        broker.start()

        subscriber.wait_until(lambda: numbers(subscriber)[-1:] == [until - 1], "the last reading")
        assert numbers(subscriber) == list(range(1, until))
        # The watchdog looks every five seconds, so the readings may be there before.
        wait_until(lambda: "kafka.back" in server.log(), "it is said", limit_seconds=30)
        assert server.log().count("kafka.away") == 1
        assert server.log().count("kafka.back") == 1


def test_a_bridge_begins_though_kafka_is_not_there_yet(
    broker: RealKafka, names: dict[str, str], tmp_path: Path
) -> None:
    broker.stop()
    try:
        with counter(tmp_path, names, until=500) as server:
            wait_until(lambda: "kafka.away" in server.log(), "it is said", limit_seconds=30)
            broker.start()
            subscriber = Subscriber(broker.bootstrap, names["DETECTOR_READINGS_TOPIC"])
            subscriber.wait_until(lambda: numbers(subscriber)[-1:] == [499], "the last reading")
            assert numbers(subscriber) == list(range(1, 500))
    finally:
        broker.stop()
        broker.start()


def test_a_topic_that_is_missing_ends_it_and_says_so(names: dict[str, str], tmp_path: Path) -> None:
    server = counter(tmp_path, {**names, "DETECTOR_READINGS_TOPIC": "nowhere"}, until=100)

    with server:
        assert server.wait_for_end(limit_seconds=60) == 1

    assert "has no topic nowhere" in server.log()
