"""The pace of the demo's machine: on time, but never far ahead of the worker."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from stream_detector.sandbox.demo.feed import Pace, due_seconds

MINUTE = 60.0


def due(*minutes: float) -> list[float]:
    times = np.datetime64("2026-01-01T00:00", "us") + np.array(minutes) * np.timedelta64(60, "s")
    return list(due_seconds(times, cadence=timedelta(minutes=2)) / MINUTE)


def test_readings_are_due_as_they_were_recorded() -> None:
    assert due(0, 2, 4, 7) == [0, 2, 4, 7]


def test_a_standstill_takes_no_longer_than_five_readings() -> None:
    assert due(0, 2, 602, 604) == [0, 2, 12, 14]


def test_a_late_reading_is_due_at_once() -> None:
    assert due(0, 4, 2, 6) == [0, 4, 4, 8]


def sent_at(pace: Pace, elapsed: float, n_bytes: int = 1250) -> int:
    """Send all that may go at this moment."""

    def sending() -> Iterator[int]:
        while pace.may_send(elapsed):
            pace.sent(n_bytes)
            yield 1

    return sum(sending())


def test_what_is_due_may_go_and_no_more() -> None:
    pace = Pace(np.array([0.0, 2.0, 4.0]))

    assert [sent_at(pace, elapsed) for elapsed in (0.0, 1.9, 4.0, 99.0)] == [1, 0, 2, 0]


@pytest.mark.parametrize(("n_bytes", "most"), [(250, 1000), (20_000, 105)])
def test_the_machine_waits_when_the_worker_falls_behind(n_bytes: int, most: int) -> None:
    # A thousand readings, or the first that fills two mebibytes.
    pace = Pace(np.zeros(5000))

    assert sent_at(pace, 1.0, n_bytes) == most
    pace.judged(40)
    assert sent_at(pace, 1.0, n_bytes) == 40


def test_it_is_over_when_all_was_sent_and_judged() -> None:
    pace = Pace(np.zeros(3))
    told = [pace.is_over]

    sent_at(pace, 0.0)
    told.append(pace.is_over)
    pace.judged(3)
    told.append(pace.is_over)

    assert told == [False, False, True]
    assert (pace.n_sent, pace.n_judged) == (3, 3)
