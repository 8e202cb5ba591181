"""The alert book at work, on the embedded broker."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from structlog.testing import capture_logs

from stream_detector.alerting.alert_state import AlertState, State
from stream_detector.alerting.book import Book
from stream_detector.alerting.commands import Reply
from stream_detector.errors import ServiceError
from tests.alerting.told import alert, alert_id, outcome
from tests.end_to_end.server import free_port
from tests.worker.keeping import Plant, command, embedded_kafka, until


@pytest.fixture
def plant() -> Iterator[Plant]:
    with embedded_kafka() as kafka:
        yield Plant(kafka.bootstrap)


async def replies(plant: Plant, count: int) -> list[tuple[bytes | None, Reply]]:
    """The first so many replies there are, with their keys."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=plant.broker,
        isolation_level="read_committed",
        check_crcs=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=10,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition("detector.replies", 0)])
        async with asyncio.timeout(20):
            found = [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
    return [(one.key, msgspec.json.decode(one.value, type=Reply)) for one in found]


@pytest.mark.parametrize("garbage", [b"done", b"", b'{"status": "maybe"}'])
def test_garbage_among_the_replies_keeps_nobody_from_an_answer(
    plant: Plant, garbage: bytes
) -> None:
    async def scene() -> None:
        async with plant.operator() as anna:
            asking = asyncio.create_task(anna.ask("acknowledge", alert_id=alert_id(0)))
            plant.send("detector.replies", (garbage,), 0, key=b"acknowledge")
            async with plant.worker():
                reply = await asking

            assert reply.reason_code == "unknown-alert"

    asyncio.run(scene())


def test_an_alert_and_what_an_operator_does_are_seen_as_they_stand(plant: Plant) -> None:
    async def scene() -> None:
        async with plant.worker(), plant.operator() as anna:
            plant.tell(alert("raised", 0, seq=1, raised=0))
            assert (await anna.sees("raised")).state is State.UNACKNOWLEDGED

            reply = await anna.ask("acknowledge", alert_id=alert_id(0), comment="seen")

            assert (reply.status, reply.machine) == ("done", "pm3")
            state = await anna.sees("acknowledged")
            assert (state.state, state.version) == (State.ACKNOWLEDGED, 2)
            assert state.acknowledged is not None
            assert state.acknowledged.comment == "seen"
            assert abs(state.changed_at - datetime.now(UTC)) < timedelta(minutes=1)

    asyncio.run(scene())


def test_a_refusal_says_why_and_leaves_the_state(plant: Plant) -> None:
    async def scene() -> None:
        async with plant.worker(), plant.operator() as anna:
            reply = await anna.ask("acknowledge", alert_id="pm3.nothing")

            assert (reply.status, reply.reason_code) == ("refused", "unknown-alert")
            await anna.states.read_to_the_end()
            assert anna.states.states == {}

    asyncio.run(scene())


def test_what_is_no_command_is_answered_by_what_can_be_read_of_it(plant: Plant) -> None:
    async def scene() -> list[tuple[bytes | None, Reply]]:
        async with plant.worker():
            plant.ask(b"acknowledge!", key=b"pm3")
            plant.ask(command("acknowledge", "7"), key=b"pm3")
            plant.ask(b"\xff", key=None)
            return await replies(plant, 3)

    nothing, half, unkeyed = asyncio.run(scene())

    assert nothing[0] == b"pm3"
    assert (nothing[1].command_id, nothing[1].reason_code) == (None, "malformed")
    assert half[0] == b"7"
    assert (half[1].command_id, half[1].command, half[1].by) == ("7", "acknowledge", "ben")
    assert half[1].reason == "acknowledge needs alert_id"
    assert (unkeyed[0], unkeyed[1].reason_code) == (None, "malformed")


def test_a_command_finds_the_alerts_that_were_there_before_it(plant: Plant) -> None:
    for n in range(300):
        plant.tell(alert("raised", n, seq=1, raised=n), partition=1)
    plant.ask(command("acknowledge", alert_id=alert_id(299)))

    async def scene() -> list[tuple[bytes | None, Reply]]:
        async with plant.worker():
            return await replies(plant, 1)

    assert asyncio.run(scene())[0][1].status == "done"


def test_another_worker_goes_on_where_the_first_one_was(plant: Plant) -> None:
    async def scene() -> None:
        async with plant.operator() as anna:
            async with plant.worker():
                plant.tell(alert("raised", 0, seq=1, raised=0))
                await anna.sees("raised")
                await anna.ask("shelve", machine="pm3", rule="sheet-break", **_for_an_hour())
            plant.tell(alert("cleared", 3, seq=2, raised=0, reason="outcome"), outcome(3))
            async with plant.worker():
                state = await anna.sees("closed")

            assert (state.fate, state.state, state.version) == ("early", State.SHELVED, 4)
            changes = [(one.change, one.version) for one in anna.seen]
            assert changes == [("raised", 1), ("shelved", 2), ("cleared", 3), ("closed", 4)]

    asyncio.run(scene())


def test_shelving_ends_though_nothing_comes(plant: Plant) -> None:
    async def scene() -> AlertState:
        async with plant.worker(), plant.operator() as anna:
            until = datetime.now(UTC) + timedelta(seconds=1)
            await anna.ask("shelve", machine="pm3", rule="odd", until=until, comment="for a moment")
            return await anna.sees("unshelved", key="pm3/odd")

    assert asyncio.run(scene()).shelved is None


def test_what_is_no_alert_is_passed_over_and_told(plant: Plant) -> None:
    async def scene() -> None:
        async with plant.worker(), plant.operator() as anna:
            plant.tell(b"{", b'{"schema": "alert/1.0"}', b'{"schema": "data-quality/1.0"}')
            plant.tell(alert("raised", 0, seq=1, raised=0))
            await anna.sees("raised")

    with capture_logs() as lines:
        asyncio.run(scene())

    told = [line["offset"] for line in lines if line["event"] == "alert.unreadable"]
    assert told == [0, 1]


def test_a_fault_of_ours_at_one_message_ends_neither_the_book_nor_the_worker(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold, carry_out = Book.fold, Book.carry_out

    def broken_fold(book, news, *rest):  # type: ignore[no-untyped-def]
        if news.machine == "pm9":
            raise ZeroDivisionError
        return fold(book, news, *rest)

    def broken_carry_out(book, wanted, at):  # type: ignore[no-untyped-def]
        if wanted.by == "mallory":
            raise ZeroDivisionError
        return carry_out(book, wanted, at)

    monkeypatch.setattr(Book, "fold", broken_fold)
    monkeypatch.setattr(Book, "carry_out", broken_carry_out)

    async def scene() -> None:
        async with plant.worker(), plant.operator() as anna:
            plant.tell(alert("raised", 0, seq=1, raised=0, machine="pm9"))
            plant.tell(alert("raised", 0, seq=1, raised=0))
            await anna.sees("raised")
            reply = await anna.ask("acknowledge", alert_id=alert_id(0), by="mallory")
            assert (reply.reason_code, reply.by) == ("fault", "mallory")
            assert (await anna.ask("acknowledge", alert_id=alert_id(0))).status == "done"

    asyncio.run(scene())


def test_without_a_worker_there_is_no_answer_and_that_is_told(plant: Plant) -> None:
    async def scene() -> None:
        async with plant.operator(patience_seconds=0.3) as anna:
            await anna.ask("acknowledge", alert_id=alert_id(0))

    with pytest.raises(ServiceError, match=r"no answer to 'acknowledge' within 0.3 s: is a worker"):
        asyncio.run(scene())


def test_a_command_that_kafka_does_not_take_is_told_as_that() -> None:
    async def scene() -> None:
        with embedded_kafka() as kafka:
            async with Plant(kafka.bootstrap).operator(patience_seconds=0.3) as anna:
                kafka.process.stop()
                await anna.ask("acknowledge", alert_id=alert_id(0))

    with pytest.raises(ServiceError, match=r"Kafka did not take 'acknowledge' within 0\.3 s: look"):
        asyncio.run(scene())


def test_who_has_sent_commands_can_leave_while_kafka_is_away() -> None:
    async def scene() -> None:
        with embedded_kafka() as kafka:
            async with Plant(kafka.bootstrap).operator(patience_seconds=0.3) as anna:
                with pytest.raises(ServiceError, match="no answer"):
                    await anna.ask("acknowledge", alert_id=alert_id(0))
                kafka.process.stop()
                with pytest.raises(ServiceError, match="Kafka did not take"):
                    await anna.ask("acknowledge", alert_id=alert_id(1))

    async def within_limit() -> None:
        async with asyncio.timeout(20):
            await scene()

    asyncio.run(within_limit())


def test_a_worker_tells_that_it_has_the_book_and_gets_on(plant: Plant) -> None:
    async def has_the_book() -> bool:
        return plant.health.book.is_ours

    async def scene() -> None:
        async with plant.worker():
            await until(has_the_book)
            began = plant.health.book.alive_at

            async def got_on() -> bool:
                return plant.health.book.alive_at > began + 0.3

            await until(got_on)

    asyncio.run(scene())


def _for_an_hour() -> dict[str, object]:
    return {"until": datetime.now(UTC) + timedelta(hours=1), "comment": "felt"}


def test_a_worker_starts_without_a_kafka_that_lets_it_keep_the_book() -> None:
    plant = Plant(f"127.0.0.1:{free_port()}")

    async def has_failed() -> bool:
        return plant.health.book.error is not None

    async def scene() -> None:
        async with plant.worker():
            await until(has_failed)

    with capture_logs() as logs:
        asyncio.run(scene())

    assert [(one["event"], one["work"]) for one in logs] == [("work.failed", "book")]
    assert not plant.health.book.is_member


def test_the_book_is_left_without_a_fault(plant: Plant) -> None:
    async def scene() -> None:
        for _ in range(3):
            async with plant.worker() as worker:
                await until(lambda: asyncio.sleep(0, plant.health.book.standing))
            assert not worker.crashed
            plant.health.book.standing = None

    with capture_logs() as logs:
        asyncio.run(scene())

    assert {one["event"] for one in logs} == {"book.taken-up"}
