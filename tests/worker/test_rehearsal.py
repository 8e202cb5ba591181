"""A partition under another model, beside the stream: what it follows, and what it lacks."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.worker.rehearsal import Rehearsal
from tests.small_models import Feed

PARTITION = TopicPartition("sensor.readings", 0)
TABLE = ThresholdTable(Fixed(8.0))


class Stage:
    """A pipeline that judges, and a rehearsal of the same model beside it."""

    def __init__(self, bundle: Bundle, *wanted: str) -> None:
        self.wanted = set(wanted)
        self.judging = Pipeline(bundle, Rules())
        self.shadow = Pipeline(bundle, Rules(), is_shadow=True)

    def judge(self, records: list[Record]) -> list[Record]:
        self.judging.process(records, TABLE)
        return records

    def begin(self) -> Rehearsal:
        return Rehearsal(self.shadow, PARTITION, self.judging.machines, self.wanted.__contains__)


def test_it_begins_where_the_oldest_run_of_its_machines_does(small_bundle: Bundle) -> None:
    stage, feed = Stage(small_bundle, "pm3"), Feed()
    feed.rows(20)
    feed.tell(event="break")
    stage.judge(feed.records + feed.rows(700))

    rehearsal = stage.begin()

    #  the run begins at 21, the stream is at 721
    assert not rehearsal.is_near(721 + 0)
    assert rehearsal.is_near(521)
    assert not rehearsal.is_near(522)


def test_machines_that_nobody_wants_of_it_are_not_followed(small_bundle: Bundle) -> None:
    stage = Stage(small_bundle, "pm3")
    rehearsal = stage.begin()

    both = stage.judge(Feed("pm3").rows(5)) + stage.judge(Feed("pm4").rows(5))
    told = rehearsal.follow(both, TABLE)

    assert [one.key for one in told] == [b"pm3"] * 5
    assert [one.name for one in rehearsal.successors()] == ["pm3"]
    assert not rehearsal.has_gap


def test_a_machine_that_is_wanted_later_lacks_the_begin_of_its_run(small_bundle: Bundle) -> None:
    stage, feed = Stage(small_bundle, "pm3"), Feed("pm4")
    stage.judge(Feed("pm3").rows(5))
    rehearsal = stage.begin()
    rehearsal.follow(stage.judge(feed.rows(5)), TABLE)

    stage.wanted.add("pm4")

    rehearsal.has_joined = True
    assert rehearsal.is_level
    assert rehearsal.follow(stage.judge(feed.rows(1)), TABLE) == []
    assert rehearsal.has_gap
    # It has missed that batch of every machine: none may go over as it knows them.
    assert not rehearsal.is_level


def test_nor_may_it_go_over_before_it_sends_again(small_bundle: Bundle) -> None:
    stage = Stage(small_bundle, "pm3")
    stage.judge(Feed("pm3").rows(5))
    rehearsal = stage.begin()
    stage.judge(Feed("pm4").rows(5))

    stage.wanted.add("pm4")

    assert "pm4" not in [one.name for one in rehearsal.successors()]
    assert rehearsal.has_gap


def test_a_machine_that_only_told_of_events_goes_over_as_a_new_one(small_bundle: Bundle) -> None:
    stage, feed = Stage(small_bundle, "pm3"), Feed("pm3")
    stage.judge([feed.tell(event="reel-change")])

    (successor,) = stage.begin().successors()

    assert successor.run_offset == -1


def test_what_the_log_holds_no_longer_is_not_waited_for(small_bundle: Bundle) -> None:
    stage = Stage(small_bundle, "pm3")
    stage.judge(Feed("pm3").rows(5))
    rehearsal = stage.begin()
    rehearsal.begin_at(90)

    assert [one.name for one in rehearsal.successors()] == ["pm3"]
    assert not rehearsal.has_gap


def test_one_that_has_not_come_near_does_not_join(small_bundle: Bundle) -> None:
    rehearsal = Stage(small_bundle, "pm3").begin()

    asyncio.run(rehearsal.join(10, TABLE, skipped=()))

    assert not rehearsal.has_joined


def test_one_that_is_given_up_reads_no_further(
    small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, feed = Stage(small_bundle, "pm3"), Feed("pm3")
    stage.judge(feed.rows(5))
    rehearsal = stage.begin()

    async def log(*_: object) -> AsyncIterator[list[ConsumerRecord]]:
        rehearsal.is_over.set()
        yield [
            ConsumerRecord(
                "sensor.readings", 0, one.offset, 0, 0, one.key, one.value, None, 0, 0, ()
            )
            for one in feed.records
        ]

    monkeypatch.setattr("stream_detector.worker.rehearsal.read_log", log)
    asyncio.run(rehearsal.catch_up(AIOKafkaConsumer, 5, TABLE, skipped=()))

    assert stage.shadow.machines.find(0, "pm3") is None
    assert not rehearsal.is_near(5 + 500)


@pytest.mark.parametrize("poison", [True, False])
def test_what_is_not_judged_is_not_followed(small_bundle: Bundle, *, poison: bool) -> None:
    stage = Stage(small_bundle, "pm3")
    rehearsal = stage.begin()
    (record,) = stage.judge(Feed("pm3").rows(1))

    told = rehearsal.follow([record._replace(is_poison=poison)], TABLE)

    assert bool(told) is not poison
