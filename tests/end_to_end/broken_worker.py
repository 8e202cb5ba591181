"""A worker with a fault that the proof of exact recovery has to find.

``python -m tests.end_to_end.broken_worker FAULT worker`` is ``stream-detector worker``, but for

``snapshots-first``
    it keeps states before what came of them was delivered, and dies between the two now and then
``no-catch-up``
    it takes up states as they were kept, without the readings since then
``hangs``
    it waits for ever for something in the middle of a batch
``blocks``
    the same, and its event loop stands still
``dies-of-poison``
    it dies of any reading in the mode ``poison``
"""

# ruff: noqa: SLF001 - it breaks what is nobody else's to touch

import asyncio
import os
import random
import sys
import threading
from collections.abc import Iterable
from typing import Any

from stream_detector.cli import main
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Decoded, Pipeline
from stream_detector.worker.agent import BatchWork
from stream_detector.worker.reader import Batch


def keep_snapshots_first() -> None:
    send: Any = BatchWork._send

    async def keep_and_send(work: Any, outputs: list[Output]) -> None:
        for partition, offset in work._recovery.positions.items():
            kept = work._keeper._write_round(partition.partition, offset)
            await work._producer.keep(list(kept))
        if outputs and random.random() < 0.02:
            os._exit(9)
        await send(work, outputs)

    BatchWork._send = keep_and_send  # type: ignore[method-assign,assignment]


def do_not_catch_up() -> None:
    Pipeline.follow = lambda *_: None  # type: ignore[method-assign]


def hang() -> None:
    async def wait_for_ever(_: Any, batch: Batch) -> None:
        if batch.records:
            await asyncio.Event().wait()

    BatchWork._work_off = wait_for_ever  # type: ignore[method-assign,assignment]


def block() -> None:
    async def stand_still(_: Any, batch: Batch) -> None:
        if batch.records:
            threading.Event().wait()

    BatchWork._work_off = stand_still  # type: ignore[method-assign,assignment]


def die_of_poison() -> None:
    judge: Any = Pipeline.judge

    def judge_or_die(pipeline: Any, batch: Iterable[Any]) -> list[Any]:
        decoded = list(batch)
        if any(isinstance(one, Decoded) and one.reading.mode == "poison" for one in decoded):
            os._exit(9)
        verdicts: list[Any] = judge(pipeline, decoded)
        return verdicts

    Pipeline.judge = judge_or_die  # type: ignore[method-assign,assignment]


FAULTS = {
    "snapshots-first": keep_snapshots_first,
    "no-catch-up": do_not_catch_up,
    "hangs": hang,
    "blocks": block,
    "dies-of-poison": die_of_poison,
}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    main()
