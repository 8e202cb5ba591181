"""Machines that something happens to, and what has to be told of it.

What has to come out is what the pipeline makes of the readings in one go, however many workers
took part, and whatever became of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Message

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import read_bundle
from stream_detector.detection.threshold import Budget, Threshold
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.end_to_end.subscriber import by_key, without_repeats
from tests.small_models import BROKEN_STEAM, Feed

MACHINES = ("pm1", "pm2", "pm3", "pm4", "pm5", "pm6")
"""More than partitions, so that some share one."""

LONG_AGO = datetime(2024, 5, 1, tzinfo=UTC)


def feed_of(machine: str, *, seed: int = 1) -> Feed:
    """A machine whose clock is behind, so that none of its readings is of the future."""
    return Feed(machine, seed=seed, start=LONG_AGO)


def eventful(*, n_faults: int) -> list[Record]:
    """What the machines send while faults come and go, and the sheet breaks now and then."""
    feeds = [feed_of(machine, seed=seed) for seed, machine in enumerate(MACHINES)]
    for feed in feeds:
        for number in range(n_faults):
            feed.rows(20)
            feed.rows(4, steam=BROKEN_STEAM)
            if number % 3 == 0:
                feed.tell(event="break")
                feed.pause(timedelta(minutes=40))
            feed.rows(16)
    instants = zip(*(feed.records for feed in feeds), strict=True)
    return [record for instant in instants for record in instant]


def expected(
    bundle: Path, records: Iterable[Record], topic: str, **of_machines: Threshold
) -> dict[bytes, list[bytes]]:
    """The values that have to come out under each key of a topic, ``alerts`` or ``scores``.

    By the bundle's threshold, but for the machines that have one of their own.
    """
    model = read_bundle(bundle)
    thresholds = ThresholdTable(Budget(model.manifest.default_budget_per_day), of_machines)
    values = defaultdict(list)
    for output in Pipeline(model, Rules()).process(records, thresholds):
        if output.topic == topic:
            values[output.key or b""].append(output.value or b"")
    return dict(values)


def understood(messages: Sequence[Message]) -> dict[bytes, list[bytes]]:
    """The values that came out under each key, for a subscriber that drops repeats."""
    return by_key(without_repeats(messages))
