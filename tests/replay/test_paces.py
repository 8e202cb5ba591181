"""A recording whose rows do not all come at one pace."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.replay.pace import OtherPace, notes_on_paces, other_paces
from tests.replay.written import read

TWO_MINUTES = timedelta(minutes=2)
START = np.datetime64("2026-11-22T00:00", "us")


def clock(*stretches: tuple[int, float]) -> NDArray[np.datetime64]:
    """Times of so many rows, each so many minutes after the one before it."""
    steps = np.concatenate([np.full(n, minutes) for n, minutes in stretches])
    return START + (steps.cumsum() * 60).astype("timedelta64[s]")


def test_rows_that_come_slower_later_on_are_told() -> None:
    #  every 2 min to 20:00, then every 10 min to 6:00 two days on
    times = clock((600, 2), (204, 10))

    assert notes_on_paces(times) == [
        "rows come every 120 s, but 204 of 804, between 2026-11-22T20:10:00Z and "
        "2026-11-24T06:00:00Z, every 600 s: a model of the one pace takes each of them for a run "
        "of its own, so there is no alert; bring all rows at one pace, or cut off those of another"
    ]


def test_rows_that_came_faster_are_told() -> None:
    (fast,) = other_paces(clock((60, 0.5), (600, 2)), TWO_MINUTES)

    half, began = timedelta(seconds=30), datetime(2026, 11, 22, tzinfo=UTC)
    assert fast == OtherPace(59, began + 2 * half, began + 60 * half, half, is_slow=False)
    (note,) = notes_on_paces(clock((60, 0.5), (600, 2)))
    assert "to a model of the one pace scores and budgets do not mean there what" in note


def test_stretches_of_a_pace_are_told_together() -> None:
    times = clock((300, 2), (60, 10), (300, 2), (70, 10), (100, 0.5), (39, 10), (100, 2))

    slow, fast = other_paces(times, TWO_MINUTES)

    assert (slow.n_rows, fast.n_rows) == (130, 100)


@pytest.mark.parametrize(
    "times",
    [
        clock((1000, 2)),
        clock((39, 10), (1000, 2)),
        clock(*[(9, 2), (1, 600)] * 100),  # a pause now and then
        clock((500, 2), (500, 2.9), (500, 1.4)),
        clock((500, 2))[[*range(400), *range(300, 500)]],  # sent again
        clock((0, 2)),
        clock((1, 2)),
    ],
    ids=["one", "few", "pauses", "near", "late", "none", "single"],
)
def test_there_is_no_other_pace(times: NDArray[np.datetime64]) -> None:
    assert notes_on_paces(times) == []


def test_rows_that_come_at_any_time_have_one_pace() -> None:
    waits = np.random.default_rng(seed=5).exponential(120.0, size=20_000)

    assert notes_on_paces(START + (waits.cumsum() * 1e6).astype("timedelta64[us]")) == []


def test_whoever_reads_the_file_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{time}Z,1\n" for time in clock((600, 2), (204, 10)))

    (note,) = read(tmp_path, "time,x\n" + rows).notes

    assert note.startswith("rows come every 120 s, but 204 of 804")
