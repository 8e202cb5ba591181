"""What the topic of snapshots holds, and from where the log must be read again."""

import pytest

from stream_detector.worker.snapshots import (
    MARKER_KEY,
    VERSION,
    Marker,
    PartitionSnapshots,
    Snapshot,
    encode,
)
from stream_detector.worker.suspicion import Suspicion

BUNDLE = "3f9a61c04be2d718"

Message = tuple[bytes, bytes | None]


def snapshot(name: str, next_offset: int, state: str = "", *, bundle: str = BUNDLE) -> Message:
    said = Snapshot(bundle=bundle, next_offset=next_offset, state={"said": state})
    return name.encode(), encode(said)


def marker(next_offset: int, **machines: int) -> Message:
    return MARKER_KEY, encode(Marker(next_offset=next_offset, machines=machines))


def found(*messages: Message) -> PartitionSnapshots:
    found = PartitionSnapshots(BUNDLE.__eq__, readings_id="new")
    for message in messages:
        found.take(*message)
    return found


def of_log(readings_id: str, next_offset: int) -> tuple[Message, Message]:
    """What was kept of pm1 and of a log up to this offset."""
    state = Snapshot(bundle=BUNDLE, next_offset=next_offset, state={}, readings_id=readings_id)
    said = Marker(next_offset=next_offset, machines={"pm1": next_offset}, readings_id=readings_id)
    return (b"pm1", encode(state)), (MARKER_KEY, encode(said))


def test_what_was_kept_of_another_log_is_passed_over() -> None:
    topic = found(*of_log("old", 400))

    assert (topic.start, topic.snapshots, topic.n_unusable) == (None, {}, 2)
    assert topic.log_was_replaced
    assert "pm1" in topic.lost


def test_a_log_that_was_begun_with_is_no_longer_new() -> None:
    topic = found(*of_log("old", 400), *of_log("new", 30))

    assert (topic.start, topic.snapshots["pm1"].next_offset) == (30, 30)
    assert (topic.log_was_replaced, topic.lost) == (False, frozenset())


def test_what_an_earlier_release_kept_is_of_any_log() -> None:
    topic = found(*of_log("", 400))

    assert (topic.start, topic.log_was_replaced) == (400, False)


def test_the_log_is_read_from_where_the_last_round_ends() -> None:
    topic = found(snapshot("pm1", 40), snapshot("pm2", 90), marker(95, pm1=40, pm2=90))

    assert topic.start == 95
    assert {name: one.next_offset for name, one in topic.snapshots.items()} == {
        "pm1": 40,
        "pm2": 90,
    }


def test_a_machine_that_is_older_than_its_round_says_brings_the_start_back() -> None:
    #  its snapshot of the second round was lost, the marker was not
    topic = found(snapshot("pm1", 40), marker(50, pm1=40), marker(95, pm1=90))

    assert topic.start == 40


def test_a_machine_of_which_nothing_is_left_takes_the_whole_log() -> None:
    assert found(snapshot("pm1", 40), marker(50, pm1=40, pm2=45)).start is None


def test_without_a_marker_the_whole_log_is_read() -> None:
    assert found().start is None
    assert found(snapshot("pm1", 40)).start is None


def test_the_state_that_reaches_further_wins_whoever_wrote_last() -> None:
    #  a worker that was frozen wakes up and writes what it has
    topic = found(
        snapshot("pm1", 90, "new"),
        marker(95, pm1=90),
        snapshot("pm1", 40, "old"),
        marker(45, pm1=40),
    )

    assert topic.snapshots["pm1"].state == {"said": "new"}
    assert topic.start == 95


def test_of_two_states_at_one_offset_the_later_one_counts() -> None:
    #  between them the machine took another threshold
    topic = found(snapshot("pm1", 40, "before"), snapshot("pm1", 40, "after"))

    assert topic.snapshots["pm1"].state == {"said": "after"}


def test_a_machine_that_is_gone_for_good_is_forgotten() -> None:
    assert found(snapshot("pm1", 40), (b"pm1", None)).snapshots == {}


def test_machines_whose_newest_state_is_of_a_model_that_there_is_not_are_named() -> None:
    gone = "51b318c78f9ba4b5"
    topic = found(
        snapshot("pm1", 40),
        snapshot("pm1", 90, bundle=gone),
        snapshot("pm2", 40, bundle=gone),
        snapshot("pm2", 40),  # it went over between two readings
        snapshot("pm3", 40, bundle=gone),
        (b"pm3", None),
    )

    assert topic.passed_over == {gone: ["pm1"]}
    assert topic.snapshots["pm1"].next_offset == 40


def test_machines_whose_newest_state_cannot_be_taken_up_are_named() -> None:
    gone = "51b318c78f9ba4b5"
    old = encode(Snapshot(version=VERSION - 1, bundle=BUNDLE, next_offset=40, state={}))
    topic = found(
        snapshot("pm1", 40),
        snapshot("pm1", 90, bundle=gone),
        (b"pm2", old),
        snapshot("pm3", 40),
        (b"pm4", old),
        snapshot("pm4", 90),
        (b"pm5", old),
        (b"pm5", None),
    )
    topic.discard("pm3")

    assert topic.lost == {"pm1", "pm2", "pm3"}


def test_readings_that_ended_a_worker_are_known_of_a_marker_of_another_form() -> None:
    suspicion = Suspicion(began_at=90, n_begins=2, skipped=(17,))
    old = Marker(version=VERSION - 1, next_offset=90, machines={}, suspicion=suspicion)

    topic = found((MARKER_KEY, encode(old)))

    assert (topic.start, topic.suspicion) == (None, Suspicion(skipped=(17,)))


@pytest.mark.parametrize(
    "strange",
    [
        snapshot("pm1", 90, bundle="of another model"),
        (b"pm1", encode(Snapshot(version=VERSION + 1, bundle=BUNDLE, next_offset=90, state={}))),
        (b"pm1", b"not MessagePack"),
        (b"pm1", b""),
        (b"pm1", b"\x91" * 100_000),
        snapshot("pm1", -1),
        (MARKER_KEY, b"\x81"),
    ],
)
def test_what_cannot_be_used_is_passed_over_and_counted(strange: Message) -> None:
    topic = found(snapshot("pm1", 40, "good"), marker(45, pm1=40), strange)

    assert topic.snapshots["pm1"].state == {"said": "good"}
    assert topic.start == 45
    assert topic.n_unusable == 1
