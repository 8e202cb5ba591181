"""What is made of readings is freed without the garbage collector, which the worker lets sleep."""

import gc
from collections.abc import Iterator

import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.small_models import BROKEN_STEAM, Feed

THRESHOLDS = ThresholdTable(Budget(6.0))


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_batch_leaves_no_objects_that_only_hold_each_other(small_bundle: Bundle) -> None:
    pipeline, feed = Pipeline(small_bundle, Rules()), Feed()
    feed.rows(5)
    feed.rows(4, steam=BROKEN_STEAM)
    feed.values(speed=900.0)
    feed.message(b"Guten Morgen")
    feed.tell(event="break")
    gc.collect()

    told = {one.topic for one in pipeline.process(feed.records, THRESHOLDS)}

    assert told == {"alerts", "scores", "dead-letters"}
    assert gc.collect() == 0
