"""What a machine sent, out of the log, is the recording that was published."""

import dataclasses

import numpy as np
import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.detection.features import FeatureSpec
from stream_detector.errors import RecordingError
from stream_detector.replay.kafka_recording import recording_of_log
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from tests.small_models import Feed, normal_recording, recording_of


def features_of(recording: Recording) -> FeatureSpec:
    return FeatureSpec(recording.sensors, recording.units, recording.low, recording.high)


def test_what_was_published_comes_back_with_its_labels_and_modes() -> None:
    sent = recording_of(normal_recording(20).values, outcomes=[7])
    sent.values[3, 1] = np.nan
    sent = dataclasses.replace(sent, modes=("a",) * 10 + (None,) * 10)
    other = Feed("pm4").rows(5)

    found = recording_of_log([*other, *records(sent, Rules())], "pm3", features_of(sent), Rules())

    assert (found.machine, found.sensors, found.modes) == ("pm3", sent.sensors, sent.modes)
    np.testing.assert_array_equal(found.times, sent.times)
    np.testing.assert_array_equal(found.values, sent.values)
    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == [7]


def test_an_event_without_values_is_a_row_of_missing_ones() -> None:
    feed = Feed()
    feed.rows(2)
    feed.tell(event="break")
    feed.message(b"{]")
    feed.message(b'{"machine": "pm3", "time": "2026-11-22T03:00:00"}')

    found = recording_of_log(feed.records, "pm3", features_of(normal_recording(2)), Rules())

    assert np.isnan(found.values).all(axis=1).tolist() == [False, False, True]
    assert found.notes == ("1 message left out that the worker refuses",)


def test_a_reading_with_a_literal_nan_is_one_of_its_machine() -> None:
    feed, sent = Feed(), normal_recording(2)
    (first,) = feed.rows(1)
    feed.message((first.value or b"").replace(b'"steam": ', b'"steam": NaN, "valve": ', 1))

    found = recording_of_log(feed.records, "pm3", features_of(sent), Rules())

    assert np.isnan(found.values[:, sent.sensors.index("steam")]).tolist() == [False, True]


def test_a_machine_that_sent_nothing_is_named() -> None:
    with pytest.raises(RecordingError, match="holds no reading of 'pm9' in that span"):
        recording_of_log(Feed().rows(3), "pm9", features_of(normal_recording(2)), Rules())
