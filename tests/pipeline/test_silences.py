"""Only of a partition that was read to its end can anybody say who is silent on it."""

from datetime import timedelta

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.contract.schemas import parse
from tests.small_models import Feed


def test_a_machine_is_silent_on_partitions_read_to_their_end_only(small_bundle: Bundle) -> None:
    feeds = [Feed(f"pm{partition}", partition=partition) for partition in range(3)]
    pipeline = Pipeline(small_bundle, Rules())
    for feed in feeds:
        pipeline.take_in(feed.rows(5), ThresholdTable(Fixed(3.0)))
    later = feeds[0].time + timedelta(hours=5)

    # Of partition 0 a part may be unread, partition 2 may be somebody else's by now.
    told = pipeline.silences(later, {1})

    assert [parse(output.value or b"")["machine"] for output in told] == ["pm1"]
    assert pipeline.silences(later, {1}) == [], "each silence is told once"
    assert len(pipeline.silences(later, {0, 1, 2})) == 2
