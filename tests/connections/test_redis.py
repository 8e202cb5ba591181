"""The thresholds in Redis: what is written there, and how a Redis that fails is told."""

import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import redis
from pydantic import SecretStr

from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget, Fixed, Threshold
from stream_detector.errors import RefusedError, ServiceError, SettingsError
from stream_detector.pipeline.thresholds import ALL_MACHINES, InForce, decode_setting
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from tests.contract.schemas import faults, parse

KEY = "detector:thresholds:3f9a61c04be2d718"
SECRET = "hunter2"  # noqa: S105


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture
def client(server: EmbeddedRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as connected:
        connected.flushall()
        yield connected


@pytest.fixture
def store(server: EmbeddedRedis, client: redis.Redis) -> ThresholdStore:
    assert client.dbsize() == 0
    return store_at(server.url)


def store_at(url: str) -> ThresholdStore:
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(url))
    return ThresholdStore(settings, "3f9a61c04be2d718")


def read(url: str) -> dict[str, bytes]:
    with redis_faults():
        return store_at(url).read()


def test_an_entry_is_written_as_the_schema_says(store: ThresholdStore) -> None:
    store.put("pm3", Fixed(3.1), set_by="the shift leader")

    entry = parse(store.read()["pm3"])
    assert faults(entry, "threshold.v1.json") == []
    assert (entry["kind"], entry["value"], entry["set_by"]) == ("fixed", 3.1, "the shift leader")


def test_each_change_of_an_entry_is_a_version_of_its_own(store: ThresholdStore) -> None:
    versions = [store.put("pm3", Fixed(3.1), set_by="me").version for _ in range(3)]

    assert versions == [1, 2, 3]
    assert store.put("pm4", Fixed(3.1), set_by="me").version == 1


def test_an_entry_that_was_cleared_goes_on_with_the_next_version(store: ThresholdStore) -> None:
    def version() -> int:
        return decode_setting(store.read()["pm3"]).version

    store.put("pm3", Fixed(3.1), set_by="me")
    store.put("pm3", Fixed(3.2), set_by="me")
    store.remove("pm3")
    store.remove("pm3")  # there is nothing to clear: no change
    assert store.put("pm3", Fixed(3.1), set_by="me").version == 3

    store.remove("pm3")
    store.offer_default("pm3", Budget(6.0))
    assert version() == 4
    assert store.put("pm4", Fixed(3.1), set_by="me").version == 1


def test_of_two_who_write_at_once_one_is_told_and_nothing_is_overwritten_unseen(
    store: ThresholdStore,
) -> None:
    collided = threading.Event()

    def write_again_and_again(name: str) -> tuple[list[int], list[str]]:
        versions, refusals = [], []
        deadline = time.monotonic() + 30
        while not collided.is_set() and time.monotonic() < deadline:
            try:
                versions.append(store.put("pm3", Fixed(3.1), set_by=name).version)
            except SettingsError as refused:
                refusals.append(str(refused))
                collided.set()
        return versions, refusals

    with ThreadPoolExecutor() as people:
        (early, late) = people.map(write_again_and_again, ("early shift", "late shift"))

    versions = sorted(early[0] + late[0])
    assert versions == list(range(1, len(versions) + 1))
    assert set(early[1] + late[1]) == {
        "somebody else changed the thresholds in this moment; look, and try again"
    }


def test_the_bundles_default_is_offered_but_not_forced(store: ThresholdStore) -> None:
    def wanted() -> Threshold:
        return decode_setting(store.read()[ALL_MACHINES]).threshold

    store.offer_default(ALL_MACHINES, Budget(6.0))
    assert wanted() == Budget(6.0)

    store.put(ALL_MACHINES, Fixed(3.1), set_by="me")
    store.offer_default(ALL_MACHINES, Budget(6.0))
    assert wanted() == Fixed(3.1)


def test_an_unreadable_entry_may_be_written_over(
    store: ThresholdStore, client: redis.Redis
) -> None:
    client.hset(KEY, "pm3", "high")

    assert store.read() == {"pm3": b"high"}
    assert store.put("pm3", Fixed(3.1), set_by="me").version == 1


