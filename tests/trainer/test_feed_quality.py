import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from stream_detector.replay.recording import Recording
from tests.small_models import CADENCE, normal_recording
from trainer.feed_quality import FeedQuality, feed_quality
from trainer.history import measure_timing


def quality_of(recording: Recording) -> FeedQuality:
    return feed_quality(recording, measure_timing(recording), states={"good": 3})


def test_missing_and_impossible_values_are_told_apart() -> None:
    recording = normal_recording(100)
    values = recording.values.copy()
    values[:10, 0] = np.nan
    values[:5, 4] = -1.0

    found = quality_of(dataclasses.replace(recording, values=values))

    assert found.missing.tolist() == [0.1, 0, 0, 0, 0]
    assert found.impossible.tolist() == [0, 0, 0, 0, 0.05]
    assert found.states == {"good": 3}


def test_gaps_and_late_rows_are_counted() -> None:
    recording = normal_recording(100)
    times = recording.times.copy()
    times[50:] += np.timedelta64(timedelta(hours=3))
    times[60] = times[59]

    found = quality_of(dataclasses.replace(recording, times=times))

    assert found.cadence == CADENCE
    assert found.n_late == 1
    # The row that repeats a time leaves a step of four minutes.
    assert found.n_gaps == 2
    assert found.longest_gap == timedelta(hours=3, minutes=2)
    assert found.standing == timedelta(hours=3, minutes=6)


def test_rests_and_lines_between_readings_are_measured() -> None:
    recording = normal_recording(101)
    values = recording.values.copy()
    values[20:30, 1] = 4.0
    values[:, 3] = np.linspace(80, 90, 101)

    found = quality_of(dataclasses.replace(recording, values=values))

    assert found.longest_rest[1] == 9
    # All but both ends of the line.
    assert found.drawn[3] == pytest.approx(99 / 101)
    assert found.n_drawn == 1
