"""Which reading ends the worker."""

import msgspec
import pytest

from stream_detector.worker.suspicion import MOST_BEGINS, MOST_ENDS, Suspicion


def after_begins(count: int, *, at: int = 700) -> Suspicion:
    suspicion = Suspicion()
    for _ in range(count):
        suspicion = suspicion.begin(at)
    return suspicion


def test_a_few_begins_at_one_offset_are_no_reason() -> None:
    assert not after_begins(MOST_BEGINS).is_suspect
    assert after_begins(MOST_BEGINS + 1).is_suspect


def test_a_worker_that_got_on_between_is_no_suspect() -> None:
    suspicion = after_begins(MOST_BEGINS)

    assert not suspicion.begin(701).begin(701).is_suspect
    assert not suspicion.clear().begin(700).is_suspect


def test_a_reading_at_which_workers_ended_more_than_once_is_guilty() -> None:
    suspicion = after_begins(MOST_BEGINS + 1)
    for _ in range(MOST_ENDS):
        assert not suspicion.is_guilty(705)
        #  those before it are judged each time anew
        suspicion = suspicion.try_reading(703).try_reading(704).try_reading(705).begin(700)

    assert suspicion.is_guilty(705)
    assert not suspicion.is_guilty(704)


def test_readings_that_are_passed_one_by_one_are_innocent() -> None:
    suspicion = after_begins(MOST_BEGINS + 1)
    for offset in range(700, 800):
        suspicion = suspicion.try_reading(offset)

    assert not any(suspicion.is_guilty(offset) for offset in range(700, 800))


def test_a_reading_that_was_judged_is_not_to_blame_for_a_later_end() -> None:
    suspicion = after_begins(MOST_BEGINS + 1)
    for _ in range(MOST_ENDS):
        suspicion = suspicion.try_reading(705).acquit().begin(700)

    assert not suspicion.is_guilty(705)


def test_the_partition_stays_suspect_where_a_reading_ended_a_worker() -> None:
    # Those before it are committed by now, so the next worker begins elsewhere.
    suspicion = after_begins(MOST_BEGINS + 1).try_reading(705).begin(705)

    assert suspicion.is_suspect


def test_the_guilty_are_never_forgotten() -> None:
    suspicion = after_begins(MOST_BEGINS + 1).skip(705).skip(709).clear().begin(900)

    assert suspicion.skipped == (705, 709)
    assert not suspicion.is_suspect


@pytest.mark.parametrize("suspicion", [Suspicion(), after_begins(9).try_reading(3).skip(1)])
def test_it_travels_in_a_marker(suspicion: Suspicion) -> None:
    sent = msgspec.msgpack.encode(suspicion)

    assert msgspec.msgpack.decode(sent, type=Suspicion) == suspicion
