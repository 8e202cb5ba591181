"""When the states of machines are kept, partition by partition."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.producer import PlacedMessage
from stream_detector.pipeline.machines import Machines
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.worker import keeper
from stream_detector.worker.keeper import StateKeeper
from stream_detector.worker.snapshots import MARKER_KEY
from stream_detector.worker.suspicion import Suspicion
from tests.worker.recovering import restored

POSITIONS = dict.fromkeys(range(5), 100)


class Topic:
    """Takes whatever is written to it."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.posted: list[int] = []

    async def keep(self, messages: Sequence[PlacedMessage]) -> None:
        self.kept += [one.key for one in messages]

    def post(self, messages: Sequence[PlacedMessage], **_: object) -> None:
        self.posted += {one.partition for one in messages}


def test_the_rounds_of_partitions_are_spread_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    topic, clock = Topic(), SimpleNamespace(now=1000.0)
    monkeypatch.setattr(keeper, "time", SimpleNamespace(monotonic=lambda: clock.now))
    ours = StateKeeper(Machines(), topic, every_seconds=10.0)  # type: ignore[arg-type]
    asyncio.run(ours.begin(POSITIONS, dict.fromkeys(POSITIONS, restored(100))))

    times: list[float] = []
    for _ in range(405):
        clock.now += 0.1
        ours.got_on(POSITIONS)
        times += [clock.now - 1000.0] * (len(topic.posted) - len(times))

    #  a round of one of five partitions every 2 s, so each has one in 10
    assert times == pytest.approx([2.0 * number for number in range(1, 21)], abs=0.3)
    assert topic.posted == topic.posted[:5] * 4
    assert sorted(topic.posted[:5]) == [*POSITIONS]


@pytest.mark.parametrize(("log_end", "is_suspect"), [(101, True), (100, False)])
def test_a_begin_in_vain_is_one_with_a_reading_behind_it(log_end: int, *, is_suspect: bool) -> None:
    ours = StateKeeper(Machines(), Topic(), every_seconds=10.0)  # type: ignore[arg-type]
    known = Suspicion().begin(100).begin(100)

    asyncio.run(ours.begin({0: 100}, {0: restored(100, end=log_end, suspicion=known)}))

    assert ours.is_suspect(0) == is_suspect


def test_what_was_changed_in_taking_over_is_kept_before_its_marker(small_bundle: Bundle) -> None:
    topic, pipeline = Topic(), Pipeline(small_bundle, Rules())
    machine = pipeline.models.first.new_machine("pm3")
    ours = StateKeeper(pipeline.machines, topic, every_seconds=10.0)  # type: ignore[arg-type]

    began = {0: restored(100)._replace(changed=(machine,)), 1: restored(100)}
    asyncio.run(ours.begin({0: 100, 1: 100}, began))

    assert topic.kept == [b"pm3", MARKER_KEY, MARKER_KEY]
