"""A disk that takes nothing for a while is waited for; nothing is said to be kept that is not."""

import asyncio

import pytest

from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal import keeping
from stream_detector.bridges.journal.keeping import is_done
from stream_detector.errors import JournalError


class Disk:
    """Refuses so many changes before it takes one."""

    def __init__(self, n_refused: int, stop: asyncio.Event | None = None) -> None:
        self._n_refused, self._stop = n_refused, stop
        self.n_tried = self.n_taken = 0

    def change(self) -> None:
        self.n_tried += 1
        if self.n_tried <= self._n_refused:
            if self._stop is not None:
                self._stop.set()
            raise JournalError("the disk is full")
        self.n_taken += 1


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_AGAIN_SECONDS", 0.0)


def healthy() -> BridgeHealth:
    return BridgeHealth("mill", "the broker", stall_seconds=60, began_at=0.0)


def test_a_change_is_tried_until_the_disk_takes_it() -> None:
    disk, health = Disk(n_refused=3), healthy()

    assert asyncio.run(is_done(disk.change, health, asyncio.Event()))

    assert (disk.n_tried, disk.n_taken, health.faults) == (4, 1, {})


def test_whoever_is_to_stop_is_told_that_it_is_not_done() -> None:
    stop = asyncio.Event()
    disk, health = Disk(n_refused=9, stop=stop), healthy()

    assert not asyncio.run(is_done(disk.change, health, stop))

    assert (disk.n_tried, disk.n_taken) == (1, 0)
    assert health.faults == {"journal": "the disk is full"}