def test_an_entry_can_be_taken_away(store: ThresholdStore) -> None:
    store.put("pm3", Fixed(3.1), set_by="me")

    assert store.remove("pm3")
    assert not store.remove("pm3")
    assert not store.remove("pm4")
    assert store.read() == {}


def test_what_is_in_force_is_told_apart_from_what_is_wanted(store: ThresholdStore) -> None:
    in_force = {"pm3": InForce(2.9, 0.2, datetime(2026, 11, 22, 3, 10, tzinfo=UTC))}

    store.publish_current(in_force)

    assert store.read_current() == in_force
    assert store.read() == {}


def test_what_nobody_can_read_of_what_is_in_force_hides_nothing_else(
    store: ThresholdStore, client: redis.Redis
) -> None:
    in_force = {"pm3": InForce(2.9, 0.2, datetime(2026, 11, 22, 3, 10, tzinfo=UTC))}
    store.publish_current(in_force)
    too_deep = b'{"more": ' + b"[" * 100_000
    client.hset(
        f"{KEY}:current",
        mapping={"pm4": b"\xffgarbage", "pm5": b'{"value": "\xff"}', "pm6": too_deep},
    )

    assert store.read_current() == in_force


def test_an_unreadable_note_of_what_was_cleared_is_as_if_nothing_was(
    store: ThresholdStore, client: redis.Redis
) -> None:
    client.hset(f"{KEY}:cleared", "pm3", "lately")
    setting = store.put("pm3", Fixed(3.1), set_by="me")
    known = store.read()

    client.delete(KEY)
    assert setting.version == 1
    assert store.put_back(known) == known


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail\r\n"])
def test_somebody_else_who_answers_is_one_line(answer: bytes) -> None:
    told = r"what answers is no Redis: .*; correct DETECTOR_REDIS_URL"
    with answering(answer) as port, pytest.raises(RefusedError, match=told):
        read(f"redis://127.0.0.1:{port}/0")


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port where somebody answers each caller in these words, and hangs up."""

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(ServiceError, match=r"Redis does not answer: .*; start it, or correct"):
        store_at("unix:///nowhere/redis.sock").check_access()


def test_a_wrong_password_is_one_line_without_it(server: EmbeddedRedis) -> None:
    with pytest.raises(
        ServiceError, match=r"Redis refuses us: .*; correct the user and"
    ) as refused:
        store_at(f"{server.url}?username=nobody&password={SECRET}").check_access()

    assert SECRET not in str(refused.value)


def test_a_user_who_may_only_read_is_one_line(server: EmbeddedRedis, client: redis.Redis) -> None:
    client.acl_setuser(
        "guest",
        enabled=True,
        passwords=["+welcome"],
        keys=["*"],
        commands=["+@read", "+@connection"],
    )
    store = store_at(f"{server.url}?username=guest&password=welcome")

    told = r"Redis refuses us: .*permission.*what that user may do"
    with pytest.raises(ServiceError, match=told), redis_faults():
        store.put("pm3", Fixed(3.1), set_by="guest")


def test_something_else_under_our_key_is_one_line(
    store: ThresholdStore, client: redis.Redis
) -> None:
    client.set(KEY, "something else")

    told = "Redis does not do what it is asked: WRONGTYPE .* keep something under our keys"
    with pytest.raises(ServiceError, match=told), redis_faults():
        store.read()


def test_without_a_url_there_are_no_thresholds() -> None:
    with pytest.raises(SettingsError, match="DETECTOR_REDIS_URL is not set; write redis://"):
        ThresholdStore(Settings(broker="kafka:9092"), "3f9a61c04be2d718")


@pytest.mark.parametrize(
    "url",
    [
        f"http://:{SECRET}@redis:6379/0",
        f"redis://:{SECRET}/more@redis:6379/0",
        f"redis://:{SECRET}@redis:port/0",
        "",
    ],
)
def test_a_url_that_is_none_is_refused_without_a_part_of_the_password(url: str) -> None:
    with pytest.raises(SettingsError, match="DETECTOR_REDIS_URL is no Redis URL") as refused:
        store_at(url)

    assert SECRET not in str(refused.value)
