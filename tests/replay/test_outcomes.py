"""Which rows tell of an outcome, and which begin one: the same for the trainer and for a replay."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.replay.outcomes import outcome_rows, outcome_starts
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from tests.pipeline.station import Station, restore, states
from tests.small_models import normal_recording, recording_of

NAN = float("nan")

rows = st.tuples(
    st.sampled_from([2, 2, 2, 2, 2, 0, 0, -2, -4, 60]),
    st.sampled_from([False, False, True]),
    st.sampled_from(["good", "good", "good", "bad", "none"]),
)
"""Minutes after the row before, whether it is labelled, and what it holds."""


def history(drawn: list[tuple[int, bool, str]]) -> Recording:
    values = normal_recording(len(drawn)).values.copy() if drawn else np.empty((0, 5))
    for row, (_, _, what) in enumerate(drawn):
        if what == "bad":
            values[row, :3] = NAN
        elif what == "none":
            values[row] = NAN
    minutes = np.cumsum([step for step, _, _ in drawn], dtype=np.int64)
    times = np.datetime64("2026-11-22T03:00", "us") + minutes * np.timedelta64(60_000_000, "us")
    labelled = [row for row, (_, is_labelled, _) in enumerate(drawn) if is_labelled]
    return recording_of(values, times=times, outcomes=labelled)


def starts(recording: Recording) -> list[datetime]:
    return [recording.time(row) for row in np.flatnonzero(outcome_starts(recording)).tolist()]


@settings(max_examples=150)
@given(drawn=st.lists(rows, max_size=40), data=st.data())
def test_a_replay_tells_as_many_outcomes_as_the_trainer_counts(
    small_bundle: Bundle, drawn: list[tuple[int, bool, str]], data: st.DataObject
) -> None:
    recording = history(drawn)
    log = list(records(recording, Rules()))
    # Live, a worker may end anywhere, and the next one goes on with the state that was kept.
    at = data.draw(st.integers(0, len(log)))
    first, second = Station(small_bundle), Station(small_bundle)

    told = first.take(log[:at]).outcomes
    restore(second.pipeline, states(first.pipeline))
    told += second.take(log[at:]).outcomes

    assert [datetime.fromisoformat(one["event_time"]) for one in told] == starts(recording)
    # And by the words of the rule: nothing but rows of that outcome since the last one.
    newest, goes_on, by_hand = None, False, []
    for row, (_, labelled, _) in enumerate(drawn):
        time = recording.time(row)
        if newest is not None and (time < newest or (time == newest and not labelled)):
            continue
        if labelled and not goes_on:
            by_hand.append(time)
        newest, goes_on = time, labelled
    assert starts(recording) == by_hand


def test_single_rows_are_an_outcome_each() -> None:
    recording = recording_of(np.zeros((9, 5)), outcomes=[0, 2, 8])

    assert outcome_starts(recording).tolist() == outcome_rows(recording).tolist()


def test_every_row_twice_is_every_outcome_once() -> None:
    once = recording_of(normal_recording(20).values, outcomes=[5, 6, 12])
    twice = recording_of(
        np.repeat(once.values, 2, axis=0),
        times=np.repeat(once.times, 2),
        outcomes=[10, 11, 12, 13, 24, 25],
    )

    assert starts(twice) == starts(once) == [once.time(5), once.time(12)]


@pytest.mark.parametrize("kind", ["rows", None])
def test_what_is_no_event_begins_nothing(kind: str | None) -> None:
    recording = recording_of(np.zeros((9, 5)), outcomes=[2, 3])
    other = (
        dataclasses.replace(recording, labels=None)
        if kind is None
        else dataclasses.replace(recording, label_kind="rows")
    )

    assert not outcome_rows(other).any()
    assert not outcome_starts(other).any()


def test_the_zone_is_that_of_messages() -> None:
    assert starts(recording_of(np.zeros((2, 5)), outcomes=[1])) == [
        datetime(2026, 11, 22, 3, 2, tzinfo=UTC)
    ]
