"""Restarts of the detector in the midst of a recording, as a worker goes through them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from stream_detector.pipeline.machine import Refusal, Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.fault_injection import Restart
from stream_detector.replay.replaying import verdicts


class _Kept(msgspec.Struct):
    """The state of one machine."""

    partition: int
    name: str
    next_offset: int
    state: dict[str, Any]


def verdicts_with_restarts(
    records: Sequence[Record],
    pipeline: Pipeline,
    thresholds: ThresholdTable,
    restarts: Sequence[Restart],
) -> Iterator[Verdict | Refusal]:
    """Judge records in order, one verdict each, and lose all state now and then.

    It is kept some records before, as bytes; after the loss it is taken up from there, and
    the records in between are followed silently. So no verdict differs from those without
    a restart.
    """
    partitions = {record.partition for record in records}
    at = 0
    for restart in restarts:
        yield from verdicts(records[at : restart.kept_at], pipeline, thresholds)
        kept = _keep(pipeline, partitions)
        since = records[restart.kept_at : restart.lost_at]
        yield from verdicts(since, pipeline, thresholds)
        _lose(pipeline, partitions)
        _take_up(pipeline, kept)
        pipeline.follow(since, thresholds)
        at = restart.lost_at
    yield from verdicts(records[at:], pipeline, thresholds)


def _keep(pipeline: Pipeline, partitions: Collection[int]) -> bytes:
    return msgspec.msgpack.encode(
        [
            _Kept(partition, machine.name, machine.next_offset, machine.snapshot())
            for partition in partitions
            for machine in pipeline.machines.of([partition])
        ]
    )


def _lose(pipeline: Pipeline, partitions: Collection[int]) -> None:
    for partition in partitions:
        pipeline.machines.drop(partition)


def _take_up(pipeline: Pipeline, kept: bytes) -> None:
    for one in msgspec.msgpack.decode(kept, type=list[_Kept]):
        pipeline.restore(one.partition, one.name, one.state, next_offset=one.next_offset)
